"""A copy of the repository with a platform of its own, and the command line in it, on this machine's swarm or that of ``DOCKER_HOST``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from images import LOCK_FILE
from images.builder import lock
from ops.paths import ROOT
from ops.swarm.engine import connected
from tests.stacks.synthesis import synthesized

DEFAULT_ENGINE = "unix:///var/run/docker.sock"
ENGINE = os.environ.get("DOCKER_HOST") or DEFAULT_ENGINE
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
        self._environment = {**os.environ, "TRY_IMAGE": image, "TRY_ENGINE": ENGINE}

    def start(self, *words: str, env: Mapping[str, str] | None = None, **tries: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "ops", *words],
            cwd=self.root,
            env={**self._environment, **(env or {}), **tries},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def always(self, **tries: str) -> None:
        """Sets variables for every command."""
        self._environment |= tries

    def reach(self, engine: str) -> None:
        """Has the environment reach the engine at another address from now on."""
        file = self.root / "environments" / "local.yaml"
        file.write_text(file.read_text().replace(self._environment["TRY_ENGINE"], engine))
        self._environment["TRY_ENGINE"] = engine

    def run(self, *words: str, expect: int = 0, env: Mapping[str, str] | None = None, **tries: str) -> str:
        with self.start(*words, env=env, **tries) as process:
            output, _ = process.communicate(timeout=400)
        assert process.returncode == expect, output
        return output

    @property
    def stack(self) -> Path:
        """The folder that Terraform runs in."""
        return self.root / "cdktf.out" / "stacks" / "local-services"

    def changes(self) -> list[str]:
        """What Terraform itself would change, of what was synthesized last; empty for nothing."""
        words = ["terraform", f"-chdir={self.stack}", "plan", "-json", "-input=false"]
        run = subprocess.run(words, capture_output=True, text=True, timeout=120, check=True)
        events = [json.loads(line) for line in run.stdout.splitlines()]
        found = [each["change"] for each in events if each["type"] == "planned_change"]
        return [f"{each['action']} {each['resource']['addr']}" for each in found]

    def state(self) -> str:
        return (self.root / ".sprocket" / "state" / "local-services.tfstate").read_text()

    def counts(self, **tries: str) -> dict[str, int]:
        with self.start("plan", "--json", env=tries) as process:
            output, _ = process.communicate(timeout=120)
        found: dict[str, int] = json.loads(output[output.index("\n{") :])["stacks"][0]["counts"]
        return found


@contextmanager
def checkout(
    folder: Path, platform: str, *, environments: tuple[str, ...] = (), real: tuple[str, ...] = ()
) -> Iterator[Here]:
    """A copy with a platform of ``tests/live``; what it deploys is purged afterwards.

    Args:
        environments: files of environments to leave in it, each of which a deploy checks; by default all.
        real: images whose program must not be a stand-in.
    """
    images = lock.load(LOCK_FILE)
    if "redis" not in images:
        absent("no images are built; run `python -m images build`")
    lacking = [name for name in real if name not in images or images[name].kind != "real"]
    if lacking:
        absent(f"{', '.join(lacking)} would be stand-ins, which keep nothing; images/README.md")
    if swarm_in_use():
        # Not a missing part of the world: .ci/run has these tests run before it brings the local platform up.
        pytest.skip("the swarm of this machine is in use; make down ends the local platform")
    copy = copied(folder, platform, environments=environments)
    try:
        yield copy
    finally:
        copy.start("purge", *LOCAL, "--confirm", "local").communicate(timeout=300)


def copied(folder: Path, platform: str, *, environments: tuple[str, ...] = ()) -> Here:
    """The copy by itself."""
    images = lock.load(LOCK_FILE)
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (folder / "environments").glob("*.yaml") if environments else ():
        if file.stem not in environments:
            file.unlink()
    shutil.copy(ROOT / "images.lock.yaml", folder)
    shutil.copy(ROOT / "tests" / "live" / platform / "main.py", folder)
    shared = folder / "tests" / "live" / "platforms.py"
    shared.parent.mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "live" / "platforms.py", shared)
    shutil.copy(ROOT / "acme-ca.packages.pem", folder)
    _use_images_without_building(folder / "environments" / "local.yaml", images)
    redis = images["redis"]
    return Here(folder, f"{redis.name} {redis.tag} {redis.digest}")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    """The small platform, in a copy."""
    with checkout(tmp_path, "small_platform") as copy:
        yield copy


def _use_images_without_building(file: Path, images: Mapping[str, lock.Entry]) -> None:
    """A deploy checks the real layers, although the copy's main.py declares others: they need images with a digest."""
    asked = synthesized("local").stack.site.asked_images & images.keys()
    overrides = {
        name: {"name": images[name].name, "tag": images[name].tag, "digest": images[name].digest}
        for name in sorted(asked)
    }
    before = file.read_text()
    source = {"source": "lock", "overrides": overrides}
    after = before.replace("images: {source: packages}", f"images: {json.dumps(source)}")
    assert after != before
    assert DEFAULT_ENGINE in after
    file.write_text(after.replace(DEFAULT_ENGINE, ENGINE))


def swarm_in_use() -> bool:
    with connected(ENGINE) as swarm:
        return swarm.membership()["LocalNodeState"] == "active" and bool(swarm.services())


def left_over() -> list[str]:
    with connected(ENGINE) as swarm:
        active = swarm.membership()["LocalNodeState"] == "active"
        names = [service.name for service in swarm.services()] if active else []
        for kind in ("network", "volume", "config", "secret") if active else ("network", "volume"):
            names += swarm.names(kind)
    return [name for name in names if name.startswith("try-")]
