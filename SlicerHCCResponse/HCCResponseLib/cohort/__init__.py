"""Many subjects: what committees read, and the figures that compare readers."""
