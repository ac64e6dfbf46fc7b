"""Checks environments: all rules, what a deploy still needs, and what was acknowledged."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sprocket_constructs import ConstructError

from layers.conflicts import comparable, conflicts
from layers.errors import Problem, SettingsError
from layers.images import LOCK, unknown_promotions
from layers.loading import (
    environment_names,
    folder_problem,
    instead_of,
    load_environment,
    load_resources,
)
from layers.platform.lines import optional_shares
from layers.services import synthesize
from layers.site import unused_shares
from ops.check import acknowledgement, needs
from ops.check.acknowledgement import Acknowledged
from ops.check.address import addresses_of
from ops.check.finding import Finding, Stack, of_problem
from ops.check.platform import Platform
from ops.check.rules import RULES
from ops.errors import WrongUse
from ops.terminal.screen import Say

SYNTHESIS = "synthesis"
"""Instead of a rule's name: the environment cannot be synthesized."""

CONFLICT = "environments_share_nothing"
"""Instead of a rule's name: two environments want the same thing."""

TOGETHER = "environments together"
"""Instead of an environment's name: what is found in all of them compared."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """One environment: what was looked at, and what was found. Nothing is looked at where it cannot be synthesized."""

    environment: str
    findings: tuple[Finding, ...]
    acknowledged: tuple[Acknowledged, ...] = ()
    services: int = 0
    files: int = 0
    addresses: int = 0
    secrets: int = 0
    asked_shares: frozenset[str] = frozenset()
    """Names of limits and reservations that its services asked for."""

    @property
    def errors(self) -> list[Finding]:
        """What cannot work."""
        return [finding for finding in self.findings if finding.severity == "error"]

    @property
    def lacking(self) -> list[Finding]:
        """What a deploy still needs."""
        return [finding for finding in self.findings if finding.severity == "deploy"]


def chosen(names: Sequence[str]) -> list[str]:
    """Names of environments; ``all`` stands for every one.

    Raises:
        WrongUse: there is no environment of that name, or none at all.
    """
    if problem := folder_problem():
        raise WrongUse(f"{problem.path}: {problem.problem}", fix=problem.fix)
    known = environment_names()
    for name in names:
        if name not in (*known, "all"):
            raise WrongUse(f"there is no environment {name!r}", fix=instead_of(name, known, "all"))
    return known if "all" in names else list(dict.fromkeys(names))


def is_fine(results: Sequence[Checked], *, deploy: bool = False) -> bool:
    """Whether nothing was found that counts; for a deploy, what it still needs counts too."""
    return not any(result.errors or (deploy and result.lacking) for result in results)


def check_all(
    names: Sequence[str], say: Say = lambda text: None, *, today: date | None = None
) -> list[Checked]:
    """Checks environments, each by itself, and all that there are against each other.

    Args:
        names: of environments; ``all`` stands for every one. Conflicts are found whichever are chosen, and are the
            last result.
    """
    results = [check(name, say, today=today) for name in chosen(names)]
    between = (*findings_between(environment_names()), *unused_limits(results))
    return [*results, Checked(environment=TOGETHER, findings=between)] if between else results


def findings_between(names: Sequence[str]) -> Iterator[Finding]:
    """What environments would take from each other, and promotions to and acknowledgements of none of them.

    Those that cannot be read, or whose instances take names from each other, are left out: their own check says so.
    """
    environments = comparable(names)
    yield from acknowledgement.misnamed(names)
    for problem in conflicts(environments):
        yield of_problem(problem, rule=CONFLICT)
    if len(environments) == len(names):
        for problem in unknown_promotions(LOCK, environments):
            yield of_problem(problem, rule="promotions_are_known", stack="services")


def unused_limits(results: Sequence[Checked]) -> Iterator[Finding]:
    """Entries of resource tables that no service of any environment has.

    Only where every environment was synthesized: one that was not may have the service.
    """
    synthesized = {result.environment for result in results if result.services}
    if synthesized != set(environment_names()):
        return
    asked = optional_shares().union(*(result.asked_shares for result in results))
    for table in sorted({load_environment(name).resources_table for name in synthesized}):
        for problem in unused_shares(table, load_resources(table), asked):
            yield of_problem(problem, rule="limits_are_used", stack="services")


def check(environment: str, say: Say = lambda text: None, *, today: date | None = None) -> Checked:
    """Checks one environment.

    It is synthesized elsewhere than in cdktf.out, and every rule looks at it. Conflicts with other environments are
    :func:`check_all`'s.

    Args:
        today: the day by which acknowledgements expire.
    """
    say(f"checking {environment}")
    try:
        entries = acknowledgement.acknowledgements_of(environment)
        expired = list(acknowledgement.expired(environment, today or datetime.now(UTC).date()))
    except SettingsError as error:
        return Checked(
            environment=environment,
            findings=tuple(of_problem(each, rule=SYNTHESIS) for each in error.problems),
        )
    with tempfile.TemporaryDirectory(prefix="sprocket-check-") as folder:
        try:
            stack = synthesize(environment, outdir=folder)
        except (SettingsError, ConstructError) as error:
            return Checked(environment=environment, findings=tuple(refusals(error, environment)))
        platform = Platform.of(stack, _read(folder, stack.site.settings.services_stack))
        documents: dict[Stack, Mapping[str, Any]] = {}
        if stack.site.settings.cloud is not None:
            documents["cloud"] = _read(folder, stack.site.settings.cloud_stack)
        documents["services"] = platform.document
    day = today or datetime.now(UTC).date()
    findings = [
        *findings_in(platform),
        *expired,
        *needs.images_without_recipe(stack),
        *needs.values_needed(environment, documents),
        *needs.values_refused(documents),
    ]
    result = checked(platform, findings, entries, day)
    return replace(result, asked_shares=frozenset(stack.site.asked_shares))


def checked(
    platform: Platform,
    findings: Sequence[Finding],
    entries: Sequence[acknowledgement.Acknowledgement],
    today: date,
) -> Checked:
    """The result for a synthesized platform, with acknowledged findings apart from the others."""
    still, acknowledged = acknowledgement.split(platform.settings.name, findings, entries, today)
    return Checked(
        environment=platform.settings.name,
        findings=tuple(still),
        acknowledged=tuple(acknowledged),
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


def refusals(error: SettingsError | ConstructError, environment: str) -> Iterator[Finding]:
    """An environment that cannot be synthesized: a finding for each problem of the error."""
    origin = error.__cause__ if isinstance(error.__cause__, ConstructError) else error
    if isinstance(origin, ConstructError):
        yield of_problem(Problem(problem=origin.problem, fix=origin.fix, setting=origin.path), rule=SYNTHESIS)
    elif isinstance(error, SettingsError):
        for problem in error.problems:
            yield of_problem(replace(problem, file=problem.file or f"{environment}.yaml"), rule=SYNTHESIS)


def _read(folder: str, stack: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((Path(folder) / "stacks" / stack / "cdk.tf.json").read_text())
    return document
