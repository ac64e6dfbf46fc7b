"""Stand-in for Loki 3.7: configuration checks, pushes, queries for lines, labels, retention."""
