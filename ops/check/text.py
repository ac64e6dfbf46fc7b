"""What was found, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from ops.check.finding import Finding
from ops.check.runner import Checked
from ops.model.template import shown


def render(results: Sequence[Checked]) -> str:
    """A paragraph for each environment: what was looked at, what cannot work, what a deploy lacks still."""
    return "\n".join(line for result in results for line in _environment(result)) + "\n"


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
        }
        for result in results
    ]


def _environment(result: Checked) -> Iterator[str]:
    looked_at = f"{result.services} services, {result.files} files, {result.addresses} addresses, {result.secrets} secrets"
    count = len(result.errors)
    found = "nothing wrong" if not count else f"{count} {'finding' if count == 1 else 'findings'}"
    yield f"{result.environment}: {found}" + (f" in {looked_at}" if result.services else "")
    for finding in result.errors:
        path, what, cause, fix = _parts(finding)
        yield f"  ! {path}"
        yield f"      {what}: {cause}"
        yield f"      fix: {fix}"
    if result.lacking:
        yield f"  a deploy still lacks ({len(result.lacking)}):"
    for finding in result.lacking:
        path, what, cause, fix = _parts(finding)
        yield f"  ~ {path} {what}: {cause}"
    for fix in dict.fromkeys(_parts(finding)[3] for finding in result.lacking):
        yield f"      fix: {fix}"


def _parts(finding: Finding) -> tuple[str, str, str, str]:
    return shown(finding.path), shown(finding.what), shown(finding.cause), shown(finding.fix)


def _plain(finding: Finding) -> dict[str, str]:
    return {name: shown(str(value)) for name, value in asdict(finding).items()}
