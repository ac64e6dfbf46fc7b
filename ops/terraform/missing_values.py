"""Values that the shell must have before Terraform starts: supplied secrets, and credentials for what Terraform talks to."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ops.errors import Obstacle
from ops.terraform import secrets


@dataclass(frozen=True, kw_only=True)
class MissingValue:
    """An environment variable that is not set.

    Args:
        variable: its name.
        meaning: what it is, or what needs it.
        fix: how to get it.
    """

    variable: str
    meaning: str
    fix: str

    @property
    def obstacle(self) -> Obstacle:
        """As a deploy refuses it."""
        return Obstacle(what=f"{self.variable} is not set: {self.meaning}", fix=self.fix)


DIGITALOCEAN = ("DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN")
"""Both names that the provider reads; the first is the one that is asked for."""

_FOR_ACCOUNT = "export it; docs/runbooks/access.md has all that a deploy needs"
_FOR_STATE = "export it, or AWS_PROFILE: a key for Spaces (docs/runbooks/state.md)"


def missing_values(
    documents: Iterable[Mapping[str, Any]],
    *,
    deploys: str,
    known: Collection[str] = (),
    environment: Mapping[str, str] = os.environ,
) -> list[MissingValue]:
    """What synthesized stacks need and the shell does not have, each variable once.

    Args:
        deploys: name of the platform's environment, for the command in the fix.
        known: Terraform variables whose values come from elsewhere, such as another stack's outputs.
        environment: the shell's variables.
    """
    found: dict[str, MissingValue] = {}
    for document in documents:
        for value in (
            *_supplied(document, deploys, known, environment),
            *_credentials(document, environment),
            *state_credentials(document, environment),
        ):
            found.setdefault(value.variable, value)
    return list(found.values())


def state_credentials(
    document: Mapping[str, Any], environment: Mapping[str, str] = os.environ
) -> Iterator[MissingValue]:
    """Credentials for the bucket that holds a stack's state. ``AWS_PROFILE`` stands for both."""
    if "s3" in document.get("terraform", {}).get("backend", {}) and not environment.get("AWS_PROFILE"):
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            if not environment.get(name):
                yield MissingValue(
                    variable=name, meaning="Terraform needs it for the state's bucket", fix=_FOR_STATE
                )


def _supplied(
    document: Mapping[str, Any], deploys: str, known: Collection[str], environment: Mapping[str, str]
) -> Iterator[MissingValue]:
    for name in secrets.names(document, environment):
        if name not in known:
            yield MissingValue(
                variable=f"TF_VAR_{name}",
                meaning=str(document["variable"][name].get("description") or "it has no description"),
                fix=(
                    "export it, or have Doppler set all of them: "
                    f"doppler run --name-transformer tf-var -- make up ENV={deploys}"
                ),
            )


def _credentials(document: Mapping[str, Any], environment: Mapping[str, str]) -> Iterator[MissingValue]:
    types = tuple(document.get("resource", {}))
    if any(type_.startswith("digitalocean_") for type_ in types) and not any(
        environment.get(name) for name in DIGITALOCEAN
    ):
        yield MissingValue(variable=DIGITALOCEAN[0], meaning="DigitalOcean's API needs it", fix=_FOR_ACCOUNT)
    if any(type_.startswith("digitalocean_spaces_bucket") for type_ in types):
        for name in ("SPACES_ACCESS_KEY_ID", "SPACES_SECRET_ACCESS_KEY"):
            if not environment.get(name):
                yield MissingValue(variable=name, meaning="Spaces needs it for buckets", fix=_FOR_ACCOUNT)
