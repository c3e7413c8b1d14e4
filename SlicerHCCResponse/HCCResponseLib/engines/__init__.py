"""Whatever looks at a scan, replaceable, each run in a process of its own."""
