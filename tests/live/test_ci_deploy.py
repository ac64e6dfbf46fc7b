"""The scripts of the jobs on a real swarm: cdktf plans, the plan is sealed, opened and applied, and nothing is left to do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from images import LOCK_FILE
from images.builder import lock
from ops.paths import ROOT
from ops.swarm.engine import connected
from tests.live.test_ops_teardown import COPIED, Here, _use_images_without_building, absent, swarm_in_use

pytestmark = pytest.mark.live

STACK = "local-services"


class Runner(Here):
    """A copy of the repository with the small platform, and what a job has besides: cdktf and a passphrase."""

    def script(self, name: str, *words: str, expect: int = 0, **environment: str) -> str:
        done = subprocess.run(
            [self.root / "ops" / "ci" / name, *words],
            cwd=self.root,
            env={
                **self._environment,
                "CI": "true",
                "CHECKPOINT_DISABLE": "1",
                "CDKTF_DISABLE_LOGGING": "true",
                "CDKTF_SKIP_PROVIDER_LOCK": "true",
                "PLAN_PASSPHRASE": "a passphrase of more than thirty-two characters",
                **environment,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        output = done.stdout + done.stderr
        assert done.returncode == expect, output
        return output


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    images = lock.load(LOCK_FILE)
    if "redis" not in images:
        absent("no images are built; run `python -m images build`")
    if swarm_in_use():
        pytest.skip("the swarm of this machine is in use; make down ends the local platform")
    for name in COPIED:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("images.lock.yaml", "acme-ca.packages.pem", "cdktf.json"):
        shutil.copy(ROOT / file, tmp_path)
    shutil.copy(ROOT / "tests" / "live" / "small_platform" / "main.py", tmp_path)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    _use_images_without_building(tmp_path / "environments" / "local.yaml", images)
    redis = images["redis"]
    runner = Runner(tmp_path, f"{redis.name} {redis.tag} {redis.digest}")
    try:
        yield runner
    finally:
        runner.start("purge", "--env", "local", "--confirm", "local").communicate(timeout=300)


def test_what_was_planned_and_sealed_is_what_runs(runner: Runner) -> None:
    assert "docker_service.platform_page" in runner.script("plan.sh", "local"), "cdktf's own plan"
    report = (runner.root / "cdktf.out" / "plans" / "plan-local.md").read_text()
    assert "try-page" in report and "Offline" not in report
    sealed = str(runner.root / "local.plan")
    checksum = runner.script("sealed_plan.sh", "seal", sealed).strip()
    shutil.rmtree(runner.root / "cdktf.out")

    # What the next job does, on another machine; the settings of the shell are others by then.
    runner.script("sealed_plan.sh", "open", sealed, checksum)
    runner.script("apply.sh", "local", CONFIRM="local", TRY_CONF="b: 2\n")
    with connected("unix:///var/run/docker.sock") as swarm:
        services = {service.name for service in swarm.services()}
        configs = swarm.names("config")
    assert services == {"try-store", "try-page"}
    assert len([name for name in configs if name.startswith("try-page-conf")]) == 1

    # The next plan has nothing to do; with the other settings it has.
    runner.script("plan.sh", "local")
    file = runner.root / "cdktf.out" / "plans" / "plan-local.json"
    assert not any(json.loads(file.read_text())["stacks"][0]["counts"].values())
    planned = ["python3", "ops/ci/planned.py", "--empty", str(file)]
    assert subprocess.run(planned, cwd=runner.root, check=False, timeout=60).returncode == 0
    runner.script("plan.sh", "local", TRY_CONF="b: 2\n")
    assert subprocess.run(planned, cwd=runner.root, check=False, timeout=60).returncode == 1
    assert os.stat(runner.root / "cdktf.out" / "stacks" / STACK / "plan").st_mode & 0o077 == 0
