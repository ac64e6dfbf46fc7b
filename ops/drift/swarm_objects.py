"""What exists on the swarm although no stack declares it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ops.drift.finding import Drift
from ops.drift.reading import Reading
from ops.model.inventory import readable_name
from ops.swarm.engine import Swarm
from ops.swarm.live_service import LiveService


def undeclared_services(reading: Reading, live: Sequence[LiveService]) -> Iterator[Drift]:
    """Services that the state knows neither by id nor by name. A deploy to this machine refuses to start beside them."""
    names = {each.name for each in reading.recorded.of_type("docker_service")}
    declared = {each.name for each in reading.wanted.of_type("docker_service")}
    for each in live:
        name = each.service.name
        if each.id in reading.ids or name in names:
            continue
        fix = f"remove it: docker service rm {name}; or declare it"
        if name in declared:
            fix = f"if no deploy runs, an interrupted one left it: python -m ops deploy --env {reading.target.name}"
        image = each.service.image
        yield Drift(
            place=reading.target.stack,
            where=f"service {name}",
            what=f"was not made by a deploy (image {image.name}:{image.tag})",
            changed=each.changed,
            fix=fix,
        )


@dataclass(frozen=True, kw_only=True)
class SwarmObject:
    """A network, a config or a secret.

    Args:
        changed: when, as the engine writes it.
    """

    kind: str
    id: str
    name: str
    changed: str


def swarm_objects(swarm: Swarm) -> Iterator[SwarmObject]:
    """All that deploys make on a swarm besides services."""
    for raw in swarm.api.networks():
        # The swarm makes the ingress network itself; other drivers' networks belong to one node.
        if raw.get("Scope") == "swarm" and raw.get("Driver") == "overlay" and not raw.get("Ingress"):
            yield SwarmObject(
                kind="network", id=raw["Id"], name=raw["Name"], changed=str(raw.get("Created") or "")
            )
    for kind, found in (("config", swarm.api.configs()), ("secret", swarm.api.secrets())):
        for raw in found:
            changed = str(raw.get("UpdatedAt") or "")
            yield SwarmObject(kind=kind, id=raw["ID"], name=raw["Spec"]["Name"], changed=changed)


def undeclared_objects(reading: Reading, objects: Iterable[SwarmObject]) -> Iterator[Drift]:
    """Networks, configs and secrets of the swarm that the state does not know. Only their names are shown."""
    for each in objects:
        if each.id in reading.ids:
            continue
        again = _another_version(each, reading)
        what = (
            f"another version of {again}, which no deployed service reads"
            if again
            else "was not made by a deploy"
        )
        yield Drift(
            place=reading.target.stack,
            where=f"{each.kind} {each.name}",
            what=what,
            changed=each.changed,
            fix=f"remove it, if nothing uses it: docker {each.kind} rm {each.name}; or declare it",
        )


def _another_version(found: SwarmObject, reading: Reading) -> str:
    """The name of a declared config or secret that differs only by the hash behind it."""
    type_ = f"docker_{found.kind}"
    short = readable_name(type_, found.name)
    return (
        short if short != found.name and any(r.name == short for r in reading.recorded.of_type(type_)) else ""
    )
