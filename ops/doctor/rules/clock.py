"""Clocks that are wrong: certificates and sign-ins are refused, logs and backups have wrong times."""

from __future__ import annotations

import time
from collections.abc import Iterator

from ops.doctor.facts import Facts
from ops.doctor.finding import Finding
from ops.swarm.moment import seconds_since_1970
from ops.terminal.amounts import moment, span

MOST_S = 10.0
"""A token is refused at half a minute, and the answer itself may take some seconds."""


def wrong_clocks(facts: Facts) -> Iterator[Finding]:
    """Nodes whose clock differs from this machine's; where all do, this machine's is wrong."""
    off: dict[str, tuple[float, float]] = {}
    for engine in facts.engines:
        info = engine.info()
        node_s, here_s = seconds_since_1970(str(info.get("SystemTime") or "")), time.time()
        if node_s and abs(node_s - here_s) > MOST_S:
            off[str(info.get("Name"))] = node_s, here_s
    if len(off) == len(facts.engines) > 1:
        node_s, here_s = next(iter(off.values()))
        yield Finding(
            kind="clock",
            about="clock of this machine",
            cause=f"it differs by {span(abs(node_s - here_s))} from that of every node",
            evidence=(f"here {moment(here_s)}, there {moment(node_s)}",),
            next="timedatectl status",
        )
        return
    for name, (node_s, here_s) in off.items():
        yield Finding(
            kind="clock",
            about=f"clock of node {name}",
            cause=f"it is {span(abs(node_s - here_s))} {'ahead of' if node_s > here_s else 'behind'} this machine's",
            evidence=(f"there {moment(node_s)}, here {moment(here_s)}",),
            next=facts.on_node(name, "timedatectl", "status"),
        )
