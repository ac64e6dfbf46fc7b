"""Droplets and volumes that an apply ordered but never wrote down, because it was killed: taken into the state.

DigitalOcean allows two droplets of one name, so without this the next apply would order a second one, and fail over the
volumes that the first one holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ops.account import Account
from ops.errors import OpsError
from ops.target import Target

_KINDS = {"digitalocean_droplet": "droplets", "digitalocean_volume": "volumes"}


@dataclass(frozen=True, kw_only=True)
class Stray:
    """One of them."""

    address: str
    id: str
    name: str

    def __str__(self) -> str:
        kind = self.address.partition(".")[0].removeprefix("digitalocean_")
        return f"{kind} {self.name} ({self.id})"


def take_in(cloud: Target) -> list[Stray]:
    """Imports what the account has under a name that the stack wants and that its state does not know by its id.

    A state that was written before the killed apply may still hold the id of one that is gone; that entry makes room.

    Raises:
        OpsError: two of one name are there, so that nobody can tell which; or an import failed.
    """
    state = cloud.terraform.state()
    resources = state.get("values", {}).get("root_module", {}).get("resources", [])
    # Nothing at all in the state is a first deploy, or a lost state, which is no reason to take things in unasked.
    if not resources:
        return []
    held = {str(each["address"]): str(each["values"].get("id")) for each in resources}
    found = [stray for type_, path in _KINDS.items() for stray in _strays(cloud, type_, path, held)]
    for stray in found:
        if stray.address in held:
            cloud.terraform.forget(stray.address)
        cloud.terraform.import_(stray.address, stray.id)
    return found


def _strays(cloud: Target, type_: str, path: str, held: Mapping[str, str]) -> Iterator[Stray]:
    there: dict[str, list[str]] = {}
    for raw in Account().listed(path):
        there.setdefault(str(raw["name"]), []).append(str(raw["id"]))
    for wanted in cloud.wanted.of_type(type_):
        name = str(wanted.values.get("name"))
        ids = there.get(name, [])
        if not ids or held.get(wanted.address) in ids:
            continue
        if len(ids) > 1:
            raise OpsError(
                f"there are several {path} {name} that no state knows: {', '.join(ids)}",
                fix="delete all but one in the control panel, then deploy again",
            )
        yield Stray(address=wanted.address, id=ids[0], name=name)
