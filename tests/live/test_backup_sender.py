"""The sender and the bucket: what it says when one of them fails, and how its password is changed."""

from __future__ import annotations

import time

import pytest

from images.builder.engine import docker
from images.builder.trial import Running, Trial
from tests.live.backups import Bench, secret

pytestmark = pytest.mark.live(needs=["engine"])

SCRIPT = "/etc/sprocket/sender.sh"


@pytest.fixture
def bench(trial: Trial) -> Bench:
    bench = Bench(trial, "redis")
    redis = bench.services.start("redis")
    redis.wait("sh", "-c", f"REDISCLI_AUTH={secret('redis-password')} redis-cli ping | grep -q PONG")
    bench.start_job()
    return bench


def keys(sender: Running, password: str) -> int:
    """How many keys the repository has, asked with a password; 0 where it does not open."""
    settings = f"eval \"$(grep '^export' {SCRIPT})\""
    text = f"{settings}; cat > /tmp/tried; RESTIC_PASSWORD_FILE=/tmp/tried restic key list"
    done = sender.exec("sh", "-c", text, stdin=password)
    return sum(" root " in line for line in done.output.splitlines()) if done.code == 0 else 0


def test_a_new_password_opens_the_bucket_and_then_it_alone(bench: Bench) -> None:
    bench.copy_and_fetch()
    sender = bench.sender
    old = secret("restic-password")
    assert keys(sender, old) == 1
    sender.expect("sh", SCRIPT, "add_key", stdin="trial-new-password\n")
    assert keys(sender, "trial-new-password") == 2
    # The task with the new password, as the next deploy would start it.
    sender.expect("sh", "-c", "printf %s trial-new-password > /tmp/new-password")
    text = f"sed 's#RESTIC_PASSWORD_FILE=[^ ]*#RESTIC_PASSWORD_FILE=/tmp/new-password#' {SCRIPT} > /tmp/sender.sh"
    sender.expect("sh", "-c", text)
    assert "1 other keys removed" in sender.expect("sh", "/tmp/sender.sh", "keep_own_key")
    assert keys(sender, old) == 0
    assert keys(sender, "trial-new-password") == 1


def test_a_bucket_that_is_away_is_said_and_the_copy_is_sent_when_it_is_back(bench: Bench) -> None:
    bench.copy_and_fetch()
    bench.bucket.stop()
    bench.expect("copy")
    deadline = time.monotonic() + 120
    while "bucket cannot be used" not in bench.sender.log() and time.monotonic() < deadline:
        time.sleep(1)
    assert "redis: not sent, the bucket cannot be used: " in bench.sender.log()
    docker("start", bench.bucket.name)
    assert bench.copy_and_fetch()
