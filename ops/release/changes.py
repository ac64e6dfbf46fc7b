"""What differs between two releases, in a line."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ops.model.changes import Action
from ops.model.inventory import from_synthesis
from ops.model.offline_plan import from_inventories
from ops.report.compare import compare
from ops.report.model import ServiceChange
from ops.terminal.counted import counted

NAMED = 4
"""So many services are named; of more, how many there are."""


def changes_between(before: Mapping[str, object] | None, after: Mapping[str, object]) -> str:
    """Services that were added, removed or changed; of the changed ones, which have another image."""
    old, new = from_synthesis(before or {}), from_synthesis(after)
    report = compare("", old, new, from_inventories(old, new), compared_with="")
    changed = [change for layer in report.layers for change in layer.services]
    if before is None:
        return f"first release, {counted(len(changed), 'service')}"
    parts = [
        _part("image of", [c for c in changed if c.action is not Action.ADD and _has_other_image(c)]),
        _part(
            "settings of",
            [c for c in changed if c.action in (Action.CHANGE, Action.REPLACE) and not _has_other_image(c)],
        ),
        _part("new:", [c for c in changed if c.action is Action.ADD]),
        _part("gone:", [c for c in changed if c.action is Action.DESTROY]),
    ]
    return "; ".join(filter(None, parts)) or "no service"


def _has_other_image(change: ServiceChange) -> bool:
    return bool(change.image.before and change.image.after) and change.image.before != change.image.after


def _part(what: str, changes: Collection[ServiceChange]) -> str:
    names = sorted(change.name for change in changes)
    if not names:
        return ""
    return f"{what} {', '.join(names) if len(names) <= NAMED else counted(len(names), 'service')}"
