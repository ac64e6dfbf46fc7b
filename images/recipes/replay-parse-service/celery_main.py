"""The module that `celery -A main` loads."""

from replay_parser.worker import app

__all__ = ["app"]
