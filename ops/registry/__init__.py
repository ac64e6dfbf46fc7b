"""The image lock, and the registries that its digests come from."""
