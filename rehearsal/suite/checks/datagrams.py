"""Whether UDP reaches a node: counted on the node, before and behind its firewall, since UDP gets no answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from rehearsal.suite.outcome import CheckFailed
from rehearsal.suite.world import World

_TABLE = "inet rehearsal_probe"
_SENT = 3
_SEND = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    for port in sys.argv[2:]:
        for _ in range({sent}):
            s.sendto(b"rehearsal", (sys.argv[1], int(port)))
""".replace("{sent}", str(_SENT))
# The cloud firewall stands at prerouting with priority mangle (-150): one counter before it, one right behind.
_STAGES = {"came": -300, "passed": -140}
_COUNTED = re.compile(r"dport (?P<port>\d+) counter packets (?P<packets>\d+)")

Send = Callable[..., object]


def passed(
    world: World, node: str, address: str, source: str, ports: Sequence[int], send: Send
) -> dict[int, bool]:
    """By port: whether datagrams from a source got through the firewall of a node.

    Args:
        address: of the node, that they are sent to.
        source: the sender's address.
        send: runs a command where they are sent from.

    Raises:
        CheckFailed: they did not even arrive, so that nothing is shown.
    """
    _nft(world, node, "-f", "-", stdin=_rules(source, ports))
    try:
        send("python3", "-c", _SEND, address, *map(str, ports))
        counts = {stage: _counted(world, node, stage) for stage in _STAGES}
    finally:
        _nft(world, node, "delete", "table", *_TABLE.split())
    if silent := [port for port in ports if counts["came"].get(port, 0) < 1]:
        raise CheckFailed(
            f"datagrams to {node} at {silent} did not arrive at all, so the check shows nothing"
        )
    return {port: counts["passed"].get(port, 0) > 0 for port in ports}


def _rules(source: str, ports: Sequence[int]) -> str:
    chains = []
    for stage, priority in _STAGES.items():
        rules = "\n".join(f"    ip saddr {source} udp dport {port} counter" for port in ports)
        chains.append(
            f"  chain {stage} {{\n    type filter hook prerouting priority {priority};\n{rules}\n  }}"
        )
    return f"table {_TABLE}\ndelete table {_TABLE}\ntable {_TABLE} {{\n" + "\n".join(chains) + "\n}\n"


def _counted(world: World, node: str, stage: str) -> dict[int, int]:
    return counted(_nft(world, node, "list", "chain", *_TABLE.split(), stage))


def counted(listing: str) -> dict[int, int]:
    """Packets by port in what nft lists."""
    return {int(match["port"]): int(match["packets"]) for match in _COUNTED.finditer(listing)}


def _nft(world: World, node: str, *words: str, stdin: str = "") -> str:
    done = world.box.exec(node, "nft", *words, stdin=stdin)
    if done.returncode:
        raise CheckFailed(f"nft on {node}: {done.stderr.strip()}")
    return done.stdout
