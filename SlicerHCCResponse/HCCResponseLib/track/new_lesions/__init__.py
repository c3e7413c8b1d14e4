"""Candidates for new lesions, and why spots are not shown."""
