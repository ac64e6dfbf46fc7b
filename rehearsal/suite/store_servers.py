"""The servers of stores on a node, as its kernel has them: not what the engine or the swarm believes to run."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ops.swarm.containers import SERVICE
from rehearsal.suite.outcome import CheckFailed
from rehearsal.suite.world import World

LOCKED = "another server has it"
"""What the shell in front of a server says while it waits for the lock (take-lock.sh)."""


@dataclass(frozen=True, kw_only=True)
class StoreServer:
    """How the server of a store is told from everything else that runs on its node. Service and store have the same name.

    Attributes:
        found_by: words for pgrep. A tool of the same program, such as a health check of RabbitMQ, must not match.
        opens: the end of the path of a file that it has open only once it has the lock; empty where a shell waits in its place,
            so that the program runs only then.
        refused: what the log of a second one says while the first has the lock.
    """

    found_by: tuple[str, ...]
    opens: str = ""
    refused: str = LOCKED


STORE_SERVERS: Mapping[str, StoreServer] = {
    "redis": StoreServer(found_by=("-x", "redis-server")),
    "rabbitmq": StoreServer(found_by=("-f", r"^[^ ]*beam[.]smp .*-s rabbit boot")),
    "postgres": StoreServer(found_by=("-x", "postgres")),
    "minio": StoreServer(found_by=("-x", "minio")),
    # Tried with 2.9.1: while it waits for influxd.bolt it has nothing else open.
    "influxdb": StoreServer(
        found_by=("-x", "influxd"), opens="/influxd.sqlite", refused="unable to open boltdb: timeout"
    ),
}
"""By store."""

_LOOK = r"""
look() {
  store="$1" opens="$2"
  shift 2
  device="$(mountpoint -d "/mnt/$store")" || return 0
  for pid in $(pgrep "$@"); do
    grep -q " $device /data " "/proc/$pid/mountinfo" || continue
    [ -z "$opens" ] || ls -l "/proc/$pid/fd" | grep -q -- "$opens\$" || continue
    echo "$store $(readlink "/proc/$pid/ns/mnt")"
  done
}
"""
"""One line for each process: a store, and the container's mount namespace. It has the store's directory mounted, not one of the same program."""

_FREEZE = r"""
find /proc/[0-9]*/ns/mnt -maxdepth 0 -printf '%h %l\n' 2>/dev/null | while read -r folder space; do
  case " $SPACES " in *" $space "*) pid="${folder#/proc/}"; kill -STOP "${pid%/ns}" || : ;; esac
done
"""
"""All processes of the containers: where a shell is the first one, it would end and take the server with it."""


def found_on(world: World, node: str, stores: Iterable[str]) -> dict[str, set[str]] | None:
    """The containers in which a server of each store runs, by its mount namespace; None if the node did not answer."""
    wanted = tuple(stores)
    try:
        done = world.box.exec(node, "sh", "-c", _looks(wanted), timeout=20)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode:
        return None
    found: dict[str, set[str]] = {store: set() for store in wanted}
    for words in map(str.split, done.stdout.splitlines()):
        if len(words) == 2:  # a process that has just ended has no namespace any more
            found[words[0]].add(words[1])
    return found


def freeze(world: World, node: str, stores: Iterable[str]) -> None:
    """Stops the processes of each store's container, so that it cannot end until it is killed.

    Raises:
        CheckFailed: a store has no server on that node.
    """
    found = found_on(world, node, stores) or {}
    missing = [store for store in stores if not found.get(store)]
    if missing:
        raise CheckFailed(f"no {', '.join(missing)} runs on {node} while it is cut off")
    spaces = " ".join(sorted(space for each in found.values() for space in each))
    done = world.box.exec(node, "env", f"SPACES={spaces}", "sh", "-c", _FREEZE)
    if done.returncode:
        raise CheckFailed(f"the servers on {node} cannot be frozen: {done.stderr.strip()}")


def refused_on(world: World, node: str, stores: Iterable[str], *, since_s: int) -> list[str]:
    """The stores of which a second server has said that the first still has the lock.

    Args:
        since_s: when, by the node's clock, in seconds since 1970; a lock that was taken at an earlier start does not count.
    """
    script = "\n".join(
        f"docker ps -aq --filter label={SERVICE}={store} | xargs -rn 1 docker logs --since {since_s} 2>&1"
        f" | grep -q {shlex.quote(STORE_SERVERS[store].refused)} && echo {store}"
        for store in stores
    )
    try:
        return world.box.exec(node, "sh", "-c", f"{script}\ntrue", timeout=30).stdout.split()
    except subprocess.TimeoutExpired:
        return []  # asked again; the lines stay in the logs


def clock_of(world: World, node: str) -> int:
    """The node's clock, in seconds since 1970."""
    return int(world.box.exec(node, "date", "+%s").stdout)


def _looks(stores: Iterable[str]) -> str:
    calls = [
        shlex.join(("look", store, STORE_SERVERS[store].opens, *STORE_SERVERS[store].found_by))
        for store in stores
    ]
    return "\n".join([_LOOK, "{", *calls, "} 2>/dev/null | sort -u"])
