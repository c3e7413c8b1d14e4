"""A radiologist's own read on the command line: going through its rows, and signing it."""
