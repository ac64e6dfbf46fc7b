"""The Docker swarm, through the engine's API."""
