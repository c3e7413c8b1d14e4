"""The reader's panel in 3D Slicer, the only place that imports slicer, qt and ctk."""
