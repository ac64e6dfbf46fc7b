"""`ops doctor` on a real swarm: it is quiet while all is well, names each seeded fault with its cause, and is quiet again after the repair."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ops.swarm.engine import Swarm, connected
from tests.live.checkout import ENGINE, LOCAL, Here, checkout, left_over
from tests.live.fault_stage import PORT, docker

pytestmark = [
    pytest.mark.live(needs=["engine", "terraform", "docker provider", "random provider"]),
    pytest.mark.proof,
]

WITHIN_S = 60.0
SERVER, STORE, CLIENT = "try-server", "try-store", "try-client-0"
ASKED = """
import json, sys
from ops.doctor.run import diagnosis_of
from ops.terraform.target import targets_of

targets = targets_of("local")
for line in sys.stdin:
    print(json.dumps(diagnosis_of(targets, lambda said: None).as_data()), flush=True)
"""
"""The command again and again, without synthesizing each time."""

Spec = dict[str, Any]
Ask = Callable[[], dict[str, Any]]


@contextmanager
def asking(here: Here) -> Iterator[Ask]:
    """The doctor in the copy."""
    environment = {**os.environ, "TRY_IMAGE": here.image, "TRY_ENGINE": ENGINE, "TRY_CLIENTS": "1"}
    with subprocess.Popen(
        [sys.executable, "-c", ASKED],
        cwd=here.root,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin and process.stdout
        asks, answers = process.stdin, process.stdout

        def ask() -> dict[str, Any]:
            print("now", file=asks, flush=True)
            answer = answers.readline()
            assert answer, "the doctor ended"
            found: dict[str, Any] = json.loads(answer)
            assert found["findings"] or found["unasked"] == [], found
            return found

        yield ask
        asks.close()


def until(ask: Ask, done: Callable[[list[dict[str, Any]]], object]) -> list[dict[str, Any]]:
    """The findings once they are as they should be."""
    deadline = time.monotonic() + WITHIN_S
    while True:
        found: list[dict[str, Any]] = ask()["findings"]
        if done(found):
            return found
        assert time.monotonic() < deadline, json.dumps(found, indent=2)
        time.sleep(1)


def spec_of(swarm: Swarm, service: str) -> Spec:
    spec: Spec = swarm.api.inspect_service(service)["Spec"]
    return spec


def update(swarm: Swarm, service: str, spec: Spec) -> None:
    """Has the swarm run a service as specified, as ``docker service update`` does."""
    raw = swarm.api.inspect_service(service)
    url = swarm.api._url("/services/{0}/update", raw["ID"])
    words = {"version": raw["Version"]["Index"]}
    swarm.api._raise_for_status(swarm.api._post_json(url, data=spec, params=words))


def container(spec: Spec, **settings: Any) -> None:
    spec["TaskTemplate"]["ContainerSpec"].update(settings)


def crash(spec: Spec) -> None:
    container(spec, Command=["/bin/sh", "-c", "echo cannot read the settings; exit 3"])


def ends(spec: Spec) -> None:
    container(spec, Command=["/bin/sh", "-c", "echo nothing to do"])


def no_command(spec: Spec) -> None:
    container(spec, Command=["/of/no/image"])


def scaled(spec: Spec) -> None:
    spec["Mode"]["Replicated"]["Replicas"] = 0


def unhealthy(spec: Spec) -> None:
    spec["TaskTemplate"]["ContainerSpec"]["Healthcheck"]["Test"] = ["CMD-SHELL", "echo answers 500; exit 1"]


def no_image(spec: Spec) -> None:
    name = spec["TaskTemplate"]["ContainerSpec"]["Image"].partition("@")[0]
    container(spec, Image=f"{name}@sha256:{'f' * 64}")


def no_label(spec: Spec) -> None:
    spec["TaskTemplate"]["Placement"] = {"Constraints": ["node.labels.nowhere==yes"]}


def no_memory(spec: Spec) -> None:
    spec["TaskTemplate"]["Resources"]["Reservations"] = {"MemoryBytes": 2**50}


def port(spec: Spec) -> None:
    taken = {"Protocol": "tcp", "PublishedPort": PORT, "TargetPort": 6379, "PublishMode": "host"}
    spec["EndpointSpec"] = {**spec.get("EndpointSpec", {}), "Ports": [taken]}


def test_faults_are_explained_and_repairs_are_seen(tmp_path: Path) -> None:
    with checkout(tmp_path, "fault_platform", environments=("local",)) as here:
        here.always(TRY_CLIENTS="1")
        here.run("deploy", *LOCAL, "--stable", "2")
        foreign = docker(
            "run", "-d", "-p", f"{PORT}:1", here.image.replace(" ", ":", 1).replace(" ", "@"), "sleep", "3600"
        )
        try:
            with asking(here) as ask, connected(ENGINE) as swarm:
                until(ask, lambda found: not found)
                wanted = {each["Target"] for each in spec_of(swarm, CLIENT)["TaskTemplate"]["Networks"]}

                def no_network(spec: Spec) -> None:
                    joined = spec["TaskTemplate"]["Networks"]
                    spec["TaskTemplate"]["Networks"] = [
                        each for each in joined if each["Target"] not in wanted
                    ]
                    assert len(spec["TaskTemplate"]["Networks"]) < len(joined)

                faults = (
                    (SERVER, crash, "crash", SERVER, "exit code 3", "cannot read the settings", "logs"),
                    (SERVER, ends, "ends", SERVER, "exit code 0", "nothing to do", "logs"),
                    # What comes next is a rollback where there is a release to go back to.
                    (SERVER, no_command, "command-missing", SERVER, "/of/no/image", "/of/no/image", ""),
                    (SERVER, scaled, "scaled-down", SERVER, "from 1 to 0", "1 declared", "deploy"),
                    (SERVER, unhealthy, "unhealthy", SERVER, "health check fails", "answers 500", "logs"),
                    (
                        SERVER,
                        no_image,
                        "image-missing",
                        SERVER,
                        "no image",
                        "No such image",
                        "images resolve",
                    ),
                    (
                        SERVER,
                        no_label,
                        "no-node",
                        SERVER,
                        "node.labels.nowhere==yes",
                        "no suitable node",
                        "deploy",
                    ),
                    (SERVER, no_memory, "no-memory", SERVER, "reserves", "insufficient resources", "deploy"),
                    (STORE, port, "port-taken", STORE, str(PORT), "port is already allocated", "docker ps"),
                    (SERVER, no_network, "unresolved-name", CLIENT, SERVER, "networks of", "deploy"),
                    (STORE, crash, "crash", STORE, "exit code 3", "cannot read the settings", "logs"),
                )
                for service, seed, kind, about, cause, evidence, next_ in faults:
                    began = time.monotonic()
                    sound = spec_of(swarm, service)
                    broken = copy.deepcopy(sound)
                    seed(broken)
                    broken["UpdateConfig"] = {
                        **sound["UpdateConfig"],
                        "FailureAction": "continue",
                        "Order": "stop-first",
                    }
                    update(swarm, service, broken)

                    def named(
                        found: list[dict[str, Any]], kind: str = kind, about: str = about
                    ) -> list[dict[str, Any]]:
                        return [f for f in found if (f["kind"], f["about"]) == (kind, f"service {about}")]

                    told = until(ask, named)
                    (finding,) = named(told)
                    assert cause in finding["cause"], finding
                    assert evidence in "\n".join(finding["evidence"]), finding
                    assert next_ in finding["next"], finding
                    others = {f["about"] for f in told} - {f"service {about}"}
                    assert others == set(), told
                    if (service, kind) == (STORE, "crash"):
                        until(ask, lambda found: any(f"service {SERVER}" in f["explains"] for f in found))
                        shown = here.run("doctor", *LOCAL, expect=1)
                        assert f"! service {STORE} [crash]" in shown
                        assert f"! service {SERVER}" not in shown
                    explained = time.monotonic() - began
                    update(swarm, service, sound)
                    until(ask, lambda found: not found)
                    print(
                        f"{kind:<16} {about:<14} told after {explained:>3.0f} s, quiet after {time.monotonic() - began:>3.0f} s"
                    )
            assert "nothing found" in here.run("doctor", *LOCAL)
            assert "3 of 3 services are well" in here.run("status", *LOCAL)
            log = here.run("logs", STORE, *LOCAL, "--since", "10m", "--grep", "cannot read")
            assert "cannot read the settings" in log
        finally:
            docker("rm", "-f", foreign)
    assert left_over() == []
