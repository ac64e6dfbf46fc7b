"""A store's node is cut off from the managers and comes back: never two servers on one directory, and the data is whole.

The managers make a new task for a store whose node is down. It can run on that node alone, so both tasks meet there when the
node is back. The old server is frozen before that, so that they do: it cannot end until its stop grace is over.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from layers.cloud.nodes import ClusterNode
from ops.swarm.containers import SERVICE
from ops.swarm.nodes import SwarmNodes
from rehearsal.suite.check import Check
from rehearsal.suite.health import wait_until_down, wait_until_healthy
from rehearsal.suite.names import unresolved
from rehearsal.suite.outcome import CheckFailed
from rehearsal.suite.world import World

STORE = "postgres"
"""Service, store and server program have the same name; the program is real wherever images are built from packages."""

CUT_S = 60.0
NOTICED_S = 120.0
MEETING_S = 180.0
"""A manager that was cut off is the node of a worker again only after an election: 67 s when tried."""
SAMPLE_S = 0.5

SERVERS = f"pgrep -x {STORE} | while read -r pid; do readlink /proc/$pid/ns/mnt; done | sort -u"
"""One line for each container of the node in which that program runs."""

WAITING = f"docker ps -q --filter label={SERVICE}={STORE} | xargs -rn 1 docker logs 2>&1 | grep 'another server has it'"
FREEZE = f"pkill -STOP -x {STORE}"


@dataclass
class Watch:
    """Looks again and again at the servers on a node, until it is closed."""

    world: World
    node: str
    seen: list[int] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[Watch]:
        """Looks in the background.

        Raises:
            CheckFailed: it saw two servers at once, or could not look.
        """
        ended = threading.Event()

        def look() -> None:
            while not ended.wait(SAMPLE_S):
                self.sample()

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            ended.set()
            thread.join(timeout=30)
        self.judge()

    def sample(self) -> None:
        """Counts the containers in which the server runs."""
        done = self.world.box.exec(self.node, "sh", "-c", SERVERS, timeout=20)
        if done.returncode == 0:
            self.seen.append(len(done.stdout.split()))

    def judge(self) -> None:
        """Checks what was seen.

        Raises:
            CheckFailed: two servers at once, or nothing that says anything.
        """
        if not any(self.seen):
            raise CheckFailed(f"no {STORE} was seen on {self.node} in {len(self.seen)} looks")
        if max(self.seen) > 1:
            at = self.seen.index(max(self.seen)) + 1
            raise CheckFailed(
                f"{max(self.seen)} servers had {STORE}'s directory open on {self.node} (look {at})"
            )


def partition(world: World) -> str:
    """Cuts the node of a store off, freezes the server, and lets the node back."""
    node = holder_of(world, STORE)
    watch = Watch(world, node.name)
    with watch.running():
        started = time.monotonic()
        with cut_off(world, node):
            with world.swarm() as swarm:
                wait_until_down(world, SwarmNodes(swarm), node, within_s=NOTICED_S)
            noticed_s = time.monotonic() - started
            time.sleep(max(0.0, CUT_S - noticed_s))
            if world.box.exec(node.name, "sh", "-c", FREEZE).returncode:
                raise CheckFailed(f"no {STORE} runs on {node.name} while it is cut off")
            cut_s = time.monotonic() - started
        back = time.monotonic()
        world.until(MEETING_S, lambda: _waits(world, node.name), f"a second {STORE} waits on {node.name}")
        met_s = time.monotonic() - back
        wait_until_healthy(world)
        whole_s = time.monotonic() - back
    return (
        f"{node.name}: cut off for {cut_s:.0f} s, noticed after {noticed_s:.0f} s; {met_s:.0f} s after its return a second "
        f"{STORE} waited for the frozen one; converged after {whole_s:.0f} s, data whole; "
        f"never more than one server in {len(watch.seen)} looks{_names_mended(world, node)}"
    )


def _names_mended(world: World, node: ClusterNode) -> str:
    """Restarts the engine of a node that does not know where services moved while it was away; says what it did not know.

    That is the engine's (20.10): its overlay networks missed what changed, and do not ask for it again.
    """
    lost = unresolved(world)
    if not lost:
        return ""
    world.say(f"names that do not resolve: {', '.join(lost)}; restarting the engine of {node.name}")
    world.box.restart_engine(node.name)
    wait_until_healthy(world, names=True)
    return f"; {', '.join(lost)} did not resolve until its engine was restarted"


def holder_of(world: World, store: str) -> ClusterNode:
    """The node that has a store's volume."""
    label = world.services.settings.stores.label_of(store)
    return next(node for node in world.nodes if node.labels.get("storage") == label)


@contextmanager
def cut_off(world: World, node: ClusterNode) -> Iterator[None]:
    """Drops all traffic between a node and the others, in both directions, for as long as the block runs."""
    cloud = world.services.settings.cloud
    assert cloud is not None  # a rehearsal has one
    rules = f"""
        table inet partition {{
            chain inbound {{ type filter hook prerouting priority raw; iifname != "lo" ip saddr {cloud.vpc_range} drop; }}
            chain outbound {{ type filter hook postrouting priority raw; oifname != "lo" ip daddr {cloud.vpc_range} drop; }}
        }}"""
    world.say(f"cutting {node.name} off")
    done = world.box.exec(node.name, "nft", "-f", "-", stdin=rules)
    if done.returncode:
        raise CheckFailed(f"{node.name} cannot be cut off: {done.stderr.strip()}")
    try:
        yield
    finally:
        world.say(f"letting {node.name} back")
        world.box.exec(node.name, "nft", "delete", "table", "inet", "partition")


def _waits(world: World, node: str) -> bool:
    return world.box.exec(node, "sh", "-c", WAITING, timeout=20).returncode == 0


def _applies(world: World) -> str:
    if len(world.managers) < 3:
        return "this rehearsal has one manager"
    if world.services.settings.data.postgres.where != "swarm":
        return f"{STORE} is managed"
    return "" if not holder_of(world, STORE).is_first else f"the swarm is reached by the node of {STORE}"


PARTITION = Check(
    name="partition",
    what="a store's node is cut off and comes back: never two servers on its directory, data whole",
    run=partition,
    applies=_applies,
)
