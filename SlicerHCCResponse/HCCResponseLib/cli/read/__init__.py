"""``hcc-response read``."""
