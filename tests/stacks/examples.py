"""The examples of CONTRIBUTING.md: each is a diff in docs/examples that applies with plain `git apply`.

A diff is its own source. ``refreshed`` writes it anew for the files of today: each hunk belongs after (or before) the line that
it shows as context, found by its text, else by its first word, wherever that line is now.
"""

from __future__ import annotations

import difflib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.stacks.synthesis import temporary_folder

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "examples"
EXAMPLES = tuple(sorted(path.stem for path in FOLDER.glob("*.diff")))
UPDATE = bool(os.environ.get("UPDATE_SNAPSHOTS"))

COPIED = ("environments", "images", "layers", "ops", "tests")
COPIED_FILES = ("cdktf.json", "images.lock.yaml", "main.py", "pyproject.toml")
LEFT_OUT = ("__pycache__", "snapshots")


class Hunk(NamedTuple):
    """Lines that go and lines that come, and the context around them; empty where there is none."""

    before: str
    removed: list[str]
    added: list[str]
    after: str


@cache
def text_of(example: str) -> str:
    """The diff; with UPDATE_SNAPSHOTS, written anew first."""
    path = FOLDER / f"{example}.diff"
    if UPDATE:
        path.write_text(refreshed(path.read_text(), sources()))
    return path.read_text()


@cache
def sources() -> Path:
    """A copy of the sources that no example is applied to; made once, so nobody may change it."""
    folder = temporary_folder() / "copy"
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(*LEFT_OUT))
    for name in COPIED_FILES:
        shutil.copy(ROOT / name, folder / name)
    for example in EXAMPLES:
        diff = FOLDER / f"{example}.diff"
        if git_apply(folder, diff, "--reverse", "--check").returncode == 0:
            git_apply(folder, diff, "--reverse")
    return folder


def git_apply(folder: Path, diff: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Plain `git apply`, in a folder that is in no repository."""
    return subprocess.run(
        ["git", "apply", *options, str(diff)],
        cwd=folder,
        env={**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)},
        capture_output=True,
        text=True,
        check=False,
    )


def refreshed(text: str, sources: Path) -> str:
    """The diff with the line numbers and the context that the sources have now."""
    lines: list[str] = []
    for name, hunks in _files(text):
        path = sources / name
        is_new = not path.exists()
        old = [] if is_new else path.read_text().splitlines()
        new = list(old)
        for hunk in hunks:
            at = 0 if is_new else _place(hunk, new, name)
            gone = new[at : at + len(hunk.removed)]
            assert gone == hunk.removed, f"{name}: an example replaces {hunk.removed}; write it anew by hand"
            new[at : at + len(gone)] = hunk.added
        origin = "/dev/null" if is_new else f"a/{name}"
        lines += difflib.unified_diff(old, new, origin, f"b/{name}", n=1, lineterm="")
    return "\n".join(lines) + "\n"


def _files(text: str) -> Iterator[tuple[str, list[Hunk]]]:
    for part in re.split(r"^--- .*\n\+\+\+ b/", text, flags=re.M)[1:]:
        name, _, body = part.partition("\n")
        yield name, [_hunk(lines) for lines in re.split(r"^@@ .*\n", body, flags=re.M)[1:]]


def _hunk(text: str) -> Hunk:
    lines = text.splitlines()
    changed = [number for number, line in enumerate(lines) if line[:1] in ("+", "-")]
    first, last = changed[0], changed[-1]
    return Hunk(
        before=lines[first - 1][1:] if first else "",
        removed=[line[1:] for line in lines if line[:1] == "-"],
        added=[line[1:] for line in lines if line[:1] == "+"],
        after=lines[last + 1][1:] if last + 1 < len(lines) else "",
    )


def _place(hunk: Hunk, lines: list[str], name: str) -> int:
    """Where the hunk's lines go or come."""
    if hunk.removed and lines.count(hunk.removed[0]) == 1:
        return lines.index(hunk.removed[0])
    for anchor, offset in ((hunk.before, 1), (hunk.after, 0)):
        for same in (str, _first_word):
            found = [number for number, line in enumerate(lines) if anchor and same(line) == same(anchor)]
            if len(found) == 1:
                return found[0] + offset
    raise AssertionError(
        f"{name}: an example follows the line {hunk.before!r}, which is gone; edit it in docs/examples"
    )


def _first_word(line: str) -> str:
    match = re.match(r"\s*\S+", line)
    return match[0] if match else line
