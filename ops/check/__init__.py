"""The static check: what would not work once it is deployed, found in the synthesized JSON and the environment."""
