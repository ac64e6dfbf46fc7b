"""Checks a running environment from outside. The synthesized stack says what to check; no list is kept by hand."""
