"""What services start after, and what a trial cannot give them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ops.model.inventory import Inventory
from ops.model.service import Service
from ops.model.services import services_of

SOCKET = ".sock"
"""How the path of a socket of the node ends."""

INTERNET = "a way out to the internet"

FROM_PEOPLE = {"migration": "a dump in the database"}
"""By short name: what a service waits for that neither another service nor the stack gives it."""


class Needs:
    """The order in which the services of a stack start, as ``depends_on`` has it: servers, keepers, migrations.

    Args:
        wanted: the stack, synthesized.
    """

    def __init__(self, wanted: Inventory) -> None:
        self.services: Mapping[str, Service] = {each.name: each for each in services_of(wanted)}
        names = {service.address: name for name, service in self.services.items()}
        self._after = {
            name: tuple(
                names[address]
                for address in wanted.resources[service.address].values.get("depends_on") or ()
                if address in names
            )
            for name, service in self.services.items()
        }
        ways_out = {
            network.owner.rpartition("/")[0]
            for network in wanted.of_type("docker_network")
            if not network.values.get("internal")
        }
        self._online = {name for name, service in self.services.items() if service.path in ways_out}

    def before(self, name: str) -> tuple[str, ...]:
        """Services that must be healthy before one starts."""
        return self._after[name]

    def all_before(self, name: str) -> set[str]:
        """The same with what those need in their turn."""
        found: set[str] = set()
        left = list(self._after[name])
        while left:
            each = left.pop()
            if each not in found:
                found.add(each)
                left += self._after[each]
        return found

    def world_of(self, names: Iterable[str]) -> list[str]:
        """Services and all that they need, each after what it needs."""
        ordered: dict[str, None] = {}

        def add(name: str) -> None:
            if name not in ordered:
                for each in self._after[name]:
                    add(each)
                ordered[name] = None

        for name in names:
            add(name)
        return list(ordered)

    def missing(self, name: str) -> tuple[str, ...]:
        """What a service is declared to use that no trial has. A way out is one: a real sign-in must not be tried with made-up secrets."""
        given = FROM_PEOPLE.get(self.services[name].short_name)
        return (*([INTERNET] if name in self._online else []), *([given] if given else []))

    def socket_of(self, name: str) -> str:
        """The socket of the node that it mounts; empty without one. A new image does not get it in a trial."""
        sources = (mount.source for mount in self.services[name].mounts if mount.type == "bind")
        return next((source for source in sources if source.endswith(SOCKET)), "")
