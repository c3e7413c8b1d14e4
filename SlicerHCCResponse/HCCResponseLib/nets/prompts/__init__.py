"""A network that contours the lesion that a reader shows."""
