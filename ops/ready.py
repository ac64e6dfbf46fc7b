"""Whether the nodes are what the services need, asked of each node itself."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from ops.errors import OpsError
from ops.nodes import ClusterNode, nodes_of, ssh_to
from ops.ssh import Ssh
from ops.target import Target

COMMAND = ("/usr/local/sbin/sprocket-ready", "--json")
INTERVAL_S = 2.0
SIDE_BY_SIDE = 8

Tell = Callable[[Sequence["Standing"], float], None]
"""Hears how all nodes stand, and the seconds since the start."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One node, as it says of itself.

    Attributes:
        missing: what it waits for, a sentence each.
        reached: whether it answered.
    """

    node: str
    ready: bool
    missing: tuple[str, ...] = ()
    reached: bool = True

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.node}: {'ready' if self.ready else '; '.join(self.missing)}"


def ask(node: ClusterNode, ssh: Ssh) -> Standing:
    """How one node stands now."""
    done = ssh.run(*COMMAND, timeout=20)
    try:
        told = json.loads(done.output.strip().splitlines()[-1])
        missing = tuple(str(line) for line in told.get("missing") or [])
        return Standing(node=node.name, ready=bool(told["ready"]) and done.code == 0, missing=missing)
    except (ValueError, KeyError, IndexError, AttributeError, TypeError):
        pass
    if not done.reached:
        return Standing(node=node.name, ready=False, missing=(f"not reached: {done.reason}",), reached=False)
    return Standing(node=node.name, ready=False, missing=(f"cannot say yet: {done.reason}",))


def standings(target: Target, nodes: Iterable[ClusterNode] | None = None) -> list[Standing]:
    """How the nodes stand now, asked side by side."""
    asked = list(nodes if nodes is not None else nodes_of(target.settings))
    with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE) as pool:
        return list(pool.map(lambda node: ask(node, ssh_to(target, node)), asked))


def wait_until_ready(
    look: Callable[[], list[Standing]],
    *,
    wait_s: float,
    tell: Tell = lambda standings, seconds: None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Standing]:
    """Asks until all are ready or the time is over; returns the last answers, ready or not."""
    started = clock()
    while True:
        found = look()
        tell(found, clock() - started)
        if all(each.ready for each in found) or clock() - started >= wait_s:
            return found
        sleep(INTERVAL_S)


def required(
    target: Target, *, wait_s: float, tell: Tell, nodes: Iterable[ClusterNode] | None = None
) -> list[Standing]:
    """The same, for a command that cannot go on without.

    Raises:
        OpsError: names what each node still waits for.
    """
    chosen = list(nodes if nodes is not None else nodes_of(target.settings))
    found = wait_until_ready(lambda: standings(target, chosen), wait_s=wait_s, tell=tell)
    late = [each for each in found if not each.ready]
    if late:
        raise OpsError(
            "\n  ".join(
                [f"{len(late)} of {len(found)} nodes are not ready after {wait_s:g} s", *map(str, late)]
            ),
            fix=_fix(target, late),
        )
    return found


def _fix(target: Target, late: Sequence[Standing]) -> str:
    if any(not each.reached for each in late):
        return (
            f"check that this machine may connect (cloud/access in environments/{target.name}.yaml) and the host key: "
            f"python -m ops known-hosts --env {target.name}; docs/runbooks/access.md"
        )
    return f"look on: python -m ops ready --env {target.name} --wait 600"
