"""iRECIST: confirmation, reset, best response."""
