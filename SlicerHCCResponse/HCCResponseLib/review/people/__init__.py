"""Accounts and their rules."""
