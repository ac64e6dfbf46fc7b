"""A database of the platform: restoring a dump into it."""
