"""Signatures and the audit trail."""
