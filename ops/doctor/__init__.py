"""Explains what does not work: causes, evidence, the next command."""
