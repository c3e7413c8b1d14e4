"""``hcc-response evaluate``."""
