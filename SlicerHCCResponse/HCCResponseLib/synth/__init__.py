"""The phantom and the synthetic longitudinal subject."""
