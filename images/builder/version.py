"""Which version of a program runs, and how it compares with the one that production pins."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from images.builder.errors import ImagesError
from images.builder.lock import Entry
from images.builder.paths import PINNED_FILE
from images.builder.recipe import OUTSIDE

TIMEOUT_S = 120
_NUMBERS = re.compile(r"\d+(?:\.\d+)+(?:-\d{14}-[0-9a-f]+)?|\d{4}-\d{2}-\d{2}T[0-9-]+Z|sha-[0-9a-f]{7,40}")


def pinned(file: Path = PINNED_FILE) -> dict[str, str]:
    """``name:tag`` of every image that production runs."""
    data: Any = YAML(typ="safe", pure=True).load(file.read_text())
    found = {name: f"{each['name']}:{each['tag']}" for name, each in data["images"].items()}
    for line in data.get("application", {}).values():
        for name, each in line["images"].items():
            found.setdefault(
                name,
                f"{each.get('name') or line['namespace'] + '/' + name}:{each.get('tag') or line.get('tag')}",
            )
    return OUTSIDE | found


def in_text(text: str) -> str:
    """The first version in what a program says; empty when there is none."""
    match = _NUMBERS.search(text)
    return match[0] if match else ""


def asked(image: str, words: Sequence[str]) -> str:
    """The version that the program in an image prints.

    Raises:
        ImagesError: it does not start, prints none, or keeps running.
    """
    name = f"sprocket-version-{os.getpid()}"
    command = ["docker", "run", "--rm", "--name", name, "--network", "none", "--entrypoint", words[0]]
    try:
        run = subprocess.run(
            [*command, image, *words[1:]], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        subprocess.run(["docker", "rm", "--force", name], capture_output=True, timeout=60, check=False)
        raise ImagesError(
            f"{' '.join(words)} in image {image} did not end within {TIMEOUT_S} s\n"
            "  a program that prints its version ends at once: use another program, or check whether the engine is busy"
        ) from None
    version = in_text(run.stdout + run.stderr)
    if run.returncode or not version:
        said = " ".join((run.stdout + run.stderr).split())[-300:] or "nothing"
        raise ImagesError(
            f"{' '.join(words)} in image {image} ended with {run.returncode} and says: {said}\n"
            "  the program does not start there: use one for Linux on this architecture, with the libraries that it needs"
        )
    return version


def what_ran(entry: Entry) -> str:
    """``real``, ``real, other version <x>``, or ``stand-in``."""
    if entry.kind != "real":
        return entry.kind
    tag = entry.stands_in_for.rpartition(":")[2]
    if not entry.version:
        return "real, version not known"
    same = entry.version == in_text(tag)
    return "real" if same else f"real, other version {entry.version}"


def table(entries: dict[str, Entry]) -> list[tuple[str, str, str]]:
    """Program, pinned version, what ran; a heading first."""
    rows = [(name, entry.stands_in_for, what_ran(entry)) for name, entry in sorted(entries.items())]
    return [("program", "pinned", "what runs"), *rows]


def unproven(entries: dict[str, Entry]) -> str:
    """One sentence about what a run with these images does not prove."""
    standing = sorted(name for name, entry in entries.items() if entry.kind != "real")
    if not standing:
        return "every program is real"
    return f"stand-ins prove files, users, ports and credentials, and nothing of what the program does: {', '.join(standing)}"
