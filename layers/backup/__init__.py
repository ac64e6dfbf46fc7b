"""Backups: what copies stores, and what sends the copies to a bucket."""
