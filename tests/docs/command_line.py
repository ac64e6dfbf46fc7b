"""A command of the documentation, read as a shell would, and compared with the program's real command line."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from images.builder.cli import app as images_app
from ops.cli.app import app as ops_app
from rehearsal.cli import app as rehearsal_app
from tests.docs.blocks import ROOT

OURS = {"ops": ops_app, "images": images_app, "rehearsal": rehearsal_app}
PYTHON = ("python", ".venv/bin/python")
PLACEHOLDERS = (
    "run",
    "sha",
    "bucket",
    "id",
    "stack",
    "env",
    "domain",
    "store",
    "service",
    "folder",
    "operator",
    "database",
)
"""What a reader replaces, written in angle brackets; ``...`` stands for a value that nobody writes down."""

BUILTINS = ("cd", "export", "umask", "read")
FOREIGN = ("aws", "docker", "doctl", "gh", "git", "npx", "openssl", "pg_dump", "pg_restore", "psql", "restic", "rsync", "ssh",
           "ssh-keygen", "tailscale", "terraform", "tofu")  # fmt: skip
"""Programs of others that pages use."""

_PLACEHOLDER = re.compile(r"<([a-z][a-z -]*)>")
_OPERATORS = {"&&", "||", ";", "|", "&", ">", ">>"}


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command.

    Attributes:
        variables: set for it alone, before its name.
        words: the program and its arguments.
    """

    variables: tuple[str, ...]
    words: tuple[str, ...]

    def __str__(self) -> str:
        return shlex.join((*self.variables, *self.words))

    @property
    def program(self) -> str:
        """``ops``, ``make``, ``terraform``; a module that is no program of ours by its name."""
        return self.words[2] if self.words[0] in PYTHON and self.words[1:2] == ("-m",) else self.words[0]

    @property
    def arguments(self) -> tuple[str, ...]:
        """All that follows the program."""
        return self.words[3:] if self.words[0] in PYTHON and self.words[1:2] == ("-m",) else self.words[1:]

    @property
    def options(self) -> set[str]:
        """Names of its options, without values."""
        return {word.partition("=")[0] for word in self.arguments if word.startswith("-") and word != "--"}


def commands_in(text: str) -> list[Command]:
    """The commands of a block. A quoted value may go over several lines.

    Raises:
        ValueError: a quote has no end.
    """
    found: list[Command] = []
    lines = text.splitlines()
    while lines:
        chunk = lines.pop(0)
        while True:
            try:
                words = _words(chunk)
                break
            except ValueError:
                if not lines:
                    raise
                chunk += "\n" + lines.pop(0)
        found += _split(words)
    return found


def unknown_placeholders(text: str) -> list[str]:
    """Placeholders that are not in the list."""
    return [name for name in _PLACEHOLDER.findall(text) if name not in PLACEHOLDERS]


def _words(chunk: str) -> list[str]:
    lexer = shlex.shlex(_PLACEHOLDER.sub(r"{\1}", chunk), posix=True, punctuation_chars=";&|>")
    lexer.whitespace_split = True
    return list(lexer)


def _split(words: Sequence[str]) -> Iterator[Command]:
    variables: list[str] = []
    own: list[str] = []
    skips = False
    for word in (*words, ";"):
        if skips:
            skips = False
        elif word in (">", ">>"):
            skips = True  # the file
        elif word in _OPERATORS:
            if own:
                yield Command(variables=tuple(variables), words=tuple(own))
            variables, own = [], []
        elif not own and re.match(r"[A-Z_]+=", word):
            variables.append(word)
        else:
            own.append(word)


# -- what is wrong with it -----------------------------------------------------------------------------------------


def refusal_of(command: Command) -> str:
    """Why a command cannot be typed like that; empty where it can. Values are not looked at."""
    if command.program in OURS:
        return refusal(command.program, shlex.join(command.arguments))
    if command.program == "make":
        return _not_of_make(command.arguments)
    if command.program in (*BUILTINS, *FOREIGN, "pytest"):
        return ""
    return f"{command.program} is no program of tests/docs/command_line.py"


def refusal(program: str, words: str) -> str:
    """Why a program of ours does not know these words; empty where it does."""
    command, rest = resolved(program, shlex.split(words, comments=True))
    if isinstance(command, TyperGroup) and rest and not rest[0].startswith("-"):
        return f"there is no command {rest[0]}"
    try:
        _, left, _ = command.make_parser(typer.Context(command)).parse_args(rest)
    except TyperException as error:
        return str(error.format_message())
    return f"{left} is too much" if left and not isinstance(command, TyperGroup) else ""


def resolved(program: str, words: Sequence[str]) -> tuple[Any, list[str]]:
    """The command that these words choose, and what follows its name."""
    rest = list(words)
    command: Any = _group(program)
    while isinstance(command, TyperGroup) and rest and rest[0] in command.commands:
        command = command.commands[rest.pop(0)]
    return command, rest


@cache
def _group(program: str) -> Any:
    """Made once, so that a command is the same object whenever it is chosen."""
    return typer.main.get_command(OURS[program])


def _not_of_make(words: Sequence[str]) -> str:
    targets, variables = of_make()
    wrong = [
        name
        for name, equals, _ in (word.partition("=") for word in words)
        if name not in (variables if equals else targets)
    ]
    return f"the Makefile has no {', '.join(wrong)}" if wrong else ""


@cache
def of_make() -> tuple[set[str], set[str]]:
    """The targets and the variables of the Makefile."""
    makefile = (ROOT / "Makefile").read_text()
    return set(re.findall(r"^([a-z-]+):", makefile, re.M)), set(
        re.findall(r"^([A-Z]+)\s*\??=", makefile, re.M)
    )
