"""Which part of a follow-up is which lesion."""
