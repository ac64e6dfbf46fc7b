"""An environment whose backups are worked on: its declared services, its swarm, its tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from sprocket_constructs.backup import SPOOL

from ops.backup.jobs import Job, jobs_of
from ops.backup.reasons import what_to_do
from ops.backup.snapshots import Snapshot, by_name, parsed
from ops.backup.spool import Spool
from ops.errors import OpsError
from ops.lines import lines_in, text_of
from ops.model.service import Service
from ops.model.services import services_of
from ops.nodes.engines import engines
from ops.swarm import exec_stream
from ops.swarm.containers import Tasks
from ops.swarm.engine import Swarm
from ops.terraform.target import Target

SENDER = "/etc/sprocket/sender.sh"


@dataclass
class World:
    """What the commands of this room need."""

    target: Target
    swarm: Swarm
    tasks: Tasks

    @property
    def name(self) -> str:
        """The environment's name."""
        return self.target.name

    @cached_property
    def services(self) -> list[Service]:
        """As they are declared."""
        return services_of(self.target.wanted)

    @cached_property
    def jobs(self) -> list[Job]:
        """Backup jobs of all stores."""
        return jobs_of(self.services)

    @property
    def senders(self) -> list[str]:
        """Services that have the key of the bucket."""
        return sorted({job.sender for job in self.jobs})

    def spool(self, job: Job) -> Spool:
        """The spool of a job's store."""
        return Spool(job, self.tasks, self.name)

    def snapshots(self) -> Mapping[str, Sequence[Snapshot]]:
        """All copies in the bucket by store, oldest first.

        Raises:
            OpsError: no sender runs, or the bucket cannot be used.
        """
        return by_name(parsed(text_of(self.send_to_bucket("snapshots"))))

    def send_to_bucket(self, *words: str, content: bytes | None = None) -> bytes:
        """Runs one of the sender's own commands, beside its loop, and returns what it printed.

        Args:
            content: its input.

        Raises:
            OpsError: no sender runs, or the command failed.
        """
        sender, container = self._running_sender()
        done = exec_stream.run(
            self.tasks.engine(container),
            container,
            ["/bin/sh", SENDER, *words],
            feed=None if content is None else exec_stream.text(content),
        )
        if done.code != 0:
            said = [line for line in lines_in(text_of(done.err)) if line.strip()]
            reason = said[-1].removeprefix("error: ") if said else "the connection to its container ended"
            raise OpsError(f"{sender}: {words[0]}: {reason}", fix=what_to_do(reason, sender))
        return done.out

    def _running_sender(self) -> tuple[str, str]:
        for sender in self.senders:
            if container := self.tasks.container(sender):
                return sender, container
        if not self.senders:
            raise OpsError(f"{self.name} has no backups: no service mounts a spool below {SPOOL}")
        raise OpsError(
            f"no task of {' or '.join(self.senders)} runs, and nothing else has the key of the bucket",
            fix=f"docker service ps --no-trunc {self.senders[0]} says why; without a swarm, restic alone reads the bucket: "
            "docs/runbooks/restore-the-state.md",
        )


@contextmanager
def reached(target: Target) -> Iterator[World]:
    """Connects to the engines of an environment.

    Raises:
        OpsError: the manager does not answer.
    """
    with engines(target) as (manager, *others):
        yield World(target=target, swarm=manager, tasks=Tasks(manager, *others))
