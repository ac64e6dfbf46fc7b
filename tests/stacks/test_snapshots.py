"""Each environment's stacks against its reviewed snapshot.

A change that is meant is taken over by ``UPDATE_SNAPSHOTS=1 pytest tests/stacks`` and reviewed as a diff in git.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path

import pytest

from tests.stacks.snapshot import as_json, as_tree
from tests.stacks.synthesis import ALL, CLOUDS, cloud, synthesized

SNAPSHOTS = Path(__file__).parent / "snapshots"
SHOWN = 80
"""Lines of a difference that are printed."""


def check(path: Path, found: str) -> None:
    """Compares with the snapshot, or writes it."""
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        path.parent.mkdir(exist_ok=True)
        path.write_text(found)
        return
    assert path.is_file(), f"there is no {path.name}; UPDATE_SNAPSHOTS=1 pytest tests/stacks writes it"
    expected = path.read_text()
    if found != expected:
        lines = list(
            difflib.unified_diff(expected.splitlines(), found.splitlines(), "reviewed", "now", lineterm="")
        )
        more = f"\n... {len(lines) - SHOWN} lines more" if len(lines) > SHOWN else ""
        pytest.fail(
            f"{path.name} differs; if that is meant, UPDATE_SNAPSHOTS=1 pytest tests/stacks takes it over:\n"
            + "\n".join(lines[:SHOWN])
            + more,
            pytrace=False,
        )


@pytest.mark.parametrize("environment", ALL)
def test_resources(environment: str) -> None:
    check(SNAPSHOTS / f"{environment}-services.json", as_json(synthesized(environment)))


@pytest.mark.parametrize("environment", ALL)
def test_construct_tree(environment: str) -> None:
    check(SNAPSHOTS / f"{environment}-services.tree.txt", as_tree(synthesized(environment)))


@pytest.mark.parametrize("environment", CLOUDS)
def test_what_is_ordered(environment: str) -> None:
    check(SNAPSHOTS / f"{environment}-cloud.json", as_json(cloud(environment)))


@pytest.mark.parametrize("environment", CLOUDS)
def test_construct_tree_of_the_cloud(environment: str) -> None:
    check(SNAPSHOTS / f"{environment}-cloud.tree.txt", as_tree(cloud(environment)))
