"""Archives: what they hold, fetching it, storing in them."""
