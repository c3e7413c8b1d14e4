"""What a reader decides, one by one or from a file."""
