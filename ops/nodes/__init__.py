"""The nodes of an environment, reached over ssh."""
