"""What people decide: reads, decisions, people, signatures, and the store that keeps them."""
