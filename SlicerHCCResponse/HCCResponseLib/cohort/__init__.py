"""Batches over many subjects, evaluation statistics."""
