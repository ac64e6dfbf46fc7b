"""What changes about one service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ops.model.changes import Action, PlannedChange
from ops.model.inventory import Inventory, text_of
from ops.model.service import FileRef, ServiceView
from ops.report.diff import summary, unified
from ops.report.model import FileChange, ImageChange, ServiceChange, SettingChange

_NO_RESTART = ("label ", "update ", "rollback ")
"""Settings of the service, not of its tasks: changing them restarts nothing."""


def service_change(
    old: ServiceView | None,
    new: ServiceView | None,
    what: PlannedChange,
    *,
    before: Inventory,
    after: Inventory,
    planned: Mapping[str, PlannedChange],
) -> ServiceChange:
    """The change of one service; one of the two views may be missing, not both."""
    view = new or old
    assert view is not None
    settings = tuple(_settings(old, new)) if old and new else ()
    files = tuple(_files(old, new, before, after, planned))
    moves = old is not None and new is not None and (old.networks != new.networks or old.image != new.image)
    restarts = moves or bool(files) or any(not s.name.startswith(_NO_RESTART) for s in settings)
    effect, away = _effect(view, what.action, restarts)
    return ServiceChange(
        name=view.name,
        action=what.action,
        image=ImageChange(before=str(old.image) if old else "", after=str(new.image) if new else ""),
        replicas=(old.replicas if old else 0, new.replicas if new else 0),
        order=view.order,
        away_s=away,
        effect=effect,
        because=what.because,
        settings=settings,
        files=files,
        joins=_missing(new, old, "networks"),
        leaves=_missing(old, new, "networks"),
        routes_added=_missing(new, old, "routes"),
        routes_removed=_missing(old, new, "routes"),
    )


def _effect(view: ServiceView, action: Action, restarts: bool) -> tuple[str, int]:
    if action is Action.ADD:
        return "new", 0
    if action is Action.DESTROY:
        return "gone", 0
    if action is Action.REPLACE:
        return f"away up to {view.away_s} s", view.away_s
    if not restarts:
        return "no task restarts", 0
    if view.order == "start-first":
        return "rolls over without a gap", 0
    if view.replicas > 1:
        return f"{view.replicas - 1} of {view.replicas} tasks stay", 0
    return f"away up to {view.away_s} s", view.away_s


def _missing(has: ServiceView | None, lacks: ServiceView | None, attribute: str) -> tuple[str, ...]:
    return tuple(x for x in getattr(has, attribute, ()) if x not in getattr(lacks, attribute, ()))


def _settings(old: ServiceView, new: ServiceView) -> Iterator[SettingChange]:
    for name in sorted({**old.settings, **new.settings}):
        was, will = old.settings.get(name, ""), new.settings.get(name, "")
        if was != will:
            yield SettingChange(name=name, before=was, after=will)


def _files(
    old: ServiceView | None,
    new: ServiceView | None,
    before: Inventory,
    after: Inventory,
    planned: Mapping[str, PlannedChange],
) -> Iterator[FileChange]:
    olds = {file.path: file for file in old.files} if old else {}
    news = {file.path: file for file in new.files} if new else {}
    for path in sorted({**olds, **news}):
        was, will = olds.get(path), news.get(path)
        if was is None and will is not None:
            yield _whole(will, after, Action.ADD)
        elif was is not None and will is None:
            yield _whole(was, before, Action.DESTROY)
        elif was is not None and will is not None:
            yield from _content(was, will, before, after, planned)


def _whole(file: FileRef, inventory: Inventory, action: Action) -> FileChange:
    config = inventory.resources.get(file.address) if file.kind == "config" else None
    count = len(text_of(config).splitlines()) if config else 0
    note = f"{count} line{'' if count == 1 else 's'}" if config else ""
    return FileChange(path=file.path, name=file.name, kind=file.kind, action=action, note=note)


def _content(
    was: FileRef, will: FileRef, before: Inventory, after: Inventory, planned: Mapping[str, PlannedChange]
) -> Iterator[FileChange]:
    old, new = before.resources.get(was.address), after.resources.get(will.address)
    if was.kind == will.kind == "config" and old and new:
        diff = unified(text_of(old), text_of(new))
        if diff:
            yield FileChange(
                path=will.path,
                name=will.name,
                kind="config",
                action=Action.CHANGE,
                diff=tuple(diff),
                note=summary(diff),
            )
    elif was.kind != will.kind or was.address != will.address or will.address in planned:
        # A secret, or a config that became one: its content is nobody's business.
        yield FileChange(
            path=will.path, name=will.name, kind=will.kind, action=Action.CHANGE, note="content changes"
        )
