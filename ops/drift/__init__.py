"""What differs from what the last deploy left: changes that somebody made beside it."""
