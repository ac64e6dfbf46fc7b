"""Stand-in for Grafana Alloy.

Tails container logs through a Docker API, redacts them, pushes them to Loki.
"""
