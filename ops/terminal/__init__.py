"""Output at a terminal, and Ctrl-C."""
