"""Adapting a network to one patient from the accepted contours (IDOL)."""
