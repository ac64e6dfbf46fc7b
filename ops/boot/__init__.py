"""Boots new images beside the platform, before anything that runs is touched."""
