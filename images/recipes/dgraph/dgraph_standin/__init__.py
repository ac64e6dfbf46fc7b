"""Stands in for dgraph: two roles with their ports, files and health."""
