"""What changes about one service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ops.model.changes import Action, PlannedChange
from ops.model.file import MountedFile
from ops.model.image_name import ImageName
from ops.model.redact import without_passwords
from ops.model.service import Service
from ops.report.diff import summary, unified
from ops.report.model import FileChange, ImageChange, ServiceChange, SettingChange
from ops.report.settings import restarts_tasks, settings_of
from ops.terminal.counted import counted


def service_change(
    old: Service | None,
    new: Service | None,
    what: PlannedChange,
    *,
    access: Mapping[str, str],
    planned: Mapping[str, PlannedChange],
    behind: Sequence[str] = (),
    clients: Sequence[str] = (),
) -> ServiceChange:
    """The change of one service, which may be missing on one side, not on both.

    Args:
        access: who may use a host, for its routes.
        behind: addresses of the whole platform: none answers while what publishes the nodes' ports is away.
        clients: services that connect to it and do not change themselves.
    """
    service = new or old
    assert service is not None
    settings = tuple(_settings(old, new)) if old and new else ()
    files = tuple(_files(old, new, planned))
    networks = [_networks(each) for each in (old, new)]
    routes = [routes_of(each, access) if each else [] for each in (old, new)]
    moves = old is not None and new is not None and (networks[0] != networks[1] or old.image != new.image)
    restarts = moves or bool(files) or any(restarts_tasks(setting.name) for setting in settings)
    effect, away = _effect(service, what.action, restarts)
    return ServiceChange(
        name=service.name,
        action=what.action,
        image=_image(old.image if old else None, new.image if new else None),
        replicas=(old.replicas if old else 0, new.replicas if new else 0),
        order=service.order,
        away_s=away,
        effect=effect,
        restarts=what.action is Action.REPLACE or (what.action is Action.CHANGE and restarts),
        because=what.because,
        routes=tuple(behind) if service.published else tuple(dict.fromkeys([*routes[1], *routes[0]])),
        clients=tuple(clients),
        settings=settings,
        files=files,
        joins=_without(networks[1], networks[0]),
        leaves=_without(networks[0], networks[1]),
        routes_added=_without(routes[1], routes[0]),
        routes_removed=_without(routes[0], routes[1]),
    )


def _image(old: ImageName | None, new: ImageName | None) -> ImageChange:
    shown = str(new or old)
    if old and new and str(old) != str(new):
        after = f"{new.tag} ({new.short_digest})" if old.short_name == new.short_name else str(new)
        shown = f"{old} -> {after}"
    return ImageChange(before=str(old or ""), after=str(new or ""), shown=shown)


def routes_of(service: Service, access: Mapping[str, str]) -> list[str]:
    """Addresses that lead to it, with who may use them."""
    return sorted(
        f"https://{page.host}{page.path} ({access.get(page.host) or 'access not stated'})"
        for router in service.routers
        for page in router.pages
    )


def _effect(service: Service, action: Action, restarts: bool) -> tuple[str, int]:
    if action is Action.ADD:
        return "new", 0
    if action is Action.DESTROY:
        return "gone", 0
    if action is Action.REPLACE:
        return f"down for up to {service.away_s} s", service.away_s
    if not restarts:
        return "no task restarts", 0
    if service.order == "start-first":
        return "rolling update without downtime", 0
    if service.replicas > 1:
        return f"{service.replicas - 1} of {service.replicas} tasks stay", 0
    return f"down for up to {service.away_s} s", service.away_s


def _networks(service: Service | None) -> list[str]:
    joined = sorted(service.networks.items()) if service else []
    return [name + (f" as {', '.join(sorted(aliases))}" if aliases else "") for name, aliases in joined]


def _without(these: Sequence[str], those: Sequence[str]) -> tuple[str, ...]:
    return tuple(each for each in these if each not in those)


def _settings(old: Service, new: Service) -> Iterator[SettingChange]:
    olds, news = settings_of(old), settings_of(new)
    for name in sorted({**olds, **news}):
        was, will = olds.get(name, ""), news.get(name, "")
        if was != will:
            yield SettingChange(name=name, before=_redacted(name, was), after=_redacted(name, will))


def _redacted(name: str, value: str) -> str:
    """A setting without what looks like a password; a check refuses those, and a report of it shows none all the same."""
    start = f"{name.rpartition(' ')[2]}="
    return without_passwords(start + value).removeprefix(start) if value else ""


def _files(
    old: Service | None, new: Service | None, planned: Mapping[str, PlannedChange]
) -> Iterator[FileChange]:
    olds = {file.at: file for file in old.files} if old else {}
    news = {file.at: file for file in new.files} if new else {}
    for path in sorted({**olds, **news}):
        was, will = olds.get(path), news.get(path)
        if was is None and will is not None:
            yield _entire_file(will, Action.ADD)
        elif was is not None and will is None:
            yield _entire_file(was, Action.DESTROY)
        elif was is not None and will is not None:
            yield from _content(was, will, planned)


def _entire_file(file: MountedFile, action: Action) -> FileChange:
    note = counted(len(file.text.splitlines()), "line") if file.kind == "config" else ""
    return FileChange(path=file.at, name=file.name, kind=file.kind, action=action, note=note)


def _content(
    was: MountedFile, will: MountedFile, planned: Mapping[str, PlannedChange]
) -> Iterator[FileChange]:
    if was.kind == will.kind == "config":
        diff = unified(was.text, will.text)
        if diff:
            yield FileChange(
                path=will.at,
                name=will.name,
                kind="config",
                action=Action.CHANGE,
                diff=tuple(map(without_passwords, diff)),
                note=summary(diff),
            )
    elif was.kind != will.kind or was.address != will.address or will.address in planned:
        # A secret, or a config that became one: its content is not shown.
        yield FileChange(
            path=will.at, name=will.name, kind=will.kind, action=Action.CHANGE, note="content changes"
        )
