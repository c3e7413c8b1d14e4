"""The response of one time point: sums, targets, non-targets, overall."""
