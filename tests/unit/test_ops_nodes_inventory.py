"""The way to a node, and what stands in the way of its rebuild; without any node."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from layers.loading import load_environment
from layers.settings.nodes import Engine
from ops.deploy.replace_node import obstacles
from ops.errors import OpsError, WrongUse
from ops.nodes.inventory import node_named, ssh_to, typed_on_manager
from ops.ssh import Ssh
from ops.swarm.engine import connected
from ops.swarm.nodes import SwarmNode
from ops.terraform.target import Target
from tests.unit.ops_nodes import NODES, SETTINGS, target


@pytest.mark.parametrize(
    ("pool", "alias"),
    [("data", "swarm.sprocket.rehearsal.test"), ("work", "workers.sprocket.rehearsal.test")],
)
def test_every_node_is_checked_by_the_pinned_key_of_its_role(pool: str, alias: str) -> None:
    way = ssh_to(target(), NODES[pool])
    hop = next(word for word in way.words if word.startswith("ProxyCommand="))
    own = [word for word in way.words if word != hop]
    for words in (hop, " ".join(own)):
        assert "StrictHostKeyChecking=yes" in words and "known_hosts/rehearsal-4" in words
        assert "StrictHostKeyChecking=no" not in words
    assert hop.endswith("-W %h:%p deploy@swarm.sprocket.rehearsal.test") and "HostKeyAlias" not in hop
    assert f"HostKeyAlias={alias}" in own
    assert way.destination == f"deploy@{pool}-1.nodes.sprocket.rehearsal.test"


def test_a_node_that_does_not_exist() -> None:
    assert node_named(SETTINGS, "rehearsal-4-work-1").role == "worker"
    with pytest.raises(WrongUse, match=r"has no node 'prod-app-1'\n  there are: rehearsal-4-app-1, "):
        node_named(SETTINGS, "prod-app-1")


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("ssh://deploy@swarm.example.com", ["deploy@swarm.example.com"]),
        ("ssh://deploy@swarm.example.com:2222", ["-p", "2222", "deploy@swarm.example.com"]),
        ("ssh://deploy@[2001:db8::1]:22", ["-p", "22", "deploy@2001:db8::1"]),
        ("ssh://deploy@[2001:db8::1]", ["deploy@2001:db8::1"]),
    ],
)
def test_a_port_and_an_ipv6_address_of_the_engine_reach_ssh(
    host: str, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ssh takes ``deploy@host:2222`` for a name, and refuses brackets."""
    local = load_environment("local")
    settings = local.model_copy(update={"engine": Engine(host=host)})
    assert shlex.split(typed_on_manager(settings, "docker", "ps")) == ["ssh", *words, "docker ps"]
    manager = Target(settings=settings, stack="x", document={}, folder=tmp_path).manager
    assert shlex.split(manager.typed("true")) == ["ssh", *words, "true"]
    (tmp_path / "ssh").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/asked\nexit 255\n')
    (tmp_path / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    manager.run("true")
    assert (tmp_path / "asked").read_text().splitlines()[-len(words) - 1 :] == [*words, "true"]
    with pytest.raises(OpsError) as caught, connected(host):
        pass
    assert (tmp_path / "asked").read_text().splitlines()[-len(words) :] == words
    assert shlex.split(caught.value.fix)[1:] == ["ssh", *words, "docker version"]


def test_a_port_is_that_of_the_first_hop_only() -> None:
    manager = Ssh.to("ssh://deploy@swarm.example.com:2222", ("-F", "file"))
    words = manager.behind("deploy@node", manager.options).words
    (hop,) = (word for word in words if word.startswith("ProxyCommand="))
    assert hop.endswith(" -p 2222 -W %h:%p deploy@swarm.example.com") and "-p" not in words


def test_what_is_not_reached_by_ssh_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "ssh"
    program.write_text("#!/bin/sh\necho 'Host key verification failed.' >&2\nexit 255\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    done = Ssh(destination="deploy@x").run("true")
    assert not done.reached and done.reason == "Host key verification failed."
    program.write_text("#!/bin/sh\nsleep 5\n")
    assert Ssh(destination="deploy@x").run("true", timeout=0.3).reason == "no answer within 0.3 s"
    program.unlink()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "ssh is not installed" in Ssh(destination="deploy@x").run("true").reason


def manager(name: str, reachability: str = "reachable") -> SwarmNode:
    return SwarmNode(
        id=name, name=name, role="manager", state="ready", availability="active", reachability=reachability
    )


def test_the_quorum_is_kept() -> None:
    app, data, watch = (manager(NODES[pool].name) for pool in ("app", "data", "watch"))
    worker = SwarmNode(id="w", name=NODES["work"].name, role="worker", state="ready", availability="active")

    def blocked(pool: str, *swarm_nodes: SwarmNode, ends: bool = False) -> list[str]:
        return [each.what for each in obstacles(NODES[pool], list(swarm_nodes), ends_swarm=ends)]

    dead = manager(NODES["data"].name, "unreachable")
    assert blocked("app", app, data, watch, worker) == []
    assert blocked("data", app, dead, watch) == []
    (told,) = blocked("app", app, dead, watch)
    assert "has 1 of 2 managers and no quorum (rehearsal-4-data-1 do not answer)" in told
    assert blocked("work", app, dead, watch, worker) == []
    (told,) = blocked("app", app)
    assert "is the only manager" in told
    assert blocked("app", app, ends=True) == []
