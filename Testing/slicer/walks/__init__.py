"""Walks through the panel in a real application: each is a list of steps, and a step is a function of the walk."""
