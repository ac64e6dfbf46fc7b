"""The shell environment of a rehearsal: credentials, and names that resolve to the box."""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from layers.settings.cloud import SUPPLIED, ssh_key_variable
from layers.settings.environment import Environment
from ops.paths import ROOT, STATE
from ops.release.archive import folder_of

if TYPE_CHECKING:
    from rehearsal.droplets import Box


def forget(settings: Environment) -> None:
    """Removes the state, releases and host key of an earlier rehearsal: a cold start begins with nothing."""
    for stack in (settings.cloud_stack, settings.services_stack):
        for path in (STATE / "state").glob(f"{stack}.tfstate*"):
            path.unlink()
    shutil.rmtree(folder_of(settings), ignore_errors=True)
    (ROOT / settings.known_hosts).unlink(missing_ok=True)


def variables(settings: Environment, folder: Path, box: Box, api: str) -> dict[str, str]:
    """The environment variables for deploys to the box. Credentials are new each time."""
    folder.mkdir(parents=True, exist_ok=True)
    key = new_key(key_of(folder))
    public = key.with_suffix(".pub").read_text().strip()
    names = [name for name, given in _keys(settings).items() if given == SUPPLIED]
    return {
        **box.spaces_environment,
        "DIGITALOCEAN_TOKEN": f"dop_v1_{secrets.token_hex(32)}",
        "DIGITALOCEAN_API_URL": api,
        **{f"TF_VAR_{ssh_key_variable(name)}": public for name in names},
        "PATH": f"{_wrapper(folder / 'bin', box.ssh_config, key)}:{os.environ['PATH']}",
    }


def write_script(file: Path, found: Mapping[str, str]) -> None:
    """Writes a file for other shells: after ``. file``, every command of this repository works on the box."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in sorted(found.items())]
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write("\n".join(lines) + "\n")


def export(file: Path, found: Mapping[str, str]) -> None:
    """Adds variables to that file, or gives them another value."""
    with file.open("a") as out:
        out.writelines(f"export {name}={shlex.quote(value)}\n" for name, value in found.items())


def key_of(folder: Path) -> Path:
    """The private key that every ssh of a rehearsal uses; the public one has the suffix ``.pub``."""
    return folder / "id_ed25519"


def _keys(settings: Environment) -> Mapping[str, str]:
    return settings.cloud.ssh_keys if settings.cloud else {}


def new_key(file: Path) -> Path:
    """Makes a pair of keys; what was in the file is lost."""
    for path in (file, file.with_suffix(".pub")):
        path.unlink(missing_ok=True)
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "rehearsal", "-f", str(file)]
    subprocess.run(words, check=True, timeout=30, stdin=subprocess.DEVNULL)
    return file


def _wrapper(folder: Path, config: Path, key: Path) -> Path:
    """An ``ssh`` that knows the box's names, which this machine's resolver does not.

    First on PATH it serves everything that calls ssh: Terraform's provider, our own commands, and hops through a
    manager. What it adds stands before the caller's words only for names and the key: host keys are the caller's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "ssh"
    real = shutil.which(
        "ssh", path=os.pathsep.join(p for p in os.environ["PATH"].split(os.pathsep) if p != str(folder))
    )
    words = [str(real), "-F", str(config), "-i", str(key), "-o", "IdentitiesOnly=yes"]
    program.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return folder
