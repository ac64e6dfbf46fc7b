"""Ids: whole numbers for droplets, SSH keys, records and actions; UUIDs for the rest."""

from __future__ import annotations

import secrets
import uuid

from .store import Store

# Where each kind's numbers start: as long as the real ones, so that what holds them in 31 bits or a float shows.
STARTS = {"action": 2_300_000_000, "droplet": 450_000_000, "ssh_key": 46_000_000, "record": 1_780_000_000}


def number(store: Store, kind: str) -> int:
    """The next number of a kind. Never used twice, also not after a delete."""
    return store.count(kind, STARTS[kind])


def unique() -> str:
    return str(uuid.uuid4())


def word(letters: int, alphabet: str = "abcdefghijklmnopqrstuvwxyz0123456789") -> str:
    """A random word, for passwords and access keys."""
    return "".join(secrets.choice(alphabet) for _ in range(letters))
