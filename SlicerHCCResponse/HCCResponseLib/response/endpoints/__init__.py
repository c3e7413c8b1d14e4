"""Over all time points: best response, confirmation, times to events."""
