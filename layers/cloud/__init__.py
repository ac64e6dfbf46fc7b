"""The cloud layer: the nodes, and all that they stand on."""
