"""A store with its backup job, the sender and a bucket as plain containers: what they do, without a swarm.

Each runs as the local environment declares it: the image, the command, the user, the files and the volumes, within its memory.
Only secrets have made-up values.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from sprocket_constructs import SwarmService
from sprocket_constructs.backup import SPOOL

from images.builder.engine import docker
from images.builder.trial import Finished, Running, Trial
from tests.policy.rules import services
from tests.stacks.synthesis import declared, service

WITHIN_S = 120.0
PLACEHOLDER = re.compile(r"@@secret:([a-z0-9-]+)@@")


def secret(name: str) -> str:
    """The value that a secret of this name has here."""
    return f"trial-{name}-4f1c"


def disk(trial: Trial, volume: str, size: str) -> None:
    """A volume on a disk of its own, in memory."""
    options = ("type=tmpfs", "device=tmpfs", f"o=size={size},mode=1777")
    words = [word for option in options for word in ("--opt", option)]
    docker("volume", "create", "--driver", "local", *words, f"{trial.network}-{volume}")
    trial.volume(volume)


def fill(container: Running, folder: str, *, but: int, name: str = "filler") -> None:
    """Somebody else takes the disk, but for some KiB."""
    free = f"df -Pk {folder} | tail -n 1 | {{ read -r _ _ _ free _; echo $free; }}"
    container.expect("sh", "-c", f"head -c $((($({free}) - {but}) * 1024)) /dev/zero > {folder}/{name}")


@dataclass
class Services:
    """Starts services of an environment by their names, each with the volumes that it shares with others."""

    trial: Trial
    environment: str = "local"

    def start(
        self,
        name: str,
        *,
        alias: str = "",
        env: Mapping[str, str] | None = None,
        files: Mapping[str, Path] | None = None,
        options: Sequence[str] = (),
    ) -> Running:
        """Starts one; it may wait for others by itself. ``files`` takes the place of its own at these paths."""
        wanted = service(declared(self.environment), name)
        self._write_files(wanted)
        words = ["--memory", wanted.resources.memory_limit.replace("iB", "").lower()]
        if wanted.user is not None:
            words += ["--user", wanted.user]
        for group in wanted.groups:
            words += ["--group-add", group]
        args = (*wanted.entry_point, *wanted.args)
        if wanted.entry_point:
            words += ["--entrypoint", args[0]]
            args = args[1:]
        return self.trial.run(
            self.image(wanted),
            *args,
            alias=alias or name,
            files={mount.at: self.trial.folder / name / mount.at.strip("/") for mount in wanted.file_mounts}
            | dict(files or {}),
            volumes=self.volumes(name),
            env={**wanted.environment, **(env or {})},
            options=(*words, *options),
        )

    def volumes(self, name: str) -> dict[str, str]:
        """Paths in a service and the volumes there."""
        (found,) = (each for each in services(self.environment) if each.name == name)
        return {mount.target: mount.source for mount in found.mounts if mount.type == "volume"}

    def image(self, wanted: SwarmService) -> str:
        """The name of its image among those that were built."""
        return wanted.image.name.rpartition("/")[2]

    def _write_files(self, wanted: SwarmService) -> None:
        owned = []
        for mount in wanted.file_mounts:
            path = self.trial.folder / wanted.name / mount.at.strip("/")
            if path.exists():
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(PLACEHOLDER.sub(lambda match: secret(match[1]), mount.file.text))
            path.chmod(0o444)
            if (mount.mode, mount.uid, mount.gid) != (0o444, 0, 0):
                inside = f"/files/{mount.at.strip('/')}"
                owned.append(f"chown {mount.uid}:{mount.gid} {inside} && chmod {mount.mode:o} {inside}")
        if owned:
            entry = self.trial.images[self.image(wanted)]
            folder = f"{self.trial.folder / wanted.name}:/files"
            docker(
                "run", "--rm", "--network", "none", "--user", "0", "--volume", folder, "--entrypoint", "/bin/sh",
                f"{entry.name}@{entry.digest}", "-c", " && ".join(owned),
            )  # fmt: skip


@dataclass
class Bench:
    """The backup of one store. The store itself is started by the test, with :attr:`services`."""

    trial: Trial
    store: str
    environment: str = "local"
    seconds: dict[str, float] = field(default_factory=dict)
    """How long each step took the last time."""

    @cached_property
    def services(self) -> Services:
        """What starts services of the environment."""
        return Services(self.trial, self.environment)

    @cached_property
    def bucket(self) -> Running:
        """The server of the bucket."""
        server = self.services.start("backup-store")
        server.wait("curl", "-fsS", "http://127.0.0.1:9000/minio/health/cluster")
        return server

    @cached_property
    def sender(self) -> Running:
        """What sends copies; its bucket is there before it."""
        assert self.bucket
        sender = self.services.start(self._sender_name)
        sender.wait("test", "-f", "/tmp/open")
        return sender

    @property
    def _sender_name(self) -> str:
        """The one on the node that has the spool."""
        spool = f"{SPOOL}/{self.store}"
        for each in declared(self.environment).services:
            if any(mount.target == spool for mount in each.data_mounts):
                return each.name
        raise LookupError(f"{self.environment} has no sender for {self.store}")

    def start_job(self, *, options: Sequence[str] = ()) -> Running:
        """The job; with nothing in its spool it begins with a copy."""
        assert self.sender
        self.job = self.services.start(f"{self.store}-backup", options=options)
        self.job.wait("test", "-f", "/tmp/started")
        return self.job

    def order(self, verb: str) -> str:
        """Asks the job for something and returns the id of the request, without waiting for it."""
        number = uuid.uuid4().hex[:8]
        text = f"echo '{number} {verb}' > {SPOOL}/request.new && mv {SPOOL}/request.new {SPOOL}/request"
        self.job.expect("sh", "-c", text)
        return number

    def answer(self, number: str) -> int:
        """Waits for the code of a request."""
        return self._result(self.job, f"{SPOOL}/result", number)

    def ask(self, verb: str) -> Finished:
        """Has the job do something: its code and what it said."""
        with self.timed(verb):
            code = self.answer(self.order(verb))
        return Finished(code, self.job.exec("cat", f"{SPOOL}/output").output)

    def expect(self, verb: str) -> str:
        """The same, where it has to succeed; what it said."""
        done = self.ask(verb)
        assert done.code == 0, f"{verb}: {done.output}\n{self.job.log()[-3000:]}"
        return done.output

    def manifest(self) -> str:
        """What is in the copy that came back, as the job wrote it when it made the copy."""
        return self.job.expect("cat", f"{SPOOL}/fetched/manifest")

    def sent(self) -> str:
        """Waits until the newest copy is in the bucket; its snapshot."""
        copied = self.job.expect("cat", f"{SPOOL}/copied").strip()
        with self.timed("send"):
            deadline = time.monotonic() + WITHIN_S
            while True:
                words = self.sender.exec("cat", f"{SPOOL}/{self.store}/sent").output.split()
                if words[:1] == [copied]:
                    return words[1]
                assert time.monotonic() < deadline, self.sender.log()[-3000:]
                time.sleep(0.2)

    def fetch(self, snapshot: str) -> None:
        """Has the sender bring a copy back."""
        code, said = self.fetched(snapshot)
        assert code == 0, said

    def fetched(self, snapshot: str) -> tuple[int, str]:
        """The same, where it may fail: its code and what it said."""
        with self.timed("fetch"):
            number, here = uuid.uuid4().hex[:8], f"{SPOOL}/{self.store}"
            self.sender.expect(
                "sh",
                "-c",
                f"echo '{number} {snapshot}' > {here}/fetch.new && mv {here}/fetch.new {here}/fetch",
            )
            code = self._result(self.sender, f"{here}/fetch-result", number)
        return code, self.sender.exec("cat", f"{here}/fetch-output").output

    def copy_and_fetch(self) -> str:
        """A copy, to the bucket and back; its manifest."""
        self.expect("copy")
        self.fetch(self.sent())
        return self.manifest()

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Notes how long a step took."""
        started = time.monotonic()
        yield
        self.seconds[step] = time.monotonic() - started

    def in_words(self) -> str:
        """Seconds per step, for people."""
        return f"{self.store}: " + ", ".join(f"{step} {took:.1f} s" for step, took in self.seconds.items())

    def _result(self, container: Running, file: str, number: str) -> int:
        deadline = time.monotonic() + WITHIN_S
        while True:
            words = container.exec("cat", file).output.split()
            if words[:1] == [number]:
                return int(words[1])
            assert time.monotonic() < deadline, f"no answer in {WITHIN_S:.0f} s\n{container.log()[-3000:]}"
            time.sleep(0.1)
