"""The benchmark of adaptation on drawn pairs."""
