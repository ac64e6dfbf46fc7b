"""Redis: a copy, to the bucket and back, and into the server again."""

from __future__ import annotations

import pytest

from images.builder.trial import Running, Trial
from tests.live.backups import Bench, secret

pytestmark = pytest.mark.live(needs=["engine"])


def cli(redis: Running, *words: str) -> str:
    password = f"REDISCLI_AUTH={secret('redis-admin-password')}"
    return redis.expect("env", password, "redis-cli", "--user", "admin", *words).strip()


def test_what_was_lost_comes_back(trial: Trial) -> None:
    bench = Bench(trial, "redis")
    redis = bench.services.start("redis")
    redis.wait("sh", "-c", f"REDISCLI_AUTH={secret('redis-password')} redis-cli ping | grep -q PONG")
    cli(redis, "set", "marker", "here")
    bench.start_job()
    manifest = bench.copy_and_fetch()
    cli(redis, "flushall")
    assert bench.expect("verify") == manifest
    assert cli(redis, "get", "marker") == ""
    bench.expect("load")
    assert cli(redis, "get", "marker") == "here"
    print(bench.in_words())
