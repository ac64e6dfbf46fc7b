"""`ops drift` on a real swarm: changes by the docker command line are named, put back by a deploy, and then it is quiet."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

import pytest

from tests.live.test_ops_teardown import LOCAL, Here, here

__all__ = ["here"]

pytestmark = [
    pytest.mark.live(needs=["engine", "terraform", "docker provider", "random provider"]),
    pytest.mark.proof,
]

QUIET_RUNS = 10
TYPED = "hunter2-typed-by-hand"
PAGE = "service try-page"


def docker(*words: str, stdin: str = "") -> str:
    done = subprocess.run(
        ["docker", *words], input=stdin, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def update(service: str, *words: str) -> None:
    docker("service", "update", "--detach", "--no-resolve-image", *words, service)


def asked(here: Here, *, expect: int) -> dict[str, str]:
    """What is named, with what to do about it."""
    shown = here.run("drift", *LOCAL, "--json", expect=expect)
    assert [value for value in (TYPED, *passwords(here)) if value in shown] == []
    report: dict[str, Any] = json.loads(shown[shown.index("\n{") :])
    assert report["unasked"] == []
    return {
        f"{each['where']}: {each['what']}"
        + (
            f": {each['before'] or '-'} -> {each['now'] or '-'}" if each["before"] or each["now"] else ""
        ): each["fix"]
        for each in report["drift"]
    }


def passwords(here: Here) -> list[str]:
    found = [r for r in json.loads(here.state())["resources"] if r["type"] == "random_password"]
    assert found
    return [str(each["attributes"]["result"]) for r in found for each in r["instances"]]


def change_everything(here: Here) -> dict[str, str]:
    """Changes by hand, and how each is named; those that a deploy does not put back by a word for it."""
    name, tag, digest = here.image.split()
    short = digest[: len("sha256:") + 12]
    docker("network", "create", "--driver", "overlay", "by-hand-net")
    docker("secret", "create", "by-hand-secret", "-", stdin=TYPED)
    docker("config", "create", "by-hand-config", "-", stdin="a: 1\n")
    docker(
        "service",
        "create",
        "--detach",
        "--no-resolve-image",
        "--name",
        "by-hand",
        f"{name}:{tag}@{digest}",
        "sleep",
        "600",
    )
    (node,) = docker("node", "ls", "--format", "{{.Hostname}}").splitlines()
    docker("node", "update", "--label-add", "by=hand", node)
    update("try-store", "--replicas", "0")
    update("try-store", "--update-delay", "3s", "--restart-delay", "9s")
    update("try-page", "--env-add", f"DEBUG={TYPED}", "--label-add", "team=night", "--limit-memory", "48M")
    update(
        "try-page",
        "--secret-add",
        "by-hand-secret",
        "--config-add",
        "source=by-hand-config,target=/etc/extra",
    )
    update(
        "try-page", "--mount-add", "type=tmpfs,destination=/scratch", "--constraint-add", "node.role==manager"
    )
    update("try-page", "--network-add", "by-hand-net", "--ulimit-add", "nofile=1000")
    update("try-page", "--publish-add", "mode=host,target=3000,published=18099")
    update(
        "try-page",
        "--health-interval",
        "3s",
        "--stop-grace-period",
        "4s",
        "--image",
        f"{name}:other@{digest}",
    )
    return {
        "network by-hand-net: was not made by a deploy": "remove it",
        "secret by-hand-secret: was not made by a deploy": "remove it",
        "config by-hand-config: was not made by a deploy": "remove it",
        f"service by-hand: was not made by a deploy (image {name}:{tag})": "remove it",
        f"node {node}: label by: - -> hand": "docker node update --label-rm by",
        "service try-store: replicas: 1 -> 0": "puts it back",
        "service try-store: update delay: - -> 3s": "puts it back",
        "service try-store: restart delay: 10s -> 9s": "puts it back",
        f"{PAGE}: variable DEBUG: - -> (not shown: it may hold a secret)": "",
        f"{PAGE}: label team: - -> night": "",
        f"{PAGE}: memory limit: 64MiB -> 48MiB": "",
        f"{PAGE}: file by-hand-secret: - -> secret by-hand-secret": "",
        f"{PAGE}: file /etc/extra: - -> config by-hand-config": "",
        f"{PAGE}: mount /scratch: - -> tmpfs": "",
        f"{PAGE}: runs on: - -> node.role==manager": "",
        f"{PAGE}: network by-hand-net: - -> joined": "would replace it",
        f'{PAGE}: ContainerSpec.Ulimits: - -> [{{"Hard": 1000, "Name": "nofile", "Soft": 1000}}]': "",
        f"{PAGE}: published port 18099: - -> 3000 host": "",
        f"{PAGE}: health check interval: 2s -> 3s": "",
        f"{PAGE}: stop grace period: 10s -> 4s": "",
        f"{PAGE}: image: {name}:{tag}@{short} -> {name}:other@{short}": "",
    }


AGAIN = f"""
import json
from ops.drift.run import drift_of
from ops.terraform.target import targets_of

targets = targets_of("local")
print(json.dumps([drift_of(targets, lambda text: None).as_data() for _ in range({QUIET_RUNS})]))
"""
"""The command again and again, without synthesizing each time."""


def test_every_change_by_hand_is_named_put_back_and_then_it_is_quiet(here: Here) -> None:
    try:
        here.run("deploy", *LOCAL, "--stable", "1")
        assert asked(here, expect=0) == {}
        wanted = change_everything(here)
        found = asked(here, expect=1)
        print("\n".join(f"{each}\n    {fix}" for each, fix in found.items()))
        put_back(here)
        be_quiet(here)
        docker("service", "rm", "try-page")
        assert asked(here, expect=1) == {
            f"{PAGE}: is gone": "a deploy makes it again: python -m ops deploy --env local"
        }
        assert sorted(found) == sorted(wanted)
        assert [each for each, word in wanted.items() if word not in found[each]] == []
    finally:
        for words in (
            ("service", "rm", "by-hand"),
            ("secret", "rm", "by-hand-secret"),
            ("config", "rm", "by-hand-config"),
            ("network", "rm", "by-hand-net"),
        ):
            subprocess.run(["docker", *words], capture_output=True, timeout=60, check=False)


def put_back(here: Here) -> None:
    """By hand what a deploy refuses to work beside, or would replace the service for; the rest by a deploy."""
    docker("service", "rm", "by-hand")
    docker("node", "update", "--label-rm", "by", docker("node", "ls", "--format", "{{.Hostname}}"))
    update("try-page", "--network-rm", "by-hand-net")
    here.run("deploy", *LOCAL, "--stable", "1")
    docker("network", "rm", "by-hand-net")
    docker("secret", "rm", "by-hand-secret")
    docker("config", "rm", "by-hand-config")
    assert asked(here, expect=0) == {}


def be_quiet(here: Here) -> None:
    """Ten runs while nobody changes anything."""
    began = time.monotonic()
    environment = {**os.environ, "TRY_IMAGE": here.image}
    done = subprocess.run(
        [sys.executable, "-c", AGAIN],
        cwd=here.root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    reports = json.loads(done.stdout)
    assert [(each["quiet"], each["drift"], each["notes"]) for each in reports] == [
        (True, [], [])
    ] * QUIET_RUNS
    print(f"{QUIET_RUNS} quiet runs in {time.monotonic() - began:.0f} s")
