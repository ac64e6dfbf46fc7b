"""Whether two deployments are of the same services, by what the swarm says of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace

from ops.bench.swarm import PREFIX
from ops.errors import OpsError
from ops.model.file import MountedFile
from ops.model.service import Service
from ops.swarm.live_service import LiveService

_STACK = "com.docker.stack."
"""What the labels of ``docker stack deploy`` begin with."""


def require_same(ours: Sequence[LiveService], theirs: Sequence[LiveService]) -> None:
    """Compares every setting that the model of a service has, without the names that ``docker stack deploy`` prefixes.

    Raises:
        OpsError: they differ; says which services, and in what.
    """
    mine, other = _by_name(ours), _by_name(theirs)
    found = [f"{name} is only in one" for name in sorted(mine.keys() ^ other.keys())]
    found += [
        f"{name}: {field.name} is {getattr(mine[name], field.name)!r}, and {getattr(other[name], field.name)!r} in the Compose file"
        for name in sorted(mine.keys() & other.keys())
        for field in fields(Service)
        if getattr(mine[name], field.name) != getattr(other[name], field.name)
    ]
    if found:
        raise OpsError("what is compared are not the same services\n  " + "\n  ".join(found))


def _by_name(found: Sequence[LiveService]) -> dict[str, Service]:
    services = (_bare(each.service) for each in found)
    return {service.name: service for service in services}


def _bare(service: Service) -> Service:
    name = _without_stack(service.name)
    return replace(
        service,
        name=name,
        path=name,
        files=tuple(sorted((_bare_file(file) for file in service.files), key=lambda file: file.at)),
        networks={
            _without_stack(network): tuple(alias for alias in aliases if alias != name)
            for network, aliases in service.networks.items()
        },
        labels=_own(service.labels),
        container_labels=_own(service.container_labels),
    )


def _bare_file(file: MountedFile) -> MountedFile:
    return MountedFile(at=file.at, text="", kind=file.kind, mode=file.mode, owner=file.owner)


def _own(labels: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in labels.items() if not name.startswith(_STACK)}


def _without_stack(name: str) -> str:
    return name.removeprefix(f"{PREFIX}_")
