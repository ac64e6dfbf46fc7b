"""Whether a test, a check of the rehearsal or a script really has the command that a page says it executes.

Sources are compared, since a rehearsal takes half an hour: the same command of ours with the same options, or the same program of
others with the same subcommand. Values (names of stores, files) are the test's own.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from rehearsal.suite.checks import CHECKS
from tests.docs.blocks import ROOT
from tests.docs.command_line import BUILTINS, OURS, Command, resolved

REHEARSAL = "rehearsal "
ANYWAY = {"--confirm", "--env", "--into", "--json", "--stable", "--wait", "--yes"}
"""Options that do not change what a command does: a test may add them."""

UNKNOWN = "?"
"""A word that is only known when the test runs."""


def source_of(executor: str) -> Path | None:
    """The file behind an executor's name; none where there is no such check or file."""
    if executor.startswith(REHEARSAL):
        found = [each for each in CHECKS if each.name == executor.removeprefix(REHEARSAL)]
        return Path(str(inspect.getsourcefile(found[0].run))) if found else None
    path = ROOT / executor
    return path if path.is_file() and executor.startswith(("tests/", "rehearsal/suite/", ".ci/")) else None


def executes(path: Path, command: Command) -> bool:
    """Whether the file has this command."""
    if command.program in BUILTINS:
        return {word.partition("=")[0] for word in command.arguments if "=" in word} <= _names(path)
    if command.program in OURS:
        wanted, _ = resolved(command.program, command.arguments)
        return command.options <= _all_words(path) | {"--env"} and any(
            _is_ours(command, wanted, words) for words in _sequences(path)
        )
    head = head_of(command)
    options = {word for word in command.options if command.program != "make"}
    return options <= _all_words(path) and any(_contains(words, head) for words in _sequences(path))


def _is_ours(command: Command, wanted: object, words: Sequence[str]) -> bool:
    """The words of a call, from the command's name on: the page's command, and no option that makes it another one."""
    for start in range(min(len(words), 4)):
        found, rest = resolved(command.program, words[start:])
        if found is wanted and len(rest) < len(words) - start:
            return {word for word in rest if word.startswith("--")} <= command.options | ANYWAY
    # `invoke(app, ["create", ...])`, where app is that of the group
    return len(words) > 0 and getattr(wanted, "name", None) == words[0] and _group_of(command) in words[-1:]


def _group_of(command: Command) -> str:
    return f"app of {command.arguments[0]}"


def head_of(command: Command) -> list[str]:
    """The program and its subcommands; for make also the targets and variables."""
    if command.program == "make":
        return list(command.words)
    head = [command.program]
    for word in command.arguments:
        if re.fullmatch(r"[a-z][a-z0-9-]+", word):
            head.append(word)
        elif not word.startswith("-"):
            break
    return head[:3]


def _contains(words: Sequence[str], head: Sequence[str]) -> bool:
    plain = [word for word in words if not word.startswith("-")]
    return any(plain[start : start + len(head)] == list(head) for start in range(len(plain)))


@cache
def _names(path: Path) -> set[str]:
    """Words in capitals, as variables are called."""
    return set(re.findall(r"\b[A-Z][A-Z_]+\b", path.read_text()))


@cache
def _all_words(path: Path) -> set[str]:
    return {word.partition("=")[0] for words in _sequences(path) for word in words}


@cache
def _sequences(path: Path) -> tuple[tuple[str, ...], ...]:
    """Every list of words of a file that could be a command: arguments of calls, lists, and the lines of texts."""
    text = path.read_text()
    if path.suffix != ".py":
        return tuple(tuple(line.split()) for line in text.splitlines())
    return tuple(_in_python(ast.parse(text)))


def _in_python(tree: ast.Module) -> Iterator[tuple[str, ...]]:
    named: dict[str, list[ast.expr]] = {}
    groups = [
        str(node.module).rpartition(".")[2]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and str(node.module).startswith("ops.cli.")
        and any(alias.name == "app" for alias in node.names)
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            named.setdefault(node.targets[0].id, []).append(node.value)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield tuple(word for each in node.args for word in _flat(each, named))
            for each in node.args:
                if groups and isinstance(each, ast.List):
                    yield (*_flat(each, named), f"app of {groups[0]}")
        elif isinstance(node, ast.List | ast.Tuple):
            yield tuple(_flat(node, named))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield from (tuple(line.split()) for line in node.value.splitlines())


def _flat(node: ast.expr, named: dict[str, list[ast.expr]]) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.List | ast.Tuple):
        for each in node.elts:
            yield from _flat(each, named)
    elif (
        isinstance(node, ast.Starred)
        and isinstance(node.value, ast.Name)
        and len(named.get(node.value.id, ())) == 1
    ):
        (value,) = named[node.value.id]
        yield from _flat(value, {}) if isinstance(value, ast.List | ast.Tuple) else ()
    else:
        yield UNKNOWN
