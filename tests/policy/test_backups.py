"""What copies stores and what sends the copies away know nothing of each other's secrets."""

from __future__ import annotations

import pytest
from sprocket_constructs import BackupJob, NoBackup, SwarmService

from tests.stacks.synthesis import ALL, synthesized

KEYS = {"/run/secrets/restic-password", "/run/secrets/backup-bucket-keys"}


def services(environment: str) -> list[SwarmService]:
    return list(synthesized(environment).stack.services)


def jobs(environment: str) -> list[BackupJob]:
    return [each for each in services(environment) if isinstance(each, BackupJob)]


def senders(environment: str) -> list[SwarmService]:
    return [each for each in services(environment) if each.name.startswith("backup-sender")]


def secrets_of(service: SwarmService) -> set[str]:
    """Names of the secret values in the files that it reads."""
    return {name for mount in service.file_mounts for name in mount.file.secret_names}


pytestmark = pytest.mark.parametrize("environment", ALL)


def test_each_store_is_copied_by_a_job_or_says_why_not(environment: str) -> None:
    decisions = {mount.backup for each in services(environment) for mount in each.data_mounts if mount.backup}
    made = {each for each in decisions if isinstance(each, BackupJob)}
    assert made <= set(jobs(environment))
    because = {each.because for each in decisions if isinstance(each, NoBackup)}
    assert because <= {
        "it holds the backups themselves",
        "log lines are dropped after some days anyway",
        "what it holds is known to the rating service alone, whose source is private; decide before using it",
    }


def test_a_job_has_no_key_of_the_bucket(environment: str) -> None:
    for job in jobs(environment):
        assert not {mount.at for mount in job.file_mounts} & KEYS
        assert "backup-store-net" not in job.attachments


def test_a_job_gets_out_of_the_swarm_only_to_a_store_that_is_outside(environment: str) -> None:
    assert jobs(environment)
    for job in jobs(environment):
        assert bool(job.internet_reasons) <= ("backup.server" not in job.labels), job.name


def test_a_job_knows_secrets_of_its_own_store_alone(environment: str) -> None:
    """Whatever it reads, the store's server or keeper reads too; or, of a store outside, nobody but its keeper and itself."""
    known = {each.name: secrets_of(each) for each in services(environment)}
    for job in jobs(environment):
        own = {job.labels.get("backup.server", job.store), f"{job.store}-keeper"}
        assert secrets_of(job) <= set().union(*(known.get(name, set()) for name in own)), job.name


def test_a_sender_reaches_the_bucket_and_no_store(environment: str) -> None:
    assert senders(environment)
    for sender in senders(environment):
        assert set(sender.servers) <= {"backup-store"}
        assert {mount.at for mount in sender.file_mounts} == KEYS | {"/etc/sprocket/sender.sh"}
        assert bool(sender.internet_reasons) == ("backup-store" not in sender.servers)


def test_a_spool_is_shared_by_a_job_and_the_sender_on_its_node(environment: str) -> None:
    for job in jobs(environment):
        (spool,) = (mount.source for mount in job.data_mounts if mount.target == "/spool")
        (sender,) = (
            each
            for each in senders(environment)
            if any(m.source == spool and m.target == f"/spool/{job.store}" for m in each.data_mounts)
        )
        assert sender.constraints == job.constraints
        assert sender in job.waits_for


def test_one_sender_makes_the_repository_and_the_others_start_after_it(environment: str) -> None:
    """Two that made it at once damaged it: "config or key is damaged: ciphertext verification failed" (restic 0.19.1)."""
    first, *others = senders(environment)
    assert all(first in other.waits_for for other in others)
    texts = {
        each.name: mount.file.text
        for each in (first, *others)
        for mount in each.file_mounts
        if mount.at == "/etc/sprocket/sender.sh"
    }
    assert [name for name, text in texts.items() if "restic init" in text] == [first.name]
