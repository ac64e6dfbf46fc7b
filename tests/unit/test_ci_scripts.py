"""The scripts of jobs that need neither Terraform nor an engine: the pull request that a job makes, the key that it signs in with."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ops.paths import ROOT

GH = """#!/bin/sh
echo "$*" >>"{log}"
case "$1 $2" in "pr list") cat "{open}" ;; esac
"""


def run(*words: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        cwd=cwd,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class Repository:
    """A clone with a file, its origin, and a `gh` that writes down what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.origin, self.clone, self.log = folder / "origin.git", folder / "clone", folder / "gh.log"
        self.open = folder / "open"
        self.open.write_text("")
        self.log.write_text("")
        self.git("init", "-q", "--bare", "-b", "main", str(self.origin), cwd=folder)
        self.git("clone", "-q", str(self.origin), str(self.clone), cwd=folder)
        shutil.copytree(ROOT / "ops" / "ci", self.clone / "ops" / "ci")
        (self.clone / "images.lock.yaml").write_text("old\n")
        (self.clone / "other").write_text("old\n")
        self.git("add", "-A")
        self.git("-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "-m", "first")
        self.git("push", "-q", "origin", "HEAD:main")
        tools = folder / "tools"
        tools.mkdir()
        (tools / "gh").write_text(GH.format(log=self.log, open=self.open))
        (tools / "gh").chmod(0o755)
        self.path = f"{tools}:{os.environ['PATH']}"

    def git(self, *words: str, cwd: Path | None = None) -> str:
        done = run("git", *words, cwd=cwd or self.clone)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def propose(self, *words: str) -> str:
        done = run(
            "ops/ci/proposal.sh", *words, cwd=self.clone, PATH=self.path, GITHUB_WORKFLOW="promote images"
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_what_a_job_changed_becomes_one_pull_request(repository: Repository) -> None:
    words = ("promote/1", 'Take "new" images; $(touch x)', "images.lock.yaml")
    for name in ("images.lock.yaml", "other"):
        (repository.clone / name).write_text("new\n")
    repository.propose(*words)
    assert repository.git("show", "promote/1:images.lock.yaml", cwd=repository.origin) == "new"
    assert repository.git("show", "promote/1:other", cwd=repository.origin) == "old", "only what was named"
    assert repository.git("log", "-1", "--format=%s", "promote/1", cwd=repository.origin) == words[1]
    assert repository.log.read_text().count("pr create --head promote/1") == 1
    assert not (repository.clone / "x").exists()

    # The same job again, while its pull request is open.
    repository.open.write_text("7\n")
    (repository.clone / "images.lock.yaml").write_text("newer\n")
    repository.propose(*words)
    assert repository.git("show", "promote/1:images.lock.yaml", cwd=repository.origin) == "newer"
    assert repository.log.read_text().count("pr create") == 1


def test_no_change_is_no_pull_request(repository: Repository) -> None:
    assert "no change to propose" in repository.propose("promote/1", "Take new images", "images.lock.yaml")
    assert repository.git("branch", "--list", "promote/*", cwd=repository.origin) == ""
    assert repository.log.read_text() == ""


def test_a_key_lives_in_an_agent_as_long_as_the_script(tmp_path: Path) -> None:
    for program in ("ssh-keygen", "ssh-agent", "ssh-add"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    made = run(
        "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "of-ci", "-f", tmp_path / "key", cwd=tmp_path
    )
    assert made.returncode == 0, made.stderr
    script = (
        'set -euo pipefail; . "$1/ops/ci/ssh_agent.sh"; ssh-add -l; '
        'echo "key: ${DEPLOY_SSH_KEY:-gone}"; echo "$SSH_AGENT_PID" >agent'
    )
    done = run(
        "bash", "-c", script, "bash", ROOT, cwd=tmp_path, DEPLOY_SSH_KEY=(tmp_path / "key").read_text()
    )
    assert done.returncode == 0, done.stderr
    assert "of-ci (ED25519)" in done.stdout and "key: gone" in done.stdout
    assert not Path("/proc", (tmp_path / "agent").read_text().strip(), "exe").exists()


def test_a_key_that_is_none_ends_the_job(tmp_path: Path) -> None:
    if shutil.which("ssh-agent") is None:
        pytest.skip("ssh-agent is not installed")
    script = 'set -euo pipefail; . "$1/ops/ci/ssh_agent.sh"; echo went on'
    done = run("bash", "-c", script, "bash", ROOT, cwd=tmp_path, DEPLOY_SSH_KEY="no key")
    assert done.returncode != 0
    assert "went on" not in done.stdout


@pytest.mark.parametrize("number", ["1; touch x", "--repo=evil/x", "main"])
def test_a_run_has_a_number(number: str) -> None:
    done = run("ops/ci/promotion.sh", number, cwd=ROOT)
    assert done.returncode == 1
    assert done.stderr.startswith("error: a run has a number, not ")
