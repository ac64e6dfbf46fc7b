"""The reviewed snapshots: one stack of each kind in full, each other environment as its difference from one that is near."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.stacks.difference import DoesNotFit, applied, difference
from tests.stacks.snapshot import Sections, sections
from tests.stacks.synthesis import Synthesized, cloud, synthesized

FOLDER = Path(__file__).parent / "snapshots"
REGENERATE = "UPDATE_SNAPSHOTS=1 .venv/bin/python -m pytest tests/stacks"
SHOWN = 80
"""Lines of a difference that a failure prints."""

IN_FULL = "prod"
"""The environment whose stacks are kept in full."""
BASES = {
    "local": "rehearsal",
    "rehearsal-3": "rehearsal",
    "rehearsal-4": "rehearsal",
    "rehearsal-managed": "rehearsal",
}
"""What an environment is compared with where that is not prod: whichever makes the difference shorter."""

STACKS: dict[str, Callable[[str], Synthesized[Any]]] = {"services": synthesized, "cloud": cloud}


class NotAsReviewed(Exception):
    """A stack is not what its snapshot says; the text is for the person who changed it."""


@dataclass(frozen=True)
class Snapshot:
    """Of one stack (``services`` or ``cloud``) of one environment."""

    environment: str
    stack: str

    @property
    def base(self) -> Snapshot | None:
        """Whose sections its file changes; none where it holds them in full."""
        if self.environment == IN_FULL:
            return None
        return Snapshot(BASES.get(self.environment, IN_FULL), self.stack)

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.environment}-{self.stack}.{'diff' if self.base else 'txt'}"

    def now(self) -> Synthesized[Any]:
        """The stack as the code makes it."""
        return STACKS[self.stack](self.environment)

    def write(self) -> None:
        """Takes over what the code makes now, and, in a difference, what it makes of the base."""
        self.path.parent.mkdir(exist_ok=True)
        found = sections(self.now())
        if self.base:
            what = f"as changes of {self.base.path.name}"
            lines = difference(sections(self.base.now()), found)
        else:
            what = "in full"
            lines = [
                line for name, content in found.items() for line in (name, *(f"  {each}" for each in content))
            ]
        heading = f"# {self.environment}-{self.stack} {what}; written by {REGENERATE}"
        self.path.write_text("\n".join([heading, *lines]) + "\n")

    def reviewed(self) -> Sections:
        """What the file says, with those that it builds on.

        Raises:
            NotAsReviewed: a file is missing, or does not fit its base.
        """
        if not self.path.is_file():
            raise NotAsReviewed(f"there is no {self.path.name}; {REGENERATE} writes it")
        lines = self.path.read_text().split("\n")[1:-1]
        if not self.base:
            return _in_full(lines)
        try:
            return applied(self.base.reviewed(), lines)
        except DoesNotFit as error:
            raise NotAsReviewed(
                f"{self.path.name} does not fit {self.base.path.name}: {error}; {REGENERATE} writes both anew"
            ) from None

    def check(self, found: Synthesized[Any]) -> None:
        """Compares a stack with the snapshot.

        Raises:
            NotAsReviewed: they differ; the text shows the first 80 lines of how.
        """
        lines = difference(self.reviewed(), sections(found))
        if lines:
            more = f"\n... {len(lines) - SHOWN} lines more" if len(lines) > SHOWN else ""
            raise NotAsReviewed(
                f"{self.environment}-{self.stack} is not as reviewed in {self.path.name} (-: reviewed, +: now). "
                f"If the change is meant, take it over and review it in git: {REGENERATE}\n"
                + "\n".join(lines[:SHOWN])
                + more
            )


def _in_full(lines: Iterable[str]) -> Sections:
    found: Sections = {}
    content: list[str] = []
    for line in lines:
        if line.startswith("  "):
            content.append(line[2:])
        else:
            content = found[line] = []
    return found
