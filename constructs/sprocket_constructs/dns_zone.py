"""DNS zones and records."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ._cdktf import Construct, TerraformResourceLifecycle
from ._cdktf.cloud import Domain, Record
from .errors import ConstructError

_UNFIT = re.compile(r"[^A-Za-z0-9_-]")


class DnsZone(Construct):
    """A zone in DigitalOcean's DNS, and the records in it that belong to this stack.

    Args:
        name: such as ``example.com``.
        is_ours: creates the zone, which then cannot be destroyed (records of others would go too); otherwise it exists already,
            and only records are added to it.
    """

    def __init__(self, scope: Construct, id_: str, *, name: str, is_ours: bool) -> None:
        super().__init__(scope, id_)
        self.name = name
        resource = Domain(
            self, "Resource", name=name, lifecycle=TerraformResourceLifecycle(prevent_destroy=True)
        )
        resource.override_logical_id(id_)
        # There without any too: Terraform forgets prevent_destroy with the block that it stands in.
        resource.add_override("count", 1 if is_ours else 0)
        self._domain = f"${{digitalocean_domain.{id_}[0].id}}" if is_ours else name
        self._taken: set[str] = set()
        self.urn = f"${{digitalocean_domain.{id_}[0].urn}}" if is_ours else None
        """Terraform's reference to the zone, where it is ours."""

    def address(self, host: str, value: str, *, ttl: int = 300) -> None:
        """An A record.

        Args:
            host: whole name in the zone; ``*.`` in front of it means every name below that has none of its own.
            value: IPv4 address.
            ttl: seconds that others may remember it.
        """
        self._take(host)
        self._record("A", host, value, ttl)

    def addresses(self, host: str, values: Mapping[str, str], *, ttl: int = 300) -> None:
        """Several A records of one name, for whoever looks for all of them.

        Args:
            values: IPv4 addresses, by what Terraform knows each record by.
            ttl: seconds that others may remember them.
        """
        self._take(host)
        for key, value in values.items():
            self._record("A", host, value, ttl, key=key)

    def alias(self, host: str, target: str, *, ttl: int = 300) -> None:
        """A CNAME record.

        Args:
            target: whole name without a dot at its end; DigitalOcean wants one, so it is added.
            ttl: seconds that others may remember it.
        """
        if target.endswith("."):
            raise ConstructError(
                self, f"target {target} of {host} ends with a dot", fix="remove the dot; it is added"
            )
        self._take(host)
        self._record("CNAME", host, f"{target}.", ttl)

    def _take(self, host: str) -> None:
        if host in self._taken:
            raise ConstructError(self, f"{host} has a record already", fix="declare each name once")
        self._taken.add(host)

    def _record(self, kind: str, host: str, value: str, ttl: int, *, key: str = "") -> None:
        record = Record(
            self,
            f"{kind}-{host}-{key}" if key else f"{kind}-{host}",
            domain=self._domain,
            type=kind,
            name=self._inside(host),
            value=value,
            ttl=ttl,
        )
        # By the name itself; Terraform wants no digit in front.
        known = f"{host}_{key}" if key else host
        record.override_logical_id(
            f"{'_' if known[0].isdigit() else ''}{_UNFIT.sub('_', known.replace('*', 'any'))}"
        )

    def _inside(self, host: str) -> str:
        """The name as records have it: without the zone."""
        if host == self.name:
            return "@"
        if not host.endswith(f".{self.name}"):
            raise ConstructError(
                self, f"{host} is not in zone {self.name}", fix="use a name that ends with it"
            )
        return host.removesuffix(f".{self.name}")
