"""A repository of restic that two senders use, each with its own rendered script: who has which password, and what it opens."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from layers.backup.backups import PASSWORD, STATE
from layers.loading import load_environment
from ops.backup.world import SENDER, World
from ops.swarm.containers import Finished, Tasks
from ops.terraform.synth import Synthesized
from ops.terraform.target import Target, targets_in
from tests.stacks.synthesis import declared, text_at
from tests.unit.ops_cloud import change
from tests.unit.ops_fixtures import at, secret, service

OLD, NEW = "old-password-of-restic", "new-password-of-restic"
SENDERS = ("backup-sender", "backup-sender-data")
GENERATED, SUPPLIED = "random_password.restic_password", "var.restic_password"
FILES = tuple(f"docker_secret.password_{number}" for number in range(len(SENDERS)))

_RESTIC = """#!/bin/sh
cd "$REPOSITORY" || exit 1
echo "$*" >> asked
if [ -f away ]; then echo "Fatal: unable to open config file: no such host" >&2; exit 1; fi
own="$(grep -lxF -e "$(cat "$RESTIC_PASSWORD_FILE")" keys/* | head -n 1)"
[ -n "$own" ] || { echo "Fatal: wrong password or no key found" >&2; exit 12; }
case "$1 $2" in
    "cat config") ;;
    "key add") new="$(cat)" && echo "$new" > "keys/$(echo "$new" | md5sum | cut -c 1-8)" ;;
    "key remove") if [ "keys/$5" = "$own" ]; then echo "Fatal: refusing" >&2; exit 1; fi; rm "keys/$5" ;;
    "key list")
        for key in keys/*; do
            current=false
            if [ "$key" = "$own" ]; then current=true; fi
            printf ',{"current":%s,"id":"%s","userName":"root"}' "$current" "${key#keys/}"
        done | sed 's/^,/[/; s/$/]/'
        echo
        ;;
    *) echo "unknown: $*" >&2; exit 2 ;;
esac
"""
"""As restic 0.19.1 answers: exit code 12 for a wrong password, and the list of keys without blanks on one line."""


def key_of(password: str) -> str:
    """The id that a key of this password has here."""
    return hashlib.md5(f"{password}\n".encode(), usedforsecurity=False).hexdigest()[:8]


def stack_with_senders(*, owner: str = GENERATED) -> dict[str, Any]:
    """Two stores on two nodes, so two senders; both have the password in a file of their own."""
    reference = f"{owner}.result" if owner == GENERATED else owner
    services: dict[str, Any] = {}
    for number, sender in enumerate(SENDERS):
        store = f"store{number}"
        services[f"{store}_backup"] = service(
            f"data/{store}/backup",
            name=f"{store}-backup",
            mounts={"/spool": f"{store}_spool"},
            labels={"backup.store": store, "backup.every": "24h", "backup.stops": "clients"},
        )
        services[f"sender_{number}"] = service(
            f"data/backups/{sender}",
            name=sender,
            order="stop-first",
            mounts={f"/spool/{store}": f"{store}_spool"},
            secrets={PASSWORD: f"password_{number}"},
        )
    return {
        "terraform": {"backend": {"local": {"path": "x.tfstate"}}},
        "locals": {"password": f"${{{reference}}}"},
        "resource": {
            "docker_service": services,
            "docker_volume": {f"store{n}_spool": at(f"data/store{n}/spool", name=f"s{n}") for n in range(2)},
            "docker_secret": {
                f"password_{n}": secret(f"data/backups/password-{n}", name=f"password-{n}", local="password")
                for n in range(2)
            },
            "random_password": {"restic_password": at("secrets/restic-password", length=32)},
        },
    }


def new_files(before: str | None, after: str | None) -> list[dict[str, Any]]:
    """What a plan has for the senders' files; without ``after`` it is not known yet."""
    return [
        change(
            file,
            "create",
            "delete",
            before=None if before is None else {"data": _base64(before)},
            after={} if after is None else {"data": _base64(after)},
        )
        for file in FILES
    ]


class Repository(Tasks):
    """The repository, and the running senders as the tasks of a swarm.

    Attributes:
        down: senders that do not run.
        given: what commands were given on standard input.
    """

    def __init__(self, folder: Path, *, owner: str = GENERATED, shell: tuple[str, ...] = ("sh",)) -> None:
        self.down: set[str] = set()
        self.given: list[str] = []
        self.said: list[str] = []
        self._folder = folder
        self._shell = shell
        (folder / "repository/keys").mkdir(parents=True)
        restic = folder / "restic"
        restic.write_text(_RESTIC)
        restic.chmod(0o755)
        text = text_at(declared("local"), SENDERS[0], SENDER)
        for sender in SENDERS:
            own = folder / sender
            (own / "state").mkdir(parents=True)
            script = text.replace("/tmp/", f"{own}/").replace(PASSWORD, f"{own}/password")
            (own / "sender.sh").write_text(script.replace(f"={STATE}", f"={own}/state"))
        self.add_key(OLD)
        self.start(OLD)
        settings = load_environment("local")
        documents = {settings.services_stack: stack_with_senders(owner=owner)}
        self.target: Target = targets_in(
            settings, Synthesized(out=Path("/nowhere"), stacks=documents)
        ).services
        self.world = World(target=self.target, swarm=cast(Any, None), tasks=self)

    @contextmanager
    def reached(self, target: Target) -> Iterator[World]:
        """In place of the connection to the engines."""
        yield self.world

    @property
    def opens_with(self) -> set[str]:
        """Every password that opens it."""
        return {file.read_text().strip() for file in (self._folder / "repository/keys").iterdir()}

    @property
    def asked(self) -> str:
        """Every command line of restic."""
        return (self._folder / "repository/asked").read_text()

    def add_key(self, password: str) -> None:
        """A key that somebody added."""
        (self._folder / "repository/keys" / key_of(password)).write_text(f"{password}\n")

    def go_away(self) -> None:
        """From now on the bucket does not answer."""
        (self._folder / "repository/away").touch()

    def start(self, password: str, *senders: str) -> None:
        """Starts tasks of these senders, or of all, with a password."""
        for sender in senders or SENDERS:
            (self._folder / sender / "password").write_text(password)

    def container(self, service: str) -> str | None:
        return None if service in self.down else service

    def run_with_input(
        self, container: str, text: str, *words: str, environment: Mapping[str, str] | None = None
    ) -> Finished:
        assert words[:2] == ("/bin/sh", SENDER)
        self.given.append(text)
        self.said.append(f"{container} {words[2]}")
        done = subprocess.run(
            [*self._shell, str(self._folder / container / "sender.sh"), *words[2:]],
            input=text,
            env={
                "PATH": f"{self._folder}:{os.environ['PATH']}",
                "REPOSITORY": str(self._folder / "repository"),
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Finished(code=done.returncode, output=done.stdout + done.stderr)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
