"""The surface of the library: complete, of one shape, explained, and with one door to cdktf."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType

import pytest
import sprocket_constructs
from sprocket_constructs import Construct, SwarmApp, _cdktf

ROOT = Path(__file__).parents[2]
DOOR = ROOT / "constructs" / "sprocket_constructs" / "_cdktf.py"
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
    for folder in ("constructs/sprocket_constructs", "layers", "images", "ops", "main.py")
    for path in ([ROOT / folder] if folder.endswith(".py") else sorted((ROOT / folder).rglob("*.py")))
]


def test_there_are_sources_to_look_at() -> None:
    assert DOOR in SOURCES
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
    """cdktf is archived: the day of the move to its successor must be a change to this one module."""
    knowing = {path for path in SOURCES if any(name.startswith(BEHIND_THE_DOOR) for name in _imported(path))}
    assert knowing == {DOOR}


def test_the_door_exports_all_that_it_imports() -> None:
    tree = ast.parse(DOOR.read_text())
    imported = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert set(_cdktf.__all__) == imported


def test_what_the_door_offers_is_used() -> None:
    used: set[str] = set()
    for path in SOURCES:
        if path == DOOR:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.endswith("_cdktf"):
                used |= {alias.name for alias in node.names}
    assert set(_cdktf.__all__) - used == set()
