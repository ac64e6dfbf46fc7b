"""The next commands that go to a node over ssh: they work as they are printed, and go to the node concerned, at its pinned host key."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from layers.loading import load_environment
from ops.doctor import run
from ops.doctor.facts import Facts
from ops.doctor.finding import Finding
from ops.doctor.rules import clock, services
from ops.errors import OpsError
from ops.nodes.inventory import nodes_of, typed_on_manager, typed_on_node
from ops.swarm.engine import Swarm, connected
from tests.unit import ops_doctor
from tests.unit.ops_boundaries import Boundaries, targets_of
from tests.unit.ops_doctor import Engine

PROD, BOX = load_environment("prod"), load_environment("rehearsal-4")
HOST = "ssh://deploy@swarm.sprocket.mlesports.gg"
MANAGER = "deploy@swarm.sprocket.mlesports.gg"
PINNED = ["UserKnownHostsFile=environments/known_hosts/prod", "StrictHostKeyChecking=yes"]
WORKER = "rehearsal-4-work-1"


def arguments(typed: str, folder: Path) -> list[list[str]]:
    """Has a shell run a command with an ssh that writes down what it is called with; that of a ProxyCommand last."""
    program = folder / "ssh"
    program.write_text(
        f'#!/bin/sh\nprintf "%s\\0" "$@" >>"{folder}/asked"\nprintf "\\n" >>"{folder}/asked"\n'
    )
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    subprocess.run(["/bin/sh", "-c", typed], env=environment, timeout=20, check=True)
    lines = (folder / "asked").read_text().split("\n")
    return [line.split("\0")[:-1] for line in lines if line]


def options_of(words: Sequence[str]) -> dict[str, str]:
    found = [value for option, value in pairwise(words) if option == "-o"]
    return dict(each.split("=", 1) for each in found)


def facts_of(*engines: Engine, environment: str = "prod") -> Facts:
    targets = targets_of(load_environment(environment))
    return Facts(targets=targets, engines=[Swarm(each) for each in engines])  # type: ignore[arg-type]


def test_a_command_on_the_manager_has_its_pinned_host_key(tmp_path: Path) -> None:
    typed = typed_on_manager(PROD, "docker", "ps", "--filter", "name=a b")
    (words,) = arguments(typed, tmp_path)
    assert words[-2:] == [MANAGER, "docker ps --filter 'name=a b'"]
    assert [
        f"{key}={value}" for key, value in options_of(words).items() if key[:4] in ("User", "Stri")
    ] == PINNED


def test_a_command_on_a_node_goes_through_the_manager_and_checks_both(tmp_path: Path) -> None:
    node = next(each for each in nodes_of(BOX) if each.name == WORKER)
    (words,) = arguments(typed_on_node(BOX, node, "timedatectl", "status"), tmp_path)
    assert words[-2:] == [f"deploy@work-1.nodes.{BOX.domain}", "timedatectl status"]
    pinned = options_of(words)
    assert pinned["HostKeyAlias"] == f"workers.{BOX.domain}"
    assert pinned["UserKnownHostsFile"] == ".sprocket/known_hosts/rehearsal-4"
    hop = shlex.split(pinned["ProxyCommand"])
    assert hop[0] == "ssh" and hop[-3:] == ["-W", "%h:%p", f"deploy@{BOX.engine.host.rpartition('@')[2]}"]
    assert options_of(hop)["UserKnownHostsFile"] == ".sprocket/known_hosts/rehearsal-4"


def test_ssh_understands_it() -> None:
    """The program itself, which prints its settings and connects nowhere."""
    node = next(each for each in nodes_of(BOX) if each.name == WORKER)
    for typed in (typed_on_manager(PROD, "true"), typed_on_node(BOX, node, "true")):
        done = subprocess.run(
            typed.replace("ssh ", "ssh -F /dev/null -G ", 1),
            shell=True,
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
        assert "/known_hosts/" in done.stdout and "user deploy\n" in done.stdout


def test_settings_of_the_environment_s_own_ssh_stay(tmp_path: Path) -> None:
    own = PROD.engine.model_copy(update={"ssh_options": ("-F", "a file")})
    typed = typed_on_manager(PROD.model_copy(update={"engine": own}), "true")
    assert arguments(typed, tmp_path) == [["-F", "a file", MANAGER, "true"]]


@pytest.fixture
def two(boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch) -> tuple[Engine, Engine]:
    """The manager and the worker of rehearsal-4."""
    first = next(each for each in nodes_of(BOX) if each.is_first)
    manager, worker = Engine(name=first.name), Engine(name=WORKER)
    raw = worker.raw_nodes[0]
    manager.raw_nodes.append(
        raw | {"ID": "n2", "Spec": raw["Spec"] | {"Role": "worker"}, "ManagerStatus": None}
    )
    return manager, worker


def destination(finding: Finding, folder: Path) -> tuple[str, str]:
    (words,) = arguments(finding.next, folder)
    assert "UserKnownHostsFile=.sprocket/known_hosts/rehearsal-4" in words
    return words[-2], words[-1]


def test_a_wrong_clock_is_looked_at_on_its_own_node(two: tuple[Engine, Engine], tmp_path: Path) -> None:
    manager, worker = two
    worker.clock_off_s = 90
    (finding,) = clock.wrong_clocks(facts_of(manager, worker, environment="rehearsal-4"))
    assert finding.about == f"clock of node {WORKER}"
    assert destination(finding, tmp_path) == (f"deploy@work-1.nodes.{BOX.domain}", "timedatectl status")


def test_the_clock_of_the_manager_is_looked_at_directly(two: tuple[Engine, Engine], tmp_path: Path) -> None:
    manager, worker = two
    manager.clock_off_s = -90
    (finding,) = clock.wrong_clocks(facts_of(manager, worker, environment="rehearsal-4"))
    assert destination(finding, tmp_path) == (BOX.engine.host.removeprefix("ssh://"), "timedatectl status")


@pytest.mark.parametrize(
    ("said", "port"),
    [
        ("driver failed programming external connectivity on endpoint web.1.ab12 (3f4a): Bind for 0.0.0.0:8081 failed: port is already allocated", 8081),
        ("Error starting userland proxy: listen tcp4 0.0.0.0:8081: bind: address already in use", 8081),
        ("failed to bind host port [::]:8081/tcp: address already in use", 8081),
        ("port is already allocated", 8080),
    ],
)  # fmt: skip
def test_a_port_is_looked_for_on_the_node_that_lacks_it(
    said: str, port: int, two: tuple[Engine, Engine], tmp_path: Path
) -> None:
    manager, worker = two
    ports = [{"PublishedPort": each, "TargetPort": 80, "PublishMode": "host"} for each in (8080, 8081)]
    manager.raw_services[1]["Spec"]["EndpointSpec"] = {"Ports": ports}
    manager.ends("web", said)
    for each in manager.raw_tasks:
        each["NodeID"] = "n2"
    (finding,) = services.services_without_tasks(facts_of(manager, worker, environment="rehearsal-4"))
    assert finding.kind == "port-taken"
    host = f"deploy@work-1.nodes.{BOX.domain}"
    assert destination(finding, tmp_path) == (host, f"docker ps --filter publish={port}")


def test_a_node_that_nobody_declares_is_asked_for_at_its_manager(
    two: tuple[Engine, Engine], tmp_path: Path
) -> None:
    facts = facts_of(*two, environment="rehearsal-4")
    (words,) = arguments(facts.on_node("a-node-of-others", "timedatectl", "status"), tmp_path)
    assert words[-2:] == [
        BOX.engine.host.removeprefix("ssh://"),
        "docker node inspect --pretty a-node-of-others",
    ]


def test_an_engine_that_does_not_answer_is_tried_with_its_host_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails = tmp_path / "ssh"
    fails.write_text("#!/bin/sh\necho 'Host key verification failed.' >&2\nexit 255\n")
    fails.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with (
        pytest.raises(OpsError, match="Host key verification failed") as raised,
        connected(HOST, PROD.ssh_options("/a b")),
    ):
        pass
    command = raised.value.fix.removeprefix("check: ")
    assert shlex.split(command)[-2:] == [MANAGER, "docker version"]
    assert "UserKnownHostsFile=/a b/environments/known_hosts/prod" in shlex.split(command)


def test_an_engine_elsewhere_without_a_cloud_is_looked_at_there(
    boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> None:
        raise OpsError("the engine at x does not answer: timed out")

    ops_doctor.connect(monkeypatch, Engine(), fails=fails)
    targets = replace(targets_of(PROD), cloud=None)
    (finding,) = run.diagnosis_of(targets, lambda said: None).findings
    assert shlex.split(finding.next)[-2:] == [MANAGER, "systemctl status docker"]
