"""The whole platform from nothing, in a box on this machine, checked from outside."""
