"""Services of the swarm that are not as the last deploy left them.

Compared with the swarm itself and not only by Terraform: its provider does not read all settings, and where it fails to
take over what it read of the tasks, it only logs that and keeps what it had recorded (docker provider 3.9.0,
resource_docker_service_funcs.go).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ops.drift.finding import NOT_SHOWN, Drift
from ops.drift.reading import Reading
from ops.drift.resources import leaves
from ops.model.file import MountedFile
from ops.model.service import Service
from ops.model.services import services_of, setting_of
from ops.report.settings import settings_of
from ops.swarm.live_service import LiveService

_ZEROS = ("0", "0s", "0.0")
_COUNTED = ("health check ", "restart ", "update ", "rollback ")
"""Settings for which zero is the same as not set, which the engine and Terraform spell differently."""
_TYPED = ("variable ", "command", "args", "health check test")
"""Settings that people type passwords into."""
_DIGEST = re.compile(r"@sha256:([0-9a-f]{12})[0-9a-f]*")
"""Enough of a digest to tell two apart."""
_CONVERGE, _FORCED = "converge_config", "force_update"


def changed_services(reading: Reading, live: Sequence[LiveService]) -> Iterator[Drift]:
    """Every setting of every deployed service that is another one on the swarm."""
    by_id = {each.id: each for each in live}
    by_name = {each.service.name: each for each in live}
    for service in services_of(reading.recorded):
        id_ = str(reading.recorded.resources[service.address].values.get("id"))
        found = by_id.get(id_) or by_name.get(service.name)
        place, where = reading.target.stack, f"service {service.name}"
        if found is None:
            yield Drift(place=place, where=where, what="is gone", fix=reading.remedy(service.address))
            continue
        if found.id != id_:
            yield Drift(
                place=place,
                where=where,
                what="was removed and made again, not by a deploy",
                changed=found.changed,
                fix=reading.remedy(service.address),
            )
        changes = _changes(service, found) or _seen_by_terraform_alone(service, reading)
        why = " (the swarm itself rolled an update back)" if found.rolled_back else ""
        for change in changes:
            yield Drift(
                place=place,
                where=where,
                what=change.name + why,
                before=change.before,
                now=change.now,
                changed=found.changed,
                fix=reading.remedy(service.address, reads=change.is_read),
            )


def restarts(live: Sequence[LiveService]) -> Iterator[str]:
    """Services that somebody restarted: nothing of theirs is another, but a deploy sets the engine's counter back."""
    for each in live:
        if each.forced:
            yield (
                f"service {each.service.name} was restarted with docker service update --force; the next deploy sets "
                "that counter back to 0, which restarts it once more"
            )


@dataclass(frozen=True, kw_only=True)
class _Change:
    """A setting with another value.

    Args:
        is_read: whether Terraform's provider reads it.
    """

    name: str
    before: str
    now: str
    is_read: bool = True


def _changes(recorded: Service, live: LiveService) -> list[_Change]:
    files = list(_files(recorded, live.service))
    olds, news = _settings(recorded), _settings(live.service)
    # The mode of a file that came or went says nothing more.
    shown_with_file = {f"mode of {change.name.partition(' ')[2]}" for change in files}
    settings = [
        _Change(name=name, before=_shown(name, olds.get(name, "")), now=_shown(name, news.get(name, "")))
        for name in sorted((olds.keys() | news.keys()) - shown_with_file)
        if olds.get(name) != news.get(name)
    ]
    further = [
        _Change(
            name=path, before="", now=text, is_read=path not in _UNREAD and not path.startswith("Mounts.")
        )
        for path, text in live.further.items()
    ]
    return [*settings, *files, *further]


def _files(recorded: Service, live: Service) -> Iterator[_Change]:
    olds, news = ({file.at: file for file in service.files} for service in (recorded, live))
    for at in sorted({**olds, **news}):
        old, new = olds.get(at), news.get(at)
        if (old and old.address) != (new and new.address):
            yield _Change(name=f"file {at}", before=_file(old), now=_file(new))


_UNREAD = (
    *("ContainerSpec.Init", "ContainerSpec.TTY", "ContainerSpec.OpenStdin", "ContainerSpec.Ulimits"),
    *("ContainerSpec.OomScoreAdj", "Resources.Limits.Pids", "ContainerSpec.Healthcheck.StartInterval"),
)
"""What docker provider 3.9.0 has no attribute for (resource_docker_service_structures.go)."""


def _settings(service: Service) -> dict[str, str]:
    """All settings in words, but for what is in files."""
    image = service.image
    found = {
        **settings_of(service),
        "image": f"{image.name}:{image.tag}" + (f"@{image.digest}" if image.digest else ""),
        "mode": service.mode,
        "endpoint mode": service.endpoint_mode,
        "log driver": service.log_driver,
        **{f"container label {name}": value for name, value in service.container_labels.items()},
        **{
            f"network {name}": f"as {', '.join(sorted(aliases))}" if aliases else "joined"
            for name, aliases in service.networks.items()
        },
    }
    if service.mode == "replicated":
        found["replicas"] = str(service.replicas)
    return {
        name: text.strip() or "(empty)"
        for name, text in found.items()
        if not (text in _ZEROS and name.startswith(_COUNTED)) and (text or name.startswith(_NAMED))
    }


_NAMED = ("label ", "container label ", "variable ")
"""Settings that can be there and empty."""


def _shown(name: str, value: str) -> str:
    if name == "image":
        return _DIGEST.sub(r"@sha256:\1", value)
    return NOT_SHOWN if value and name.startswith(_TYPED) else value


def _file(file: MountedFile | None) -> str:
    return f"{file.kind} {file.name}" if file else ""


def _seen_by_terraform_alone(service: Service, reading: Reading) -> Iterator[_Change]:
    """Settings that Terraform reads and that have no words here, by their path."""
    drift = next((each for each in reading.drift if each.address == service.address), None)
    if drift is None or drift.after is None:
        return
    before, now = (
        leaves(values, without=(_FORCED, _CONVERGE, "id")) for values in (drift.before, drift.after)
    )
    for path in sorted({**before, **now}):
        if before.get(path) != now.get(path):
            yield _Change(
                name=setting_of(path.split(".")), before=_state(before, path), now=_state(now, path)
            )


def _state(side: Mapping[str, object], path: str) -> str:
    return "set (value not shown)" if path in side else ""
