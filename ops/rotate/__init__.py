"""Rotates secrets: a new value, everything that reads it restarted, the old value tried."""
