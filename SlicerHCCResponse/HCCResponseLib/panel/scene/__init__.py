"""The scene as a view of the read."""
