"""Where everything runs and who shares a network, after a change: plain data, to be drawn."""

from __future__ import annotations

from dataclasses import dataclass

from ops.model.changes import Action


@dataclass(frozen=True, kw_only=True)
class Part:
    """A volume, a database, a bucket, an address: something with a name that has nothing inside.

    Attributes:
        action: what the plan does to it; ``None`` where it stays as it is.
    """

    kind: str
    name: str
    detail: str = ""
    action: Action | None = None


@dataclass(frozen=True, kw_only=True)
class PlacedService:
    """A service where it runs.

    Attributes:
        tasks: how many of it there are, on all nodes together.
        effect: what its users notice; empty where it stays as it is.
        volumes: what it keeps data on.
        routes: addresses that lead to it.
        servers: services that it connects to.
    """

    name: str
    layer: str
    image: str
    tasks: int
    action: Action | None = None
    effect: str = ""
    volumes: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PlacedNode:
    """A node, or what may be any of them.

    Attributes:
        detail: its size and its part in the swarm.
    """

    name: str
    detail: str = ""
    action: Action | None = None
    services: tuple[PlacedService, ...] = ()
    volumes: tuple[Part, ...] = ()

    @property
    def layers(self) -> dict[str, tuple[PlacedService, ...]]:
        """Its services by layer, in the order in which they were placed."""
        names = dict.fromkeys(service.layer for service in self.services)
        return {name: tuple(each for each in self.services if each.layer == name) for name in names}


@dataclass(frozen=True, kw_only=True)
class Member:
    """A service on a network; added where it joins, destroyed where it leaves."""

    name: str
    action: Action | None = None


@dataclass(frozen=True, kw_only=True)
class Network:
    """An overlay network and who is on it.

    Attributes:
        is_internal: whether there is no way from it to the internet.
    """

    name: str
    is_internal: bool
    action: Action | None = None
    members: tuple[Member, ...] = ()

    @property
    def is_changed(self) -> bool:
        """Whether it, or who is on it, changes."""
        return self.action is not None or any(member.action for member in self.members)


@dataclass(frozen=True, kw_only=True)
class Topology:
    """The platform after a change; what the change removes is still in it, marked.

    Attributes:
        nodes: in the order of their pools; last what may run on any of several.
        beside: what services use that is on no node.
    """

    nodes: tuple[PlacedNode, ...]
    networks: tuple[Network, ...] = ()
    beside: tuple[Part, ...] = ()
