"""Deploys the whole platform from nothing, in a box on this machine, and checks it from outside."""
