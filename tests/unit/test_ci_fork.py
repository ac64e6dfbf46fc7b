"""A pull request from a fork gets a plan: with an empty environment, no Terraform, no engine, no network."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ops.paths import ROOT

TOOLS = ("bash", "sh", "env", "dirname", "mkdir", "cat", "rm", "git", "node")
"""All that the job may find: no terraform, no docker, no ssh."""


@pytest.fixture
def fork(tmp_path: Path) -> Path:
    """A clone with one commit more: the example of CONTRIBUTING.md that adds a service."""
    root = tmp_path / "fork"

    def git(*words: str) -> None:
        who = ("-c", "user.name=stranger", "-c", "user.email=stranger@example.org")
        subprocess.run(["git", "-C", str(root), *who, *words], check=True, capture_output=True, timeout=120)

    subprocess.run(["git", "clone", "-q", str(ROOT), str(root)], check=True, timeout=120)
    # What is being worked on, not only what was committed.
    for name in ("ops", "layers", "constructs"):
        shutil.copytree(ROOT / name, root / name, dirs_exist_ok=True)
    shutil.copy(ROOT / "main.py", root)
    git("add", "-A")
    git("commit", "-q", "--allow-empty", "-m", "base")
    git("apply", "docs/examples/add-a-service.diff")
    git("add", "-A")
    git("commit", "-q", "-m", "Add a service")
    (root / ".venv").symlink_to(sys.prefix)
    return root


def test_it_needs_no_secret_and_nothing_to_reach(fork: Path, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found, f"{name} is not installed"
        (tools / name).symlink_to(found)
    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run(
        ["ops/ci/offline_plans.sh", "HEAD^1", "plans", "prod"],
        cwd=fork,
        env={"PATH": str(tools), "HOME": str(home), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    plan = (fork / "plans" / "plan-prod.md").read_text()
    assert "revision HEAD^1" in plan
    assert "archive-service" in plan
    assert plan in (tmp_path / "summary.md").read_text()
