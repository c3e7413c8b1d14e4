"""The reader's panel; the only place that imports slicer, qt and ctk."""
