"""The rules: profiles, responses, endpoints, agreement. Pure Python; no numpy, no files."""
