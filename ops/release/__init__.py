"""Releases of an environment: what each deploy made of its services, kept so that a later one can go back."""
