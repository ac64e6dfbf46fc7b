"""Programs that commands call, and how to get each. ops/setup/need.sh says the same before there is a Python."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass

from ops.errors import Obstacle, OpsError


@dataclass(frozen=True, kw_only=True)
class Program:
    """What messages call a program, and how to install it."""

    name: str
    how: str

    @property
    def missing(self) -> Obstacle:
        """As a command refuses to start without it."""
        return Obstacle(what=f"{self.name} is not installed", fix=self.how)


PROGRAMS: Mapping[str, Program] = {
    "git": Program(name="git", how="apt-get install git, or https://git-scm.com/downloads"),
    "ssh": Program(name="ssh", how="apt-get install openssh-client"),
    "node": Program(
        name="Node.js 20 or newer",
        how="apt-get install nodejs npm (Debian 13, Ubuntu 25.04 or newer), or https://nodejs.org/en/download",
    ),
}
"""By the name of the command."""


def require(command: str) -> None:
    """Fails where there is no such command.

    Raises:
        OpsError: it is not installed; with how to get it.
    """
    if shutil.which(command) is None:
        raise not_installed(command)


def not_installed(command: str) -> OpsError:
    """The error for one of :data:`PROGRAMS` that is not there."""
    missing = PROGRAMS[command].missing
    return OpsError(missing.what, fix=missing.fix)
