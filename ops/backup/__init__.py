"""Backups of a running environment: made, listed, restored, tried."""
