"""What somebody reaches who has taken over a worker: computed from what is placed there, not from what is meant."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from layers.services import synthesize
from layers.settings.nodes import NodePool
from ops.check.placement import described
from ops.check.platform import Platform
from ops.model.constraint import all_met, met
from ops.model.service import Service
from ops.terminal.columns import columns
from ops.terminal.counted import counted

PLAIN = "a worker without labels"
"""What is looked at where no pool is one of workers: the next node that somebody adds."""

_S3_PORT = 443

PULLED_WITH = "registry-token"
"""The secret that nodes pull images with, where an environment signs in to a registry: it comes with every task."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """A service that answers on a network which a worker can be on.

    Args:
        networks: that lead to it from there.
    """

    name: str
    ports: tuple[int, ...]
    networks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Outside:
    """A store that is no service of the swarm.

    Args:
        services: those that know its address and have secrets.
    """

    name: str
    address: str
    services: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Reach:
    """What the nodes of one pool of workers reach at most.

    The swarm gives a worker the secrets and networks of its own tasks alone. But which tasks it gets is not in its hands nor in
    ours: so all services count that may run there.

    Args:
        pool: its name, or :data:`PLAIN`.
        secrets: values in files of those services, each with the services that read it, and what their images are pulled with.
        administers: of those, the values that open all of a server, each with the server.
        stores: directories of data that its tasks have.
        outside: stores that are no services, such as managed Postgres.
        unknown: constraints of which nobody can say whether these nodes meet them, each with its services. Those count, too.
    """

    pool: str
    services: tuple[str, ...]
    secrets: Mapping[str, tuple[str, ...]]
    administers: Mapping[str, str]
    servers: tuple[Server, ...]
    stores: tuple[str, ...]
    outside: tuple[Outside, ...]
    unknown: Mapping[str, tuple[str, ...]]


def reach_of(environment: str) -> list[Reach]:
    """Synthesizes an environment elsewhere than in cdktf.out, and computes the reach of its workers.

    Raises:
        SettingsError: it cannot be synthesized.
    """
    with tempfile.TemporaryDirectory(prefix="sprocket-reach-") as folder:
        stack = synthesize(environment, outdir=folder)
        written = Path(folder) / "stacks" / stack.site.settings.services_stack / "cdk.tf.json"
        return list(reaches(Platform.of(stack, json.loads(written.read_text()))))


def reaches(platform: Platform) -> Iterator[Reach]:
    """One for each pool of workers; where there is none, one for a worker that somebody would add."""
    pools = platform.settings.nodes
    workers = {name: pool for name, pool in pools.items() if pool.role == "worker"}
    added = next(iter(pools.values())).model_copy(update={"role": "worker", "labels": {}})
    for name, pool in (workers or {PLAIN: added}).items():
        yield _reach(platform, name, pool)


def _reach(platform: Platform, name: str, pool: NodePool) -> Reach:
    node = described(pool)
    there = [each for each in platform.services if all_met(each.constraints, node) is not False]
    readers = _readers(there)
    if platform.settings.platform.login:
        readers[PULLED_WITH] = tuple(sorted(service.name for service in there))
    opened = {s.name: s.administers for s in platform.declared.secrets if s.administers}
    return Reach(
        pool=name,
        services=tuple(sorted(service.name for service in there)),
        secrets=readers,
        administers={value: opened[value] for value in readers if value in opened},
        servers=tuple(_servers(platform, there)),
        stores=tuple(sorted({m.source for s in there for m in s.mounts if m.source.startswith("/mnt/")})),
        outside=tuple(_outside(platform, there)),
        unknown=_grouped((each, s.name) for s in there for each in s.constraints if met(each, node) is None),
    )


def _readers(services: Iterable[Service]) -> dict[str, tuple[str, ...]]:
    return _grouped((value, s.name) for s in services for file in s.files for value in file.secrets)


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for key, service in pairs:
        found.setdefault(key, set()).add(service)
    return {key: tuple(sorted(services)) for key, services in sorted(found.items())}


def _outside(platform: Platform, there: Sequence[Service]) -> Iterator[Outside]:
    data, backups = platform.settings.data, platform.settings.backups
    for name, host, port, bucket in (
        ("managed Postgres", data.postgres.host, data.postgres.port, ""),
        ("Spaces", data.object_storage.endpoint, _S3_PORT, ""),
        ("bucket of the backups", backups.endpoint, _S3_PORT, backups.bucket or ""),
    ):
        knows = tuple(sorted(each.name for each in there if host and _has_login(each, host, bucket)))
        if knows:
            yield Outside(name=name, address=f"{host}:{port}", services=knows)


def _has_login(service: Service, host: str, bucket: str) -> bool:
    """Whether a service knows the address and the bucket, and has secrets; which of them open it is not looked at."""
    text = "\n".join((*service.words, *service.environment.values(), *(file.text for file in service.files)))
    return host in text and bucket in text and any(file.secrets for file in service.files)


def _servers(platform: Platform, there: Sequence[Service]) -> Iterator[Server]:
    networks = {network for service in there for network in service.networks}
    for service in sorted(platform.services, key=lambda each: each.name):
        led = tuple(sorted(networks & set(service.networks)))
        if led and service.listens:
            ports = tuple(sorted(set(service.listens.values())))
            yield Server(name=service.name, ports=ports, networks=led)


def as_data(found: Sequence[Reach]) -> list[dict[str, Any]]:
    """For programs."""
    return [asdict(each) for each in found]


def render(environment: str, found: Sequence[Reach]) -> str:
    """For people: what is reached, and what every worker has beside its tasks."""
    lines = [line for each in found for line in (*_lines(environment, each), "")]
    lines += [
        "every worker has beside its tasks:",
        "  the key that workers join with: it gives the token of workers, and removes the entry of a dead worker whose name it takes",
        "  the workers' host key: it can pass for another worker, not for a manager",
        "  the private network: ssh and the swarm's ports of all nodes. What overlays carry is not authenticated there (4789/udp): who",
        "    finds out the number of a network and an address on it can send packets into it, also without a task there",
    ]
    return "\n".join(lines) + "\n"


def _lines(environment: str, reach: Reach) -> Iterator[str]:
    what = reach.pool if reach.pool == PLAIN else f"a worker of pool {reach.pool}"
    yield f"{environment}: {what} may run {counted(len(reach.services), 'service')}: {', '.join(reach.services) or 'none'}"
    opened = ", ".join(f"{server} with {value}" for value, server in reach.administers.items())
    yield f"  opens all of {opened or 'no server'}"
    yield f"  reads {counted(len(reach.secrets), 'secret')}"
    rows = [(value, ", ".join(services)) for value, services in reach.secrets.items()]
    yield from columns(rows, indent="    ")
    yield f"  has the data of {', '.join(reach.stores) or 'no store'}"
    yield f"  has a login at {counted(len(reach.outside), 'store')} outside of the swarm"
    yield from columns(
        [(each.name, each.address, ", ".join(each.services)) for each in reach.outside], indent="    "
    )
    for constraint, services in reach.unknown.items():
        yield f"  may run there or not: {constraint} ({', '.join(services)})"
    networks = {network for server in reach.servers for network in server.networks}
    yield f"  talks to {counted(len(reach.servers), 'server')} over {counted(len(networks), 'network')}"
    yield from columns(
        [
            (
                server.name,
                " ".join(map(str, server.ports)),
                ", ".join(server.networks),
            )
            for server in reach.servers
        ],
        indent="    ",
    )
