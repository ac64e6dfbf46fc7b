"""The checks that replace keys, without a box: what they do, in which order, and what makes them fail."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from layers.loading import ELSEWHERE, environments_folder, load_environment
from ops.check.acknowledgement import acknowledged_changes
from ops.nodes.inventory import nodes_of
from rehearsal.suite import surroundings
from rehearsal.suite.checks import host_key, keys
from rehearsal.suite.outcome import CheckFailed

VARIABLE = "TF_VAR_ssh_key_rehearsal"


class Swarm:
    """Its CA and tokens, as the engine's API shows them."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self.ca = dict.fromkeys(names, "old")
        self.tokens = {"Worker": "w1", "Manager": "m1"}

    @property
    def api(self) -> Any:
        return self

    def nodes(self) -> list[Any]:
        return [{"Description": {"Hostname": n, "TLSInfo": {"TrustRoot": ca}}} for n, ca in self.ca.items()]

    def inspect_swarm(self) -> Any:
        return {"JoinTokens": {**self.tokens}}


class World:
    """A box whose nodes have authorized keys, an sshd and a swarm of their own, and remembers what was done to it."""

    def __init__(self, environment: str, folder: Path) -> None:
        self.environment = environment
        self.folder = folder
        self.settings = load_environment(environment)
        self.nodes = nodes_of(self.settings)
        self.managers = [node for node in self.nodes if node.role == "manager"]
        self.swarm_of = Swarm([node.name for node in self.nodes])
        self.services = SimpleNamespace(settings=self.settings)
        self.done: list[str] = []
        self.authorized: dict[str, set[str]] = {}
        self.box = self
        self.keeps_old = False
        self.shown = "OLD"
        self.renewed = "NEW"
        self.asks = True
        self.cloud = SimpleNamespace(folder=folder, terraform=self)

    def outputs(self) -> dict[str, str]:
        return dict.fromkeys(("host_key", "worker_host_key"), f"ssh-ed25519 {self.renewed}")

    def read_again(self) -> None:
        self.settings = load_environment(self.environment)

    def swarm(self) -> Any:
        return nullcontext(self.swarm_of)

    def until(self, seconds: float, look: Callable[[], bool], what: str) -> None:
        if not look():
            raise CheckFailed(f"not within {seconds:g} s: {what}")

    def ops(self, *words: str, expect: tuple[int, ...] = (0,)) -> str:
        self.done.append(" ".join(word for word in words if word not in ("--env", self.environment, "--yes")))
        if words[0] == "keys":
            cloud = self.settings.cloud
            assert cloud
            given = {os.environ[f"TF_VAR_ssh_key_{name}"].strip() for name in cloud.ssh_keys}
            for node in self.nodes:
                had = self.authorized.get(node.name, set()) if self.keeps_old else set()
                self.authorized[node.name] = given | had
            return "".join(f"{node.name}: written\n" for node in self.nodes)
        if words[0] == "replace-node":
            self.shown = "NEW"
        return ""

    def begin(self, *words: str) -> Any:
        self.done.append(" ".join(word for word in words if word not in ("--env", self.environment, "--yes")))
        self.acknowledged = [str(each) for each in acknowledged_changes(self.environment)]
        line = f"error: the host keys of {self.environment} have changed; nothing was written"
        return SimpleNamespace(heard=[line] if self.asks else ["deployed"])

    def end(self, running: Any, *, expect: tuple[int, ...]) -> str:
        assert expect == (1,)
        return ""

    def exec(self, name: str, *words: str, stdin: str = "", timeout: float = 60) -> Any:
        code, output, errors = 0, "", ""
        if words[0] == "ssh-keyscan":
            output = f"127.0.0.1 ssh-ed25519 {self.shown}\n"
        elif words[:3] == ("docker", "swarm", "join-token"):
            self.swarm_of.tokens[words[-1].capitalize()] += "-again"
        elif words[:3] == ("docker", "swarm", "ca"):
            self.swarm_of.ca = dict.fromkeys(self.swarm_of.ca, "new")
        elif stdin and self._public(stdin) not in {key.split()[1] for key in self.authorized[name]}:
            code, errors = 255, "deploy@127.0.0.1: Permission denied (publickey).\n"
        return subprocess.CompletedProcess(words, code, stdout=output, stderr=errors)

    def _public(self, private: str) -> str:
        file = self.folder / "offered"
        file.touch(0o600)
        file.write_text(private)
        words = ["ssh-keygen", "-y", "-f", str(file)]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()[1]


@pytest.fixture
def world_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], World]]:
    for module in (keys, host_key):
        monkeypatch.setattr(module, "wait_until_healthy", lambda world, names=False: None)
    monkeypatch.setenv(ELSEWHERE, str(environments_folder()))
    surroundings.new_key(tmp_path / "id_ed25519")
    monkeypatch.setenv(VARIABLE, (tmp_path / "id_ed25519.pub").read_text().strip())
    (tmp_path / "environment.sh").touch()
    yield lambda environment: World(environment, tmp_path)
    assert "TF_VAR_ssh_key_next" not in os.environ


def test_an_operators_key_is_replaced_without_a_moment_in_which_none_opens(world_of: Any) -> None:
    world = world_of("rehearsal-3")
    old = os.environ[VARIABLE]
    told = keys.keys(world)
    assert world.done == ["keys", "ready", "keys", "ready"]
    new = os.environ[VARIABLE]
    assert new != old
    assert {*map(frozenset, world.authorized.values())} == {frozenset({new})}
    assert (world.folder / "id_ed25519.pub").read_text().strip() == new
    assert new in (world.folder / "environment.sh").read_text(), "what another shell deploys with"
    assert "all refuse the old one" in told and "3 nodes trust a new CA" in told


def test_a_node_that_still_lets_the_old_key_in_fails(world_of: Any) -> None:
    world = world_of("rehearsal-3")
    world.keeps_old = True
    with pytest.raises(CheckFailed, match="rehearsal-3-app-1 does not refuse the old key: 0"):
        keys.keys(world)


@pytest.mark.parametrize("stays", ["token", "ca"])
def test_a_token_or_a_certificate_that_stays_fails(
    world_of: Any, stays: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = world_of("rehearsal-3")
    answer = world.exec

    def ignores(name: str, *words: str, **more: Any) -> Any:
        if words[:2] == ("docker", "swarm") and words[-1] in (
            ("manager",) if stays == "token" else ("--quiet",)
        ):
            return subprocess.CompletedProcess(words, 0, stdout="", stderr="")
        return answer(name, *words, **more)

    monkeypatch.setattr(world, "exec", ignores)
    with pytest.raises(
        CheckFailed, match="the manager token is still the same" if stays == "token" else "the new CA"
    ):
        keys.keys(world)


@pytest.mark.parametrize(
    ("environment", "key", "last"),
    [
        ("rehearsal", "host_key", "replace-node --node rehearsal-app-1 --dead --ends-swarm"),
        ("rehearsal-4", "worker_host_key", "replace-node --node rehearsal-4-work-1"),
    ],
)
def test_a_host_key_is_replaced_as_the_runbook_says(
    world_of: Any, environment: str, key: str, last: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = world_of(environment)
    program = world.folder / "terraform"
    program.write_text(f'#!/bin/sh\necho "$@" >> {world.folder}/called\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(world.folder), prepend=os.pathsep)
    told = host_key.host_key(world)
    down = ["down"] if environment == "rehearsal" else []
    assert world.done == [*down, "deploy --only cloud", "known-hosts --accept", last]
    assert (world.folder / "called").read_text() == f"-chdir={world.folder} taint tls_private_key.{key}\n"
    assert world.acknowledged == [f"lost-secret of tls_private_key.{key}"]
    assert not acknowledged_changes(environment), "the entry is not there any more"
    assert told.startswith(f"{key} of {environment}-")


@pytest.mark.parametrize(
    ("how", "found"),
    [("renewed", "does not show the new host_key"), ("asks", "does not ask about the new key")],
)
def test_a_host_key_that_stays_fails(
    world_of: Any, how: str, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = world_of("rehearsal")
    monkeypatch.setattr(host_key, "program", lambda: "true")
    setattr(world, how, "" if how == "asks" else "ANOTHER")
    with pytest.raises(CheckFailed, match=found):
        host_key.host_key(world)


def test_managers_of_other_nodes_have_no_way(world_of: Any) -> None:
    assert (
        host_key.HOST_KEY.applies(world_of("rehearsal-3"))
        == "this rehearsal has several managers and no worker"
    )
    assert (
        host_key.HOST_KEY.applies(world_of("rehearsal"))
        == host_key.HOST_KEY.applies(world_of("rehearsal-4"))
        == ""
    )
