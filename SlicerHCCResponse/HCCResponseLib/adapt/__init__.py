"""Patient-specific adaptation of a network from the accepted baseline contour (IDOL)."""
