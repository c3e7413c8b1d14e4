"""Weights that come onto this machine on request: downloaded, unpacked, checked, and whole or not there at all."""
