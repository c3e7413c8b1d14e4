"""The state of a read: its rows, its stage, its category."""
