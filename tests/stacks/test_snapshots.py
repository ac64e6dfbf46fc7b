"""Each environment's stacks against their reviewed snapshots.

A change that is meant is taken over by ``UPDATE_SNAPSHOTS=1 .venv/bin/python -m pytest tests/stacks`` and reviewed as a diff in git.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.stacks.reviewed import FOLDER, REGENERATE, NotAsReviewed, Snapshot
from tests.stacks.snapshot import described
from tests.stacks.synthesis import ALL, CLOUDS

UPDATE = os.environ.get("UPDATE_SNAPSHOTS") == "1"
SNAPSHOTS = [*(Snapshot(name, "services") for name in ALL), *(Snapshot(name, "cloud") for name in CLOUDS)]

every_stack = pytest.mark.parametrize(
    "snapshot", SNAPSHOTS, ids=lambda snapshot: f"{snapshot.environment}-{snapshot.stack}"
)


@every_stack
def test_the_stack_is_as_reviewed(snapshot: Snapshot) -> None:
    if UPDATE:
        snapshot.write()
        return
    complaint = ""
    try:
        snapshot.check(snapshot.now())
    except NotAsReviewed as error:
        complaint = str(error)
    if complaint:
        pytest.fail(complaint, pytrace=False)


def test_no_snapshot_is_left_of_an_environment_that_is_gone() -> None:
    left = {*FOLDER.iterdir()} - {snapshot.path for snapshot in SNAPSHOTS}
    if UPDATE:
        for path in left:
            path.unlink()
        return
    assert left == set(), f"no environment has these any more: {REGENERATE} removes them"


@every_stack
def test_one_changed_value_is_noticed_and_shown(snapshot: Snapshot) -> None:
    changed = copy.deepcopy(snapshot.now().document)
    kind = "docker_service" if snapshot.stack == "services" else "digitalocean_droplet"
    name, resource = list(changed["resource"][kind].items())[-1]
    before, resource["name"] = resource["name"], "renamed"
    with pytest.raises(NotAsReviewed) as raised:
        snapshot.check(replace(snapshot.now(), document=changed))
    assert str(raised.value).splitlines()[1:] == [
        f"@@ {kind}.{name} @@", f'-name: "{before}"', '+name: "renamed"',
    ]  # fmt: skip
    assert f"review it in git: {REGENERATE}\n" in str(raised.value)


@pytest.mark.parametrize("snapshot", [Snapshot("staging", "services"), Snapshot("rehearsal-4", "cloud")])
def test_no_value_is_left_out(snapshot: Snapshot) -> None:
    """Every single value of two whole stacks, changed, changes the snapshot."""
    for part in _parts(copy.deepcopy(snapshot.now().document)):
        before = described(part)
        for holder, key in _values(part):
            value = holder[key]
            holder[key] = f"{value}x" if isinstance(value, str) else [value]
            assert described(part) != before, (key, value)
            holder[key] = value


def _parts(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Documents of one section each."""
    for kind, part in document.items():
        if kind == "resource":
            for type_, resources in part.items():
                yield from ({kind: {type_: {name: resource}}} for name, resource in resources.items())
        elif kind == "locals":
            yield from ({kind: {name: value}} for name, value in part.items())
        elif kind != "//":
            yield {kind: part}


def _values(node: Any) -> Iterator[tuple[Any, Any]]:
    """Where each value without parts stands."""
    for key, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
        if key == "//":
            continue
        if isinstance(value, dict | list):
            yield from _values(value)
        else:
            yield node, key
