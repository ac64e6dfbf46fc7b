"""The sender and the bucket: what it says when one of them fails, and how its password is changed."""

from __future__ import annotations

import re
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


def opens(sender: Running, password: str) -> int:
    """The answer of the bucket to a password: 0 where it opens, 12 where it does not."""
    done = sender.exec("sh", SCRIPT, "try_password", stdin=password)
    assert done.output.strip() == {0: "opens", 12: "wrong password"}.get(done.code), done.output
    return done.code


def test_a_new_password_opens_the_bucket_and_then_it_alone(bench: Bench) -> None:
    bench.copy_and_fetch()
    sender = bench.sender
    old, new = secret("restic-password"), "trial-new-password"
    assert (opens(sender, old), opens(sender, new)) == (0, 12)
    assert sender.exec("sh", SCRIPT, "is_rotating").code == 1
    assert "saved new key" in sender.expect("sh", SCRIPT, "add_key", stdin=f"{new}\n")
    assert "opens the repository already" in sender.expect("sh", SCRIPT, "add_key", stdin=f"{new}\n")
    assert (opens(sender, old), opens(sender, new)) == (0, 0)
    assert sender.exec("sh", SCRIPT, "is_rotating").code == 0
    # The task with the new password, as the next deploy would start it.
    sender.expect("sh", "-c", f"printf %s {new} > /tmp/new-password")
    text = f"sed 's#RESTIC_PASSWORD_FILE=[^ ]*restic-password#RESTIC_PASSWORD_FILE=/tmp/new-password#' {SCRIPT} > /tmp/sender.sh"
    sender.expect("sh", "-c", text)
    keys = {sender.expect("sh", script, "own_key").strip() for script in (SCRIPT, "/tmp/sender.sh")}
    assert len(keys) == 2 and all(re.fullmatch("[0-9a-f]{64}", key) for key in keys), keys
    assert "1 other keys removed" in sender.expect("sh", "/tmp/sender.sh", "keep_own_key")
    assert (opens(sender, old), opens(sender, new)) == (12, 0)
    assert sender.exec("sh", SCRIPT, "is_rotating").code == 1
    assert "wrong password" in sender.exec("sh", SCRIPT, "keep_own_key").output


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
