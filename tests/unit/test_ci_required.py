"""The one check that a branch rule asks for: a job that was skipped has not passed."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from ops.paths import ROOT


def judged(may_skip: str = "", **results: str) -> subprocess.CompletedProcess[str]:
    needs = {name: {"result": result, "outputs": {}} for name, result in results.items()}
    return subprocess.run(
        [sys.executable, ROOT / "ops" / "ci" / "required.py"],
        env={**os.environ, "NEEDS": json.dumps(needs), "MAY_SKIP": may_skip},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_all_passed() -> None:
    done = judged(lint="success", tests="success")
    assert (done.returncode, done.stdout) == (0, "lint: success\ntests: success\n")


@pytest.mark.parametrize("result", ["failure", "cancelled", "skipped"])
def test_everything_else_is_a_failure(result: str) -> None:
    done = judged(lint="success", tests=result)
    assert done.returncode == 1
    assert f"tests: {result}, which counts as a failure" in done.stdout


def test_only_a_skip_that_is_meant_passes() -> None:
    assert judged("plan", lint="success", plan="skipped").returncode == 0
    assert judged("plan", lint="skipped", plan="skipped").returncode == 1
    assert judged("plan", lint="success", plan="failure").returncode == 1


def test_a_job_that_is_not_needed_cannot_be_excused() -> None:
    assert judged("plans", lint="success", plan="success").returncode == 2
    assert judged().returncode == 2
