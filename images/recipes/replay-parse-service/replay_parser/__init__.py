"""Stands in for replay-parse-service: its settings, its queues, its task; the parsing itself is a checksum."""
