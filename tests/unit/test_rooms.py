"""Imports point one way: between the packages, and between the rooms of ``ops``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PACKAGES = {
    "constructs/sprocket_constructs": {"layers", "images", "ops", "rehearsal"},
    "layers": {"images", "ops", "rehearsal"},
    "images": {"layers", "ops", "rehearsal", "sprocket_constructs"},
    "ops": {"rehearsal"},
}
"""What each package never imports."""

ROOMS = (
    "ci",
    "cli",
    "bench",
    "doctor",
    "rotate",
    "drift",
    "upgrade",
    "deploy",
    "release",
    "backup",
    "smoke",
    "check",
    "docs",
    "database",
    "report",
    "boot",
    "nodes",
    "cloud",
    "state",
    "terraform",
    "guard",
    "registry",
    "swarm",
    "model",
    "terminal",
)
"""Each imports only from itself and from those after it; ``captured``, ``errors``, ``http_retry``, ``lines``, ``paths``, ``ssh`` and
``waiting`` are below all."""


def imported(path: Path) -> Iterator[str]:
    """Modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_one_way(package: str) -> None:
    modules = sorted((ROOT / package).rglob("*.py"))
    assert modules
    wrong = {
        str(path.relative_to(ROOT)): sorted(found)
        for path in modules
        if (found := {name.partition(".")[0] for name in imported(path)} & PACKAGES[package])
    }
    assert wrong == {}


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_import_one_way(room: str) -> None:
    above = ROOMS[: ROOMS.index(room)]
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sorted((ROOT / "ops" / room).rglob("*.py"))
        for name in imported(path)
        if name.startswith(tuple(f"ops.{other}." for other in above))
    ]
    assert wrong == []


def test_every_room_has_its_place() -> None:
    folders = {path.parent.name for path in (ROOT / "ops").glob("*/__init__.py")}
    assert folders == set(ROOMS)


def test_the_record_has_the_same_order() -> None:
    text = (ROOT / "docs/decisions/0017-rooms-and-one-reader.md").read_text()
    (sentence,) = re.findall(r"those below it: (.*?)\. `images`", text, re.S)
    assert tuple(re.findall(r"`(\w+)`", sentence)) == ROOMS


def test_the_ground_imports_no_room() -> None:
    ground = [
        ROOT / "ops" / f"{name}.py" for name in ("errors", "http_retry", "lines", "paths", "ssh", "waiting")
    ]
    wrong = [
        (path.name, name)
        for path in ground
        for name in imported(path)
        if name.split(".")[1:2] in [[r] for r in ROOMS]
    ]
    assert [pair for pair in wrong if pair[1].startswith("ops.")] == []


def test_typer_is_the_command_line_s_alone() -> None:
    using = {path.parent.name for path in (ROOT / "ops").rglob("*.py") if "typer" in set(imported(path))}
    assert using == {"cli"}


@pytest.mark.parametrize(
    ("key", "reader"),
    [
        *[
            (key, "services.py")
            for key in ("task_spec", "container_spec", "networks_advanced", "endpoint_spec")
        ],
        ("resource_changes", "changes.py"),
        ("resource_drift", "changes.py"),
    ],
)
def test_terraform_s_json_has_one_reader(key: str, reader: str) -> None:
    modules = [path for package in ("ops", "rehearsal") for path in (ROOT / package).rglob("*.py")]
    reading = {path for path in modules if f'"{key}"' in path.read_text()}
    assert reading == {ROOT / "ops/model" / reader}
