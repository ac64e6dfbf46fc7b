"""Takes a store to another version of its program, and back."""
