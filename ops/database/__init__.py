"""Restores a dump into a database of the platform."""
