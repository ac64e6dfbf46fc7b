"""The report of a rehearsal: results, what was real, and what stood in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ops.report.programs import Program, table
from ops.terminal.columns import columns
from rehearsal.suite.outcome import Outcome

REAL = (
    "Terraform, and its providers for DigitalOcean, Docker, random and tls, against the API and over ssh",
    "the user data, unchanged, by cloud-init and systemd; sshd, Docker Engine and its swarm on every node",
    "both stacks as they are for production, from the same code",
    "the file systems on volumes, the firewall's rules, the swarm's overlay networks",
)


def render(
    environment: str,
    outcomes: Sequence[Outcome],
    notes: Mapping[str, str],
    stand_ins: Sequence[tuple[str, str]],
    seconds: float,
    programs: Mapping[str, Program],
) -> str:
    """The report; the last line is ``N passed, N failed``."""
    blocks = [
        [f"rehearsal of {environment}, {seconds / 60:.1f} minutes"],
        list(columns([("", "seconds", "step or check", "found"), *map(_row, outcomes)])),
        ["real", *(f"  {line}" for line in REAL)],
        ["what stood in", *columns([*stand_ins, *notes.items()], indent="  ")],
        list(table(programs)),
        [counts(outcomes)],
    ]
    return "\n\n".join("\n".join(block) for block in blocks)


def counts(outcomes: Sequence[Outcome]) -> str:
    """The last line."""
    passed = sum(each.ok is True for each in outcomes)
    failed = sum(each.ok is False for each in outcomes)
    return f"{passed} passed, {failed} failed"


def _row(outcome: Outcome) -> tuple[str, str, str, str]:
    seconds = f"{outcome.seconds:.0f}" if outcome.ok is not None else ""
    return outcome.word, seconds, outcome.name, " ".join(_first(outcome.found))


def _first(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if line.strip():
            yield line.strip()
