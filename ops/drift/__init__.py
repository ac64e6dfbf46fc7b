"""What differs from what the last deploy left: changes that no deploy made."""
