"""The surface of the library: complete, of one shape, explained, and with one door to cdktf."""

import ast
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType

import pytest
import sprocket_constructs
from sprocket_constructs import Construct, SwarmApp, _cdktf
from sprocket_constructs._cdktf import cloud

ROOT = Path(__file__).parents[2]
DOOR = ROOT / "constructs" / "sprocket_constructs" / "_cdktf"
ROOMS = {DOOR / "__init__.py": _cdktf, DOOR / "cloud.py": cloud}
BEHIND_THE_DOOR = ("cdktf", "cdktn", "constructs", "imports", "jsii")
"""``imports`` is where cdktf puts bindings that it generates."""

EXPORTED = {name: getattr(sprocket_constructs, name) for name in sprocket_constructs.__all__}
OURS = {
    name: each
    for name, each in EXPORTED.items()
    if inspect.isclass(each) and each.__module__.startswith("sprocket_constructs")
}
CONSTRUCTS = {
    name: each for name, each in OURS.items() if issubclass(each, Construct) and each is not SwarmApp
}


def _isort(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions, as ruff sorts them."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def test_all_is_sorted() -> None:
    assert sprocket_constructs.__all__ == sorted(sprocket_constructs.__all__, key=_isort)


def test_all_is_complete() -> None:
    bound = {
        name
        for name, value in vars(sprocket_constructs).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }
    assert bound == set(sprocket_constructs.__all__)


def test_there_are_constructs_to_look_at() -> None:
    assert {"SwarmService", "Droplet"} <= CONSTRUCTS.keys()


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_a_construct_takes_scope_and_id_and_all_else_by_keyword(name: str) -> None:
    parameters = list(inspect.signature(CONSTRUCTS[name].__init__).parameters.values())
    assert [each.name for each in parameters[:3]] == ["self", "scope", "id_"]
    by_position = [each.name for each in parameters[3:] if each.kind is not each.KEYWORD_ONLY]
    assert by_position == []
    assert [each.name for each in parameters[1:] if each.annotation is each.empty] == []


@pytest.mark.parametrize("name", OURS)
def test_everything_public_is_annotated_and_explained(name: str) -> None:
    members = dict(_functions(OURS[name]))
    assert OURS[name].__doc__
    assert [m for m, f in members.items() if not _explained(OURS[name], m, f)] == []
    signatures = {member: inspect.signature(function) for member, function in members.items()}
    assert [m for m, s in signatures.items() if s.return_annotation is s.empty] == []
    assert [
        f"{member}({each.name})"
        for member, signature in signatures.items()
        for each in signature.parameters.values()
        if each.annotation is each.empty and each.name not in ("self", "cls")
    ] == []


def _functions(each: type) -> Iterator[tuple[str, FunctionType]]:
    """Public methods and properties that the class itself has."""
    for member, value in vars(each).items():
        function = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
        if not member.startswith("_") and inspect.isfunction(function):
            yield member, function


def _explained(each: type, member: str, function: FunctionType) -> bool:
    """By itself, or by the base class whose promise it keeps."""
    bases = (vars(base).get(member) for base in each.__mro__[1:])
    return bool(function.__doc__ or any(getattr(base, "__doc__", None) for base in bases))


SOURCES = [
    path
    for folder in ("constructs/sprocket_constructs", "layers", "images", "ops", "rehearsal", "main.py")
    for path in ([ROOT / folder] if folder.endswith(".py") else sorted((ROOT / folder).rglob("*.py")))
]


def test_there_are_sources_to_look_at() -> None:
    assert ROOMS.keys() <= set(SOURCES)
    assert len(SOURCES) > 40


def _imported(path: Path) -> set[str]:
    """Top-level packages that a module imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").split(".")[0])
    return found


def test_only_one_module_knows_cdktf() -> None:
    """cdktf is archived: the day of the move to its successor must be a change to this one package."""
    knowing = {path for path in SOURCES if any(name.startswith(BEHIND_THE_DOOR) for name in _imported(path))}
    assert knowing == ROOMS.keys()


@pytest.mark.parametrize("path", ROOMS, ids=lambda path: path.name)
def test_the_door_exports_all_that_it_imports(path: Path) -> None:
    tree = ast.parse(path.read_text())
    imported = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert set(ROOMS[path].__all__) == imported


def test_what_the_door_offers_is_used() -> None:
    used: set[str] = set()
    for path in SOURCES:
        if path in ROOMS:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.ImportFrom)
                and node.module
                and node.module.endswith(("_cdktf", "_cdktf.cloud"))
            ):
                used |= {alias.name for alias in node.names}
    assert {name for room in ROOMS.values() for name in room.__all__} - used == set()


# -- loading -----------------------------------------------------------------------------------------------------


def test_every_name_is_loaded_from_where_it_is_imported_from() -> None:
    """Type checkers follow the imports, programs the table: one that is in one of the two only is a name for one of the two only."""
    tree = ast.parse(Path(str(sprocket_constructs.__file__)).read_text())
    imported = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    homes = {name: module for module, names in sprocket_constructs._HOMES.items() for name in names}
    assert homes == imported
    assert homes.keys() == set(sprocket_constructs.__all__)


def test_a_name_that_there_is_not_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'sprocket_constructs' has no attribute 'Swarm'"):
        sprocket_constructs.Swarm  # type: ignore[attr-defined]  # noqa: B018
    assert set(sprocket_constructs.__all__) <= set(dir(sprocket_constructs))


@pytest.mark.parametrize(
    ("program", "never"),
    [
        ("import ops.deploy.plan", "cdktf"),
        ("from layers.loading import load_environment; load_environment('prod')", "cdktf"),
        ("import layers.services", "cdktf_cdktf_provider_digitalocean"),
    ],
)
def test_what_is_slow_to_load_is_loaded_only_where_it_is_needed(program: str, never: str) -> None:
    """A command that reads state, or a stack without a cloud, would wait for it each time."""
    words = [sys.executable, "-c", f"{program}; import sys; print({never!r} in sys.modules)"]
    run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
