"""The swarm of one node that a deploy to this machine creates and a purge removes."""

from __future__ import annotations

import json
from pathlib import Path

from ops.paths import STATE
from ops.swarm.engine import Swarm

ADDRESS = "127.0.0.1"
NOTE = STATE / "swarm.json"


def ensure(swarm: Swarm, note: Path = NOTE) -> bool:
    """Creates a swarm unless this node is in one; returns whether it did, and records that."""
    if swarm.membership().get("LocalNodeState") == "active":
        return False
    cluster = swarm.start(ADDRESS)
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps({"started": cluster}) + "\n")
    return True


def is_ours(swarm: Swarm, note: Path = NOTE) -> bool:
    """Whether :func:`ensure` created the swarm that this engine is in."""
    if not note.is_file():
        return False
    started = json.loads(note.read_text()).get("started")
    return bool(started) and (swarm.membership().get("Cluster") or {}).get("ID") == started


def end_if_ours(swarm: Swarm, note: Path = NOTE) -> bool:
    """Leaves the swarm if :func:`ensure` created it; returns whether it did."""
    if not note.is_file():
        return False
    ours = is_ours(swarm, note)
    if ours:
        swarm.leave()
    note.unlink()
    return ours
