"""Checks a running environment from outside; what is checked comes from its synthesized stack, no list by hand."""
