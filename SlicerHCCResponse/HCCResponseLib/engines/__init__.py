"""Segmentation engines, each in its own process."""
