"""Runs all rules over an environment."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sprocket_constructs import ConstructError

from layers.errors import SettingsError
from layers.loading import environment_names
from layers.services import synthesize
from ops.check.address import addresses_of
from ops.check.finding import Finding
from ops.check.platform import Platform
from ops.check.rules import RULES
from ops.errors import Obstacle, WrongUse

Say = Callable[[str], None]
"""Hears what is being done."""

BEFORE_THE_FIX = "; "
"""Between what is wrong and what to do in the errors of layers and constructs."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """One environment: what was looked at, and what was found. Nothing is looked at where it cannot be synthesized."""

    environment: str
    findings: tuple[Finding, ...]
    services: int = 0
    files: int = 0
    addresses: int = 0
    secrets: int = 0

    @property
    def errors(self) -> list[Finding]:
        """What cannot work."""
        return [finding for finding in self.findings if finding.severity == "error"]

    @property
    def lacking(self) -> list[Finding]:
        """What a deploy lacks still."""
        return [finding for finding in self.findings if finding.severity == "deploy"]


def chosen(names: Sequence[str]) -> list[str]:
    """Names of environments; ``all`` stands for every one.

    Raises:
        WrongUse: there is no environment of that name.
    """
    known = environment_names()
    for name in names:
        if name not in (*known, "all"):
            raise WrongUse(f"there is no environment {name!r}", fix=f"use one of {', '.join(known)}, or all")
    return known if "all" in names else list(dict.fromkeys(names))


def is_fine(results: Sequence[Checked], *, deploy: bool = False) -> bool:
    """Whether nothing was found that counts; for a deploy, what it lacks counts too."""
    return not any(result.errors or (deploy and result.lacking) for result in results)


def check(environment: str, say: Say = lambda text: None) -> Checked:
    """Synthesizes an environment, elsewhere than in cdktf.out, and runs every rule over it."""
    say(f"checking {environment}")
    with tempfile.TemporaryDirectory(prefix="sprocket-check-") as folder:
        try:
            stack = synthesize(environment, outdir=folder)
        except (SettingsError, ConstructError) as error:
            return Checked(environment=environment, findings=tuple(refusals(error, environment)))
        document = json.loads((Path(folder) / "stacks" / stack.node.id / "cdk.tf.json").read_text())
    return checked(environment, Platform.of(stack, document))


def checked(environment: str, platform: Platform) -> Checked:
    """The same for a platform that is synthesized already."""
    return Checked(
        environment=environment,
        findings=tuple(findings_in(platform)),
        services=len(platform.services),
        files=sum(len(service.files) for service in platform.services),
        addresses=sum(len(addresses_of(service)) for service in platform.services),
        secrets=len(platform.declared.secrets),
    )


def findings_in(platform: Platform) -> Iterator[Finding]:
    """What all rules find, each finding once."""
    seen = set()
    for rule in RULES:
        for finding in rule(platform):
            key = (finding.path, finding.what, finding.cause)
            if key not in seen:
                seen.add(key)
                yield replace(finding, rule=rule.__name__)


def obstacles(environment: str) -> list[Obstacle]:
    """What cannot work, as a deploy names what stands in its way."""
    return [
        Obstacle(what=f"{finding.path}: {finding.what}; {finding.cause}", fix=finding.fix)
        for finding in check(environment).errors
    ]


def refusals(error: Exception, environment: str) -> Iterator[Finding]:
    """An environment that cannot be synthesized: a finding for each line of the error."""
    origin = error.__cause__ if isinstance(error.__cause__, ConstructError) else error
    if isinstance(origin, ConstructError):
        yield _refusal(origin.path, origin.problem, origin.fix)
        return
    for line in str(error).splitlines():
        path, problem = _split(line, environment)
        what, _, fix = problem.rpartition(BEFORE_THE_FIX)
        yield _refusal(path, what or problem, fix if what else "change the setting")


def _split(line: str, environment: str) -> tuple[str, str]:
    """``prod.yaml: nodes/app/size: is too small`` in its path and the rest; a path has no spaces in it."""
    parts = line.replace(": (whole file): ", ": ", 1).split(": ")
    count = 0
    while count < len(parts) - 1 and " " not in parts[count]:
        count += 1
    return ": ".join(parts[:count]) or f"{environment}.yaml", ": ".join(parts[count:])


def _refusal(path: str, what: str, fix: str) -> Finding:
    return Finding(path=path, what=what, cause="it cannot be synthesized", fix=fix, rule="synthesis")
