"""Findings that are intended: acknowledged by name, with a reason."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from layers.errors import Problem, SettingsError
from layers.loading import environments_folder
from layers.settings.model import Settings
from layers.validation import problems_in
from layers.yaml_file import read_yaml
from ops.check.finding import Finding
from ops.check.store_upgrade import StoreUpgrade
from ops.guard.acknowledged_change import AcknowledgedChange
from ops.model.template import shown

FOLDER = "acknowledged"
RULE = "acknowledgements_are_current"

Words = Annotated[str, Field(min_length=1, max_length=500)]

NEVER: Mapping[str, str] = {
    "synthesis": "without a synthesized stack there is nothing to deploy",
    "environments_share_nothing": "one environment would overwrite the other's resources",
    "instances_share_nothing": "one instance would overwrite the other's data",
    "routes_are_unique": "either of the two services could answer",
    "names_are_unique": "either of the two services could answer",
    "secrets_are_in_secrets": "it exposes a secret value",
    "routes_declare_access": "the page may be public; declare its access with expose_via(access=...)",
    "roles_have_members": "an admin page would admit nobody, or the wrong people",
    "guarded_routes_require_sign_in": "it makes an admin page public",
    "ssh_sources_are_restricted": "anyone on the internet could try to sign in to the nodes",
    "docker_socket_is_proxied": "access to the socket is root access to the node",
    "stores_are_pinned": "the store would start without its data",
    "stores_have_a_backup": "data could be lost; declare a backup with stores(backup=...), or the reason for having none",
    RULE: "edit or remove the entry itself",
}
"""Rules whose findings cannot be acknowledged, each with the reason. What a deploy still needs cannot either."""

NEEDED = "a deploy cannot succeed without it"


class Acknowledgement(Settings):
    """One entry of ``environments/acknowledged/<environment>.yaml``.

    Attributes:
        finding: name of the finding, as ``ops check`` prints it in brackets.
        about: where it is, as printed; ``*`` stands for any part of it.
        reason: why it is intended.
        until: last day on which it counts; without it, no end.
    """

    finding: Words
    about: Words
    reason: Words
    until: date | None = None

    def covers(self, finding: Finding) -> bool:
        """Whether this entry acknowledges the finding."""
        place = ".*".join(re.escape(part) for part in self.about.split("*"))
        return self.finding == finding.name and bool(re.fullmatch(place, shown(finding.path)))


class Acknowledgements(Settings):
    """The acknowledgements in one file: of findings, of steps between versions of stores, of other changes of a plan."""

    acknowledged: list[Acknowledgement] = Field(default_factory=list)
    upgrades: list[StoreUpgrade] = Field(default_factory=list)
    changes: list[AcknowledgedChange] = Field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Acknowledged:
    """A finding, and the entry that acknowledges it."""

    finding: Finding
    entry: Acknowledgement


def acknowledgements_of(environment: str, folder: Path | None = None) -> list[Acknowledgement]:
    """The entries of an environment's file; none where there is no file.

    Raises:
        SettingsError: the file cannot be read, or an entry is not one.
    """
    return _read(environment, folder).acknowledged


def upgrades_of(environment: str, folder: Path | None = None) -> list[StoreUpgrade]:
    """The steps between versions of stores that an environment's file acknowledges; none where there is no file.

    Raises:
        SettingsError: the file cannot be read, or an entry is not one.
    """
    return _read(environment, folder).upgrades


def acknowledged_changes(environment: str, folder: Path | None = None) -> list[AcknowledgedChange]:
    """The changes of a plan that an environment's file acknowledges; none where there is no file.

    Raises:
        SettingsError: the file cannot be read, or an entry is not one.
    """
    return _read(environment, folder).changes


def expired(environment: str, today: date, folder: Path | None = None) -> Iterator[Finding]:
    """A finding for each upgrade or change that may not be deployed any more: it was, or nobody is about to.

    Raises:
        SettingsError: the file cannot be read, or an entry is not one.
    """
    read = _read(environment, folder)
    once: Mapping[str, Sequence[StoreUpgrade | AcknowledgedChange]] = {
        "upgrades": read.upgrades,
        "changes": read.changes,
    }
    for key, entries in once.items():
        for number, entry in enumerate(entries):
            if today > entry.until:
                yield Finding(
                    path=f"{_name(environment)}: {key}/{number}",
                    what=f"expired on {entry.until}",
                    cause=f"it allowed {entry}",
                    fix="remove the entry; where it is still to be deployed, set a later date",
                    rule=RULE,
                    stack="",
                )


def _read(environment: str, folder: Path | None) -> Acknowledgements:
    path = _file(environment, folder)
    name = _name(environment)
    if not path.exists():
        return Acknowledgements()
    try:
        given = read_yaml(path, name)
    except SettingsError as error:
        raise SettingsError(*map(_with_the_key, error.problems)) from None
    try:
        return Acknowledgements.model_validate(given)
    except ValidationError as error:
        raise SettingsError(*problems_in(error, Acknowledgements, lambda setting: name)) from None


def misnamed(environments: Collection[str], folder: Path | None = None) -> Iterator[Finding]:
    """Files of acknowledgements that no environment reads: there is none of that name, or the name does not end in .yaml."""
    place = (folder or environments_folder()) / FOLDER
    read = {f"{environment}.yaml" for environment in environments}
    for path in sorted(place.iterdir()) if place.is_dir() else ():
        if path.name not in read and path.suffix.lower() in ("", ".yaml", ".yml") and path.name[0] != ".":
            yield Finding(
                path=f"{FOLDER}/{path.name}",
                what="is read by no environment",
                cause=f"such a file is called {FOLDER}/<environment>.yaml, and there are {', '.join(environments)}",
                fix="rename the file, or remove it",
                rule=RULE,
                stack="",
            )


def split(
    environment: str, findings: Sequence[Finding], entries: Sequence[Acknowledgement], today: date
) -> tuple[list[Finding], list[Acknowledged]]:
    """Findings that still count, with those about the entries themselves, and the acknowledged ones."""
    acknowledged: list[Acknowledged] = []
    still: list[Finding] = []
    for finding in findings:
        entry = next(
            (each for each in entries if each.covers(finding) and _counts(each, finding, today)), None
        )
        if entry is None:
            still.append(finding)
        else:
            acknowledged.append(Acknowledged(finding=finding, entry=entry))
    for number, entry in enumerate(entries):
        still += _wrong(environment, number, entry, findings, today)
    return still, acknowledged


def refusal(finding: Finding) -> str:
    """Why a finding cannot be acknowledged; empty where it can."""
    return NEVER.get(finding.rule, NEEDED if finding.severity == "deploy" else "")


def _with_the_key(problem: Problem) -> Problem:
    """A list is what most people write first."""
    if not problem.problem.startswith(("has no settings", "is empty")):
        return problem
    return replace(problem, fix="write the entries as a list under the key acknowledged")


def _counts(entry: Acknowledgement, finding: Finding, today: date) -> bool:
    return not refusal(finding) and (entry.until is None or today <= entry.until)


def _wrong(
    environment: str, number: int, entry: Acknowledgement, findings: Sequence[Finding], today: date
) -> Iterator[Finding]:
    covered = [finding for finding in findings if entry.covers(finding)]
    refused = next((why for finding in covered if (why := refusal(finding))), "")
    if not covered:
        what, fix = (
            "matches no finding",
            "remove the entry, or write finding and about as `ops check` prints them",
        )
        cause = f"there is no {entry.finding} at {entry.about} "
    elif refused:
        what, cause, fix = (
            f"{entry.finding} cannot be acknowledged",
            refused,
            "remove the entry and fix the finding",
        )
    elif entry.until is not None and today > entry.until:
        what, cause = f"expired on {entry.until}", "its finding counts again"
        fix = "fix the finding, or set a later date"
    else:
        return
    yield Finding(
        path=f"{_name(environment)}: acknowledged/{number}",
        what=what,
        cause=cause,
        fix=fix,
        rule=RULE,
        stack="",
    )


def _name(environment: str) -> str:
    return f"{FOLDER}/{environment}.yaml"


def _file(environment: str, folder: Path | None) -> Path:
    return (folder or environments_folder()) / FOLDER / f"{environment}.yaml"
