"""OpenTofu in Terraform's place, with its state encrypted, as docs/runbooks/state.md has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.suite.checks.faults import _state
from rehearsal.suite.world import World
from tests.live.emulated_world import DEPLOY, ENVIRONMENT, emulated_world

pytestmark = [
    pytest.mark.live(needs=["tofu", "terraform", "digitalocean provider", "tls provider"]),
    pytest.mark.proof,
]

KEY = 'key_provider "pbkdf2" "main" { passphrase = "at least sixteen characters" }'
METHOD = 'method "aes_gcm" "main" { keys = key_provider.pbkdf2.main }'
PLAN = "plan { method = method.aes_gcm.main }"
ENCRYPTED = f"{KEY}\n{METHOD}\nstate {{ method = method.aes_gcm.main }}\n{PLAN}"
BEFORE = (
    f'{KEY}\n{METHOD}\nmethod "unencrypted" "before" {{}}\n'
    "state {\nmethod = method.aes_gcm.main\nfallback { method = method.unencrypted.before }\n}\n"
    f"{PLAN}"
)
BACK = (
    f'{KEY}\n{METHOD}\nmethod "unencrypted" "before" {{}}\n'
    "state {\nmethod = method.unencrypted.before\nfallback { method = method.aes_gcm.main }\n}\n"
    f"{PLAN}"
)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with emulated_world(tmp_path, monkeypatch) as world:
        monkeypatch.setenv("TERRAFORM_BINARY_NAME", "tofu")
        yield world


def test_a_state_is_encrypted_from_the_first_deploy(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_ENCRYPTION", ENCRYPTED)
    world.ops(*DEPLOY)
    written = _state(world).read_text()
    assert "encrypted_data" in json.loads(written)
    assert "PRIVATE KEY" not in written and "tls_private_key" not in written
    _plan_is_empty(world)
    # Terraform cannot read it, says so, and changes nothing.
    monkeypatch.setenv("TERRAFORM_BINARY_NAME", "terraform")
    other = world.begin(*DEPLOY)
    world.end(other, expect=(1,))
    assert _state(world).read_text() == written


def test_a_state_becomes_encrypted_and_is_turned_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.ops(*DEPLOY)
    assert "tls_private_key" in _state(world).read_text()
    droplets = world.droplets()
    for encryption, encrypted in ((BEFORE, True), (ENCRYPTED, True), (BACK, False)):
        monkeypatch.setenv("TF_ENCRYPTION", encryption)
        world.ops(*DEPLOY)
        assert ("encrypted_data" in _state(world).read_text()) is encrypted
    monkeypatch.delenv("TF_ENCRYPTION")
    _plan_is_empty(world)
    assert world.droplets() == droplets


def _plan_is_empty(world: World) -> None:
    told = json.loads(world.ops("plan", "--env", ENVIRONMENT, "--json"))
    cloud = next(stack for stack in told["stacks"] if stack["name"].endswith("-cloud"))
    assert not cloud["offline"] and not any(cloud["counts"].values()), cloud
