"""Volumes, contours and their geometry: reading, writing, resampling, windows."""
