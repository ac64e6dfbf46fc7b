"""The swarm of one node that a deploy to this machine starts, and that a purge ends again."""

from __future__ import annotations

import json
from pathlib import Path

from ops.paths import STATE
from ops.swarm.engine import Swarm

ADDRESS = "127.0.0.1"
NOTE = STATE / "swarm.json"


def ensure(swarm: Swarm, note: Path = NOTE) -> bool:
    """Starts a swarm of this node unless it is in one; says whether it did, and remembers it."""
    if swarm.membership().get("LocalNodeState") == "active":
        return False
    cluster = swarm.start(ADDRESS)
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps({"started": cluster}) + "\n")
    return True


def end_if_ours(swarm: Swarm, note: Path = NOTE) -> bool:
    """Leaves the swarm if it is the one that :func:`ensure` started; says whether it did."""
    if not note.is_file():
        return False
    started = json.loads(note.read_text()).get("started")
    ours = bool(started) and (swarm.membership().get("Cluster") or {}).get("ID") == started
    if ours:
        swarm.leave()
    note.unlink()
    return ours
