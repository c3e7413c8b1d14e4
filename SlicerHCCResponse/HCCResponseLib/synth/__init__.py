"""Drawn phantoms and patients whose truth is known."""
