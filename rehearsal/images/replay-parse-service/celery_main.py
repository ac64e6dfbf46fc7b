"""The module that `celery -A main` loads; works in the process that the health check asks, not in its children."""

from replay_parser.worker import app

__all__ = ["app"]
