"""What changes an environment: plan, preflight, deploy, teardown, replacement of a node."""
