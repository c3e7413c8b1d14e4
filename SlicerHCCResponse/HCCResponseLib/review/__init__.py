"""The read: proposals, decisions, state, store."""
