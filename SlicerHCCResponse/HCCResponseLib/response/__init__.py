"""The rules in pure Python: profiles, responses, endpoints. No numpy, no files."""
