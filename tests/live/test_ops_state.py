"""The bucket for states against a real S3 server: made, hardened, and the lock proved, or shown not to hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from layers.loading import load_environment
from layers.settings.environment import Environment, State
from ops import errors
from ops.cli.state import app
from ops.errors import OpsError
from ops.state.bucket import Bucket
from ops.state.create import create
from ops.state.privacy import ways_in
from ops.terminal import screen
from tests.live import s3_server
from tests.live.s3_server import KEY

pytestmark = [pytest.mark.live(needs=["terraform"]), pytest.mark.proof]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with s3_server.of_a_test(tmp_path_factory.mktemp("seaweedfs")) as url:
        yield url


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Environment:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY[1])
    state = State(backend="spaces", bucket="sprocket-state", endpoint="nyc3.digitaloceanspaces.com")
    return load_environment("local").model_copy(update={"state": state})


def bucket(settings: Environment, url: str) -> Bucket:
    return Bucket(str(settings.state.bucket), endpoint=url, key=KEY)


def test_a_bucket_is_made_once_private_with_versions_and_its_lock_excludes(
    server: str, settings: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPROCKET_STATE_ENDPOINT_URL", server)
    first = create(settings, rounds=25)
    assert first.made
    assert first.writers.excludes and set(first.writers.won) == {1} and len(first.writers.won) == 25
    assert not first.writers.over_existing
    if s3_server.has_terraform():
        assert first.terraforms is not None and first.terraforms.excludes, first.terraforms
    assert first.excludes
    there = bucket(settings, server)
    assert there.exists() and there.keeps_versions() and not there.grants_to_others()
    assert not create(settings, rounds=1).made


def test_a_server_that_ignores_the_condition_is_found_out(
    server: str, settings: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    with s3_server.forgetful(server) as url:
        monkeypatch.setenv("SPROCKET_STATE_ENDPOINT_URL", url)
        found = create(settings, rounds=10)
    assert not found.writers.excludes
    assert found.writers.over_existing == 10
    if s3_server.has_terraform():
        assert found.terraforms is not None and not found.terraforms.excludes
        assert "both got the lock at once" in str(found.terraforms)
    assert not found.excludes


def test_the_command_says_it_loudly(
    server: str, settings: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    with s3_server.forgetful(server) as url:
        monkeypatch.setenv("SPROCKET_STATE_ENDPOINT_URL", url)
        monkeypatch.setattr(screen, "fail", said.append)
        monkeypatch.setattr("layers.loading.load_environment", lambda name: settings)
        done = CliRunner().invoke(app, ["create", "--env", "local", "--rounds", "3"])
    told = " ".join([done.stdout, *said])
    assert done.exit_code == errors.FINDING
    assert "the lock of this bucket does not work: two writers got it at once" in told
    assert "let only one CI job deploy" in told
    assert KEY[1] not in told


def test_a_policy_that_lets_everybody_in_is_found_and_the_bucket_is_not_taken(
    server: str, settings: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPROCKET_STATE_ENDPOINT_URL", server)
    there = bucket(settings, server)
    if not there.exists():
        there.create()
    assert ways_in(there) == []
    resources = [f"arn:aws:s3:::{there.name}", f"arn:aws:s3:::{there.name}/*"]
    actions = ["s3:ListBucket", "s3:GetObject"]
    statement = {"Effect": "Allow", "Principal": "*", "Action": actions, "Resource": resources}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    there._s3.put_bucket_policy(Bucket=there.name, Policy=json.dumps(policy))
    try:
        assert ways_in(there)[0] == "has a policy that lets everybody do s3:ListBucket, s3:GetObject"
        with pytest.raises(OpsError, match="is not private"):
            create(settings, rounds=1)
    finally:
        there._s3.delete_bucket_policy(Bucket=there.name)
    assert ways_in(there) == []


def test_the_trial_leaves_nothing_behind(
    server: str, settings: Environment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SPROCKET_STATE_ENDPOINT_URL", server)
    create(settings, rounds=2)
    there = bucket(settings, server)
    left = there._s3.list_object_versions(Bucket=there.name)
    assert not left.get("Versions") and not left.get("DeleteMarkers")
