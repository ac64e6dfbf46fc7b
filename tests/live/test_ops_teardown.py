"""deploy, plan, down, purge, failures and Ctrl-C on a real swarm, with a small platform in a copy of the repository."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from images import LOCK_FILE
from images.builder import lock
from ops.paths import ROOT
from ops.swarm.engine import connected
from tests.stacks.synthesis import synthesized

# The swarm is started by `deploy` where there is none.
pytestmark = pytest.mark.live(needs=["engine", "terraform", "docker provider", "random provider"])

LOCAL = ("--env", "local")
COPIED = ("ops", "layers", "environments", "constructs", "images", "rehearsal")


def absent(reason: str) -> None:
    if os.environ.get("REQUIRE_LIVE") == "1":
        pytest.fail(f"REQUIRE_LIVE=1, but {reason}")
    pytest.skip(reason)


class Here:
    """The copy, and the command line in it."""

    def __init__(self, root: Path, image: str) -> None:
        self.root = root
        self.image = image
        self._environment = {**os.environ, "TRY_IMAGE": image}

    def start(self, *words: str, **tries: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "ops", *words],
            cwd=self.root,
            env={**self._environment, **tries},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words: str, expect: int = 0, **tries: str) -> str:
        with self.start(*words, **tries) as process:
            output, _ = process.communicate(timeout=400)
        assert process.returncode == expect, output
        return output

    def state(self) -> str:
        return (self.root / ".sprocket" / "state" / "local-services.tfstate").read_text()

    def counts(self, **tries: str) -> dict[str, int]:
        with self.start("plan", "--json", **tries) as process:
            output, _ = process.communicate(timeout=120)
        found: dict[str, int] = json.loads(output[output.index("\n{") :])["stacks"][0]["counts"]
        return found


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    images = lock.load(LOCK_FILE)
    if "redis" not in images:
        absent("no images are built; run `python -m images build`")
    if swarm_in_use():
        # Not a missing part of the world: .ci/run has these tests run before it brings the local platform up.
        pytest.skip("the swarm of this machine is in use; make down ends the local platform")
    for name in COPIED:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "images.lock.yaml", tmp_path)
    shutil.copy(ROOT / "tests" / "live" / "small_platform" / "main.py", tmp_path)
    shutil.copy(ROOT / "acme-ca.packages.pem", tmp_path)
    _use_images_without_building(tmp_path / "environments" / "local.yaml", images)
    redis = images["redis"]
    copy = Here(tmp_path, f"{redis.name} {redis.tag} {redis.digest}")
    try:
        yield copy
    finally:
        copy.start("purge", *LOCAL, "--confirm", "local").communicate(timeout=300)


def _use_images_without_building(file: Path, images: Mapping[str, lock.Entry]) -> None:
    """A deploy checks the real layers, although the copy's main.py declares others: they need images with a digest."""
    asked = synthesized("local").stack.site.asked_images & images.keys()
    overrides = {
        name: {"name": images[name].name, "tag": images[name].tag, "digest": images[name].digest}
        for name in sorted(asked)
    }
    before = file.read_text()
    source = {"source": "lock", "overrides": overrides}
    file.write_text(before.replace("images: {source: packages}", f"images: {json.dumps(source)}"))
    assert file.read_text() != before


def swarm_in_use() -> bool:
    with connected("unix:///var/run/docker.sock") as swarm:
        return swarm.membership()["LocalNodeState"] == "active" and bool(swarm.services())


def left_over() -> list[str]:
    with connected("unix:///var/run/docker.sock") as swarm:
        active = swarm.membership()["LocalNodeState"] == "active"
        names = [service.name for service in swarm.services()] if active else []
        for kind in ("network", "volume", "config", "secret") if active else ("network", "volume"):
            names += swarm.names(kind)
    return [name for name in names if name.startswith("try-")]


def test_up_down_up_purge(here: Here) -> None:
    shown = here.run("deploy", *LOCAL, "--stable", "3")
    assert "2 services converged" in shown
    assert "https://page.sprocket.localhost  try-page, public" in shown
    assert here.counts() == {"add": 0, "change": 0, "replace": 0, "destroy": 0}
    assert here.counts(TRY_CONF="a: 2\n") == {"add": 0, "change": 2, "replace": 0, "destroy": 0}
    assert "1 volume and 2 generated secrets stay" in here.run("down", *LOCAL)
    assert left_over() == ["try-store"]
    # The store refuses to start on data that was made with another password.
    assert "2 services converged" in here.run("deploy", *LOCAL, "--stable", "3")
    here.run("purge", *LOCAL, "--confirm", "local")
    assert left_over() == []
    assert not list((here.root / ".sprocket").rglob("*.tfstate*"))


def test_a_failed_first_start_shows_why_and_the_log_without_secrets(here: Here) -> None:
    broken = {"TRY_FIRST": "echo cannot open amqp://user:pw12345@host; exit 3", "TRY_WITHIN": "20s"}
    shown = here.run("deploy", *LOCAL, expect=1, **broken)
    assert "did not converge after 20s" in shown
    assert "service try-store: its task failed: task: non-zero exit (3)" in shown
    assert "cannot open amqp://user:***@host" in shown
    assert "Traceback" not in shown
    assert "2 services converged" in here.run("deploy", *LOCAL, "--stable", "1")


def test_a_replaced_service_that_ignores_term_is_whole_after_one_up(here: Here) -> None:
    here.run("deploy", *LOCAL, "--stable", "1", TRY_IGNORES_TERM="1")
    shown = here.run("deploy", *LOCAL, "--stable", "1", TRY_IGNORES_TERM="1", TRY_NETWORK="1")
    assert "! service try-store is replaced (networks)" in shown
    assert "applying again" in shown
    assert "2 services converged" in shown


def test_ctrl_c_leaves_nothing_that_terraform_does_not_know(here: Here) -> None:
    process = here.start("deploy", *LOCAL)
    time.sleep(1)
    seen = ""
    assert process.stdout is not None
    while "to add" not in seen:
        seen += process.stdout.readline()
    time.sleep(4)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 130, output
    assert "interrupted: running operations finished, state is saved" in output
    assert "2 services converged" in here.run("deploy", *LOCAL, "--stable", "1")


def test_a_stores_next_major_version_needs_an_acknowledgement(here: Here) -> None:
    """Two tags of one image: what Terraform keeps and what ops refuses is real, the program is the same."""
    name, _, digest = here.image.split()
    old, new = (f"{name} {tag} {digest}" for tag in ("8.2.9", "9.0.0"))
    here.run("deploy", *LOCAL, "--stable", "1", TRY_IMAGE=old)
    before = here.state()
    shown = here.run("plan", *LOCAL, expect=1, TRY_IMAGE=new)
    assert "STORES: A DEPLOY REFUSES THIS\n  ! store try-store (docker_service." in shown
    assert "redis 8.2.9 -> redis 9.0.0, an upgrade to another major version" in shown
    refused = here.run("deploy", *LOCAL, expect=1, TRY_IMAGE=new)
    assert "local-services is not deployed; nothing was changed" in refused
    assert here.state() == before
    # Switched off, the service is gone from the state, and an edit meanwhile is still the first thing to open the data.
    here.run("down", *LOCAL, TRY_IMAGE=new)
    assert "redis 8.2.9 -> redis 9.0.0" in here.run("deploy", *LOCAL, expect=1, TRY_IMAGE=new)
    acknowledged = here.root / "environments" / "acknowledged" / "local.yaml"
    acknowledged.parent.mkdir(exist_ok=True)
    acknowledged.write_text(
        'upgrades:\n  - {store: try-store, from: "8", to: "9", reason: a test, until: 9999-12-31}\n'
    )
    assert "acknowledged until 9999-12-31: a test" in here.run("plan", *LOCAL, TRY_IMAGE=new)
    assert "2 services converged" in here.run("deploy", *LOCAL, "--stable", "1", TRY_IMAGE=new)
    assert here.counts(TRY_IMAGE=new) == {"add": 0, "change": 0, "replace": 0, "destroy": 0}
    shown = here.run("deploy", *LOCAL, expect=1, TRY_IMAGE=old)
    assert "redis 9.0.0 -> redis 8.2.9, a downgrade; redis 8.2.9 may not open what 9.0.0 wrote" in shown
