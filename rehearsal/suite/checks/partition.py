"""The node of stores is cut off from the managers and comes back: never two servers on one directory, and the data is whole.

The managers make a new task for each store whose node is down. It can run on that node alone, so both tasks meet there when the
node is back. The old servers are frozen before that, so that they do: they cannot end until their stop grace is over.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from layers.cloud.nodes import ClusterNode
from ops.report.programs import Program, programs_of
from ops.swarm.nodes import SwarmNodes
from ops.waiting import wait_until
from rehearsal.suite import markers
from rehearsal.suite.check import Check
from rehearsal.suite.health import wait_until_down, wait_until_healthy
from rehearsal.suite.names import unresolved
from rehearsal.suite.outcome import CheckFailed
from rehearsal.suite.store_servers import STORE_SERVERS, clock_of, found_on, freeze, refused_on
from rehearsal.suite.world import World

CUT_S = 60.0
NOTICED_S = 120.0
MEETING_S = 180.0
"""A manager that was cut off is the node of a worker again only after an election: 67 s when tried. A frozen server lives for 105 s at
least: five failed health checks of 15 s, and a stop grace of 30 s (Redis, MinIO)."""
SAMPLE_S = 0.5


@dataclass
class Watch:
    """Looks again and again at the servers on a node, of all its stores at once, until it is closed."""

    world: World
    node: str
    stores: Sequence[str]
    seen: list[dict[str, set[str]]] = field(default_factory=list)

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
        """Keeps which containers a server runs in now; nothing if the node does not answer."""
        found = found_on(self.world, self.node, self.stores)
        if found is not None:
            self.seen.append(found)

    def judge(self) -> None:
        """Checks what was seen.

        Raises:
            CheckFailed: two servers of a store at once, or a store whose server was never seen.
        """
        for store in self.stores:
            counts = [len(each[store]) for each in self.seen]
            if not any(counts):
                raise CheckFailed(f"no {store} was seen on {self.node} in {len(counts)} looks")
            if max(counts) > 1:
                at = counts.index(max(counts)) + 1
                raise CheckFailed(
                    f"{max(counts)} servers had {store}'s directory open on {self.node} (look {at})"
                )


def partition(world: World) -> str:
    """Cuts the node of stores off, freezes their servers, and lets the node back."""
    node = spared(world)
    assert node is not None  # as _applies has said
    stores = real_stores(node, programs_of(world.services.wanted))
    if not stores:
        raise CheckFailed(f"a stand-in runs for every store of {node.name}, so the check would show nothing")
    watch = Watch(world, node.name, stores)
    with markers.slow(world, stores), watch.running():
        started = time.monotonic()
        with cut_off(world, node):
            with world.swarm() as swarm:
                wait_until_down(world, SwarmNodes(swarm), node, within_s=NOTICED_S)
            noticed_s = time.monotonic() - started
            time.sleep(max(0.0, CUT_S - noticed_s))
            freeze(world, node.name, stores)
            since_s = clock_of(world, node.name)
            cut_s = time.monotonic() - started
        back = time.monotonic()
        _expect_meetings(world, node, stores, since_s)
        met_s = time.monotonic() - back
        wait_until_healthy(world)
        whole_s = time.monotonic() - back
    left = [store for store in node.stores if store not in stores]
    unwatched = f"; not watched: {', '.join(left)}" if left else ""
    return (
        f"{node.name}: cut off for {cut_s:.0f} s, noticed after {noticed_s:.0f} s; {met_s:.0f} s after its return a second "
        f"server of {', '.join(stores)} had met the frozen one's lock; converged after {whole_s:.0f} s, data whole; never more than one "
        f"server of a store in {len(watch.seen)} looks{unwatched}{_names_repaired(world, node)}"
    )


def _names_repaired(world: World, node: ClusterNode) -> str:
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


def spared(world: World) -> ClusterNode | None:
    """The node with most of the stores that can be watched, but for the one through which the swarm is reached; None if there is none."""
    others = [node for node in world.nodes if not node.is_first and _watched(node)]
    return max(others, key=lambda node: len(_watched(node)), default=None)


def real_stores(node: ClusterNode, programs: Mapping[str, Program]) -> list[str]:
    """The node's stores that can be watched and whose program is the real one: a stand-in keeps nothing.

    Args:
        programs: by service.
    """
    return [store for store in _watched(node) if not programs[store].is_stand_in]


def _watched(node: ClusterNode) -> list[str]:
    return [store for store in node.stores if store in STORE_SERVERS]


def _expect_meetings(world: World, node: ClusterNode, stores: Sequence[str], since_s: int) -> None:
    """Waits until a second server of each store has said that the frozen one has the lock.

    Raises:
        CheckFailed: names the stores of which none has.
    """
    left = set(stores)

    def met() -> bool:
        for store in refused_on(world, node.name, sorted(left), since_s=since_s):
            world.say(f"a second {store} has met the frozen one's lock")
            left.discard(store)
        return not left

    if not wait_until(met, MEETING_S):
        raise CheckFailed(
            f"not within {MEETING_S:g} s: a second {', '.join(sorted(left))} meets the frozen one's lock on {node.name}"
        )


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


def _applies(world: World) -> str:
    if len(world.managers) < 3:
        return "this rehearsal has one manager"
    return "" if spared(world) else "the swarm is reached by the node of all stores that can be watched"


PARTITION = Check(
    name="partition",
    what="a node of stores is cut off and comes back: never two servers on one directory, data whole",
    run=partition,
    applies=_applies,
)
