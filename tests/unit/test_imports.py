"""Modules import in one direction: no circle, also none hidden in a function or behind TYPE_CHECKING."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("constructs/sprocket_constructs", "layers")

ENDS_WITH = {("layers.settings.cloud_rules", "layers.settings.environment")}
"""Imports that close a circle and stay: rules about an environment that the environment applies when it is validated."""


def modules_of(package: Path) -> dict[str, Path]:
    """Files of a package by the name that Python imports them under."""
    return {
        ".".join((package.name, *path.relative_to(package).with_suffix("").parts)).removesuffix(
            ".__init__"
        ): path
        for path in package.rglob("*.py")
    }


def imported_by(name: str, path: Path) -> Iterator[str]:
    """Full names that a module imports, wherever in it: modules, or what is in them."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            source = ".".join((*above, *([node.module] if node.module else [])))
            yield source
            yield from (f"{source}.{alias.name}" for alias in node.names)


def circle_in(package: Path) -> list[str]:
    """A circle of imports, first module again at the end; empty where there is none."""
    modules = modules_of(package)
    imports = {
        name: {
            other
            for other in imported_by(name, path)
            if other in modules and other != name and (name, other) not in ENDS_WITH
        }
        for name, path in modules.items()
    }
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle
    return []


@pytest.mark.parametrize("package", PACKAGES)
def test_modules_import_in_one_direction(package: str) -> None:
    assert len(modules_of(ROOT / package)) > 30
    assert circle_in(ROOT / package) == []


def test_every_exception_is_still_needed() -> None:
    for name, other in ENDS_WITH:
        assert other in imported_by(name, ROOT / f"{name.replace('.', '/')}.py")


@pytest.mark.parametrize(
    "back",
    [
        "from .server import Server",
        "from . import server",
        "import layer.server",
        "def serve():\n    from .server import Server",
        "if TYPE_CHECKING:\n    from ..layer.server import Server",
    ],
)
def test_a_circle_is_found_however_it_is_hidden(tmp_path: Path, back: str) -> None:
    package = tmp_path / "layer"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "server.py").write_text("from .client import Client\n")
    (package / "client.py").write_text("import json\n")
    assert circle_in(package) == []
    (package / "client.py").write_text(f"{back}\n")
    assert set(circle_in(package)) == {"layer.server", "layer.client"}
