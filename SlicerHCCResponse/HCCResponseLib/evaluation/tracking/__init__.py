"""The benchmark of identities and new lesions over time."""
