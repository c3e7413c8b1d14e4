"""Two blinded readers and an adjudicator."""
