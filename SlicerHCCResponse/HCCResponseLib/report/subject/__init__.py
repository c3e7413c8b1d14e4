"""The report of one subject."""
