"""What does not work, for people."""

from __future__ import annotations

from collections.abc import Iterator

from ops.doctor.finding import Diagnosis, Finding
from ops.terminal.counted import counted


def render(diagnosis: Diagnosis) -> str:
    """Each finding: cause, evidence, next command; then what could not be asked. A line where nothing was found."""
    return "\n".join([_headline(diagnosis), *_lines(diagnosis)]) + "\n"


def _headline(diagnosis: Diagnosis) -> str:
    count = len(diagnosis.findings)
    if count:
        return f"{diagnosis.environment}: {counted(count, 'finding')}"
    but = "; not everything could be asked" if diagnosis.unasked else ""
    return f"{diagnosis.environment}: nothing found ({', '.join(diagnosis.looked_at)}){but}"


def _lines(diagnosis: Diagnosis) -> Iterator[str]:
    for finding in diagnosis.findings:
        yield from _finding(finding)
    yield from (f"  ? not asked: {each}" for each in diagnosis.unasked)


def _finding(finding: Finding) -> Iterator[str]:
    yield f"  ! {finding.about} [{finding.kind}]"
    yield f"      {finding.cause}"
    yield from (f"      | {line}" for line in finding.evidence)
    if finding.explains:
        yield f"      this may be why these fail, too: {', '.join(finding.explains)}"
    yield f"      next: {finding.next}"
