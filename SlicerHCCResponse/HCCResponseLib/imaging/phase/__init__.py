"""The contrast phase of a CT: what is said of it, and what its picture shows."""
