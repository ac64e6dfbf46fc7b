"""The scripts of the jobs, one after the other, on a real swarm with a store and its backups."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.paths import ROOT
from ops.swarm.engine import connected
from tests.live.checkout import ENGINE, Here, checkout

pytestmark = [pytest.mark.live, pytest.mark.proof]

REAL = ("redis", "minio", "restic")


class Runner(Here):
    """What a job has: a copy of the repository, cdktf, a passphrase, and no terminal."""

    def script(self, name: str, *words: str, expect: int = 0, **environment: str) -> str:
        done = subprocess.run(
            [self.root / "ops" / "ci" / name, *words],
            cwd=self.root,
            env={
                **self._environment,
                "CI": "true",
                "CDKTF_SKIP_PROVIDER_LOCK": "true",
                "PLAN_PASSPHRASE": "a passphrase of more than thirty-two characters",
                **environment,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
        output = done.stdout + done.stderr
        assert done.returncode == expect, output
        return output


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    with checkout(tmp_path, "backup_platform", real=REAL) as copy:
        shutil.copy(ROOT / "cdktf.json", tmp_path)
        (tmp_path / ".venv").symlink_to(sys.prefix)
        (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
        yield Runner(copy.root, copy.image)


def test_each_job_does_its_work(runner: Runner) -> None:
    planned = runner.script("plan.sh", "local")
    assert "random_password" in planned and "docker_service" in planned, "cdktf's own plan"
    plan = runner.root / "cdktf.out" / "stacks" / "local-services" / "plan"
    assert plan.stat().st_mode & 0o077 == 0
    report = (runner.root / "cdktf.out" / "plans" / "plan-local.md").read_text()
    assert "redis" in report and "Offline" not in report

    # What the next job does, on another machine.
    sealed = str(runner.root / "local.plan")
    checksum = runner.script("sealed_plan.sh", "seal", sealed).strip()
    shutil.rmtree(runner.root / "cdktf.out")
    runner.script("sealed_plan.sh", "open", sealed, checksum)
    runner.script("apply.sh", "local", CONFIRM="local")
    with connected(ENGINE) as swarm:
        assert "redis" in {service.name for service in swarm.services()}

    # The smoke test is one of the whole platform, and this is a part of it: a failure of one step hides no other.
    verified = runner.script("verify.sh", "local", expect=1)
    assert "no changes" in verified and "services converged" in verified
    assert "error: local was deployed, but failed: smoke" in verified

    runner.run("backup", "--env", "local")
    runner.script("nightly.sh", "local")
    runner.script("drill.sh", "local")
