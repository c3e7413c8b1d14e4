"""Criterion and charter parameters as data."""
