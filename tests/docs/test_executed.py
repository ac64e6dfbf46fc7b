"""``make docs-check``: types the commands of the documentation that can run here, block by block, in the order of the pages.

Commands for an environment run for ``local``, which the first block deploys: ``prod`` in them becomes ``local``. What a command asks
is answered by ``--yes`` and ``--confirm local``. Commands that read only the files here run as they are written.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.docs.blocks import CLONE, DOCS_CHECK, ROOT, Block, blocks
from tests.docs.command_line import OURS, Command, commands_in, resolved
from tests.docs.executor import executes, source_of

pytestmark = pytest.mark.proof

HERE = [block for block in blocks() if DOCS_CHECK in block.executors]
IN_A_CLONE = [block for block in blocks() if CLONE in block.executors]
AS_WRITTEN = {"check", "cost", "images list", "table"}
"""Commands that read the files of the repository and nothing else."""

SECONDS = 1800
"""The longest, the whole platform from nothing, takes minutes; a machine without images builds them first."""


def left_to_docs_check(block: Block) -> list[Command]:
    """The commands that no test of the block has."""
    paths = [path for name in block.executors if (path := source_of(name))]
    return [
        command for command in commands_in(block.text) if not any(executes(path, command) for path in paths)
    ]


def typed_here(command: Command) -> tuple[str, ...]:
    """The command for the local platform, with the answers to its questions."""
    words = tuple(re.sub(r"\bprod\b", "local", word) for word in command.words)
    if command.program not in OURS:
        return words
    known, rest = resolved(command.program, command.arguments)
    name = " ".join(command.arguments[: len(command.arguments) - len(rest)])
    if name in AS_WRITTEN or "--base" in rest:
        return command.words
    options = {option for parameter in known.params for option in parameter.opts} - command.options
    return (
        *words,
        *(["--yes"] if "--yes" in options else []),
        *(["--confirm", "local"] if "--confirm" in options else []),
    )


def reads_files_only(block: Block) -> bool:
    """Whether it needs no platform."""
    return all(
        each.program in OURS and typed_here(each) == each.words and "--env local" not in str(each)
        for each in left_to_docs_check(block)
    )


def run(command: Command, words: tuple[str, ...], *, root: Path, folder: Path) -> str:
    """Runs it as a person would who has ``.venv/bin`` in PATH, and returns what it printed.

    Files that our commands write go to ``folder``.
    """
    own = command.program in OURS
    variables = dict(each.split("=", 1) for each in command.variables)
    path = f"{root / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        words,
        cwd=folder if own and root == ROOT else root,
        env={**os.environ, "PATH": path, **({"PYTHONPATH": str(root)} if own else {}), **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    print(f"$ {shlex.join(words)}\n{done.stdout}")
    assert done.returncode == 0, f"{shlex.join(words)} ended with {done.returncode}: {done.stdout[-2000:]}"
    return done.stdout


def not_printed(shown: str, output: str) -> list[str]:
    """Lines that a page shows and the commands did not print; ``...`` in a line stands for anything."""
    text = " ".join(re.sub(r"\bprod\b", "local", output).split())
    lines = [" ".join(re.sub(r"\bprod\b", "local", line).split()) for line in shown.splitlines()]
    return [line for line in lines if line and not re.search(re.escape(line).replace(r"\.\.\.", ".*"), text)]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where files go that commands write, for the commands after them."""
    return tmp_path_factory.mktemp("documented")


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(block, id=str(block), marks=() if reads_files_only(block) else pytest.mark.live)
        for block in HERE
    ],
)
def test_a_block_on_the_local_platform(block: Block, folder: Path) -> None:
    output = "".join(
        run(each, typed_here(each), root=ROOT, folder=folder) for each in left_to_docs_check(block)
    )
    assert not_printed(block.printed, output) == []


@pytest.mark.parametrize("block", IN_A_CLONE, ids=str)
def test_a_block_that_changes_files(block: Block, tmp_path: Path) -> None:
    """In a clone of what is committed; ``git diff`` at its end prints nothing."""
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True, timeout=120)
    for name in (".venv", "node_modules"):
        if (ROOT / name).exists():
            (clone / name).symlink_to((ROOT / name).resolve())
    for command in left_to_docs_check(block):
        run(command, command.words, root=clone, folder=tmp_path)
    changed = subprocess.run(
        ["git", "diff", "--stat"], cwd=clone, capture_output=True, text=True, check=True, timeout=60
    )
    assert changed.stdout == ""
