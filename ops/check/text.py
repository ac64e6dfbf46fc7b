"""What was found, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from ops.check.finding import Finding
from ops.check.runner import Checked
from ops.model.template import shown
from ops.terminal.counted import counted


def render(results: Sequence[Checked], *, deploy: bool = False) -> str:
    """A paragraph for each environment: what was looked at, what cannot work, what is acknowledged, what a deploy needs.

    Args:
        deploy: print all that a deploy needs, what several environments need alike once; by default its count.
    """
    lines: list[str] = []
    shown_for: dict[tuple[str, ...], str] = {}
    for result in results:
        lines += _environment(result)
        lines += _lacking(result, shown_for) if deploy else _count_of_lacking(result)
    return "\n".join(lines) + "\n"


def as_data(results: Sequence[Checked]) -> list[dict[str, Any]]:
    """The same for JSON."""
    return [
        {
            "environment": result.environment,
            "services": result.services,
            "files": result.files,
            "addresses": result.addresses,
            "secrets": result.secrets,
            "findings": [_plain(finding) for finding in result.findings],
            "acknowledged": [
                {
                    **_plain(each.finding),
                    "reason": each.entry.reason,
                    "until": each.entry.until.isoformat() if each.entry.until else None,
                }
                for each in result.acknowledged
            ],
        }
        for result in results
    ]


def _environment(result: Checked) -> Iterator[str]:
    looked_at = f"{result.services} services, {result.files} files, {result.addresses} addresses, {result.secrets} secrets"
    count = len(result.errors)
    found = "nothing wrong" if not count else f"{counted(count, 'finding')}"
    if result.acknowledged:
        found += f", {len(result.acknowledged)} acknowledged,"
    yield f"{result.environment}: {found}" + (f" in {looked_at}" if result.services else "")
    for finding in result.errors:
        yield f"  ! {shown(finding.path)} [{finding.name}]"
        yield f"      {_why(finding)}"
        yield f"      fix: {shown(finding.fix)}"
    for each in result.acknowledged:
        until = f", until {each.entry.until}" if each.entry.until else ""
        yield f"  = {shown(each.finding.path)} [{each.finding.name}]"
        yield f"      {_why(each.finding)}"
        yield f"      acknowledged{until}: {each.entry.reason}"


def _count_of_lacking(result: Checked) -> Iterator[str]:
    if count := len(result.lacking):
        yield f"  ~ a deploy still needs {counted(count, 'thing')}; to see them: python -m ops check --env {result.environment} --deploy"


def _lacking(result: Checked, shown_for: dict[tuple[str, ...], str]) -> Iterator[str]:
    """What a deploy still needs; those with the same fix share one line of it.

    Args:
        shown_for: lines that were printed already, and for which environment; this one's are added.
    """
    findings = result.lacking
    if findings:
        yield f"  a deploy still needs ({len(findings)}):"
    for fix in dict.fromkeys(finding.fix for finding in findings):
        alike = [finding for finding in findings if finding.fix == fix]
        lines = (*(f"  ~ {shown(f.path)} {_why(f)}" for f in alike), f"      fix: {shown(fix)}")
        first = shown_for.setdefault(lines, result.environment)
        if first == result.environment:
            yield from lines
        else:
            yield f"  ~ {', '.join(shown(finding.path) for finding in alike)}: as for {first}"


def _why(finding: Finding) -> str:
    return ": ".join(shown(part) for part in (finding.what, finding.cause) if part)


def _plain(finding: Finding) -> dict[str, str]:
    plain = {name: shown(str(value)) for name, value in asdict(finding).items() if name != "rule"}
    return {"name": finding.name, **plain}
