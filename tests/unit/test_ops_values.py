"""`ops run`: another program gets the environment's name and what the cloud stack knows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from layers.loading import load_environment
from ops import errors
from ops.cli import values
from ops.paths import ROOT
from ops.release.archive import archive_of
from ops.release.release import Outcome
from ops.terraform import target
from ops.terraform.synth import Synthesized
from tests.unit.ops_boundaries import Boundaries, documents_of
from tests.unit.ops_cloud import change
from tests.unit.ops_pages import FakePages, two_pages
from tests.unit.ops_releases import release
from tests.unit.ops_swarm import on_swarm, task
from tests.unit.ops_terraform import resource

PROD = load_environment("prod")


def test_the_program_takes_the_place_of_ops() -> None:
    words = ["run", "--env", "local", "--", "sh", "-c", 'echo "$SPROCKET_ENV $1"; exit 7', "sh", "--flag"]
    done = subprocess.run(
        [sys.executable, "-m", "ops", *words],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (7, "local --flag\n"), done.stderr


def test_it_has_the_outputs_of_the_cloud_stack_and_they_are_not_printed(
    boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started: list[tuple[list[str], dict[str, str]]] = []
    monkeypatch.setattr(os, "execvpe", lambda file, words, env: started.append((words, env)))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.delenv("TF_VAR_postgres_password", raising=False)
    boundaries.cloud.secrets = {"postgres_password": "of-the-cluster"}
    values.run("prod", ["npx", "cdktf", "plan", "prod-services"])
    ((words, environment),) = started
    assert words == ["npx", "cdktf", "plan", "prod-services"]
    assert environment["SPROCKET_ENV"] == "prod"
    assert environment["TF_VAR_postgres_password"] == "of-the-cluster"
    printed = capsys.readouterr()
    assert "of-the-cluster" not in printed.out + printed.err


def test_a_program_that_is_not_there_is_one_clear_error() -> None:
    with pytest.raises(errors.OpsError, match="cdkft cannot be run: no such program"):
        values.run("local", ["cdkft", "plan"])


def test_a_plan_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(errors.WrongUse, match="no such file\n  name the plan that cdktf plan saved"):
        values.run("local", ["sh"], applies=tmp_path / "plan")


class Applied:
    """A program that applies a plan, and a page of the environment."""

    def __init__(self, boundaries: Boundaries, patch: pytest.MonkeyPatch, plan: Path) -> None:
        self.pages = FakePages(patch)
        self.plan = plan
        self.services = boundaries.services
        boundaries.swarm.services_.append(on_swarm("api"))
        boundaries.swarm.tasks_.append(task("t3", "api"))
        self.services.resources = [
            resource(f"docker_service.{name}", id=name, name=name) for name in ("redis", "web", "api")
        ]
        self.services.changes = [
            change("docker_service.web", "update", before={"name": "web"}, after={"name": "web"})
        ]
        plan.write_text("a plan")

    def run(self, *words: str) -> None:
        values.run("prod", list(words), applies=self.plan)


@pytest.fixture
def applied(boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Applied:
    found = Synthesized(out=Path("/nowhere"), stacks=documents_of(PROD, of_services=two_pages()))
    monkeypatch.setattr(target, "synthesize", lambda environment, off=False: found)
    return Applied(boundaries, monkeypatch, tmp_path / "plan")


def test_around_a_program_that_applies_the_pages_are_watched_and_the_release_is_recorded(
    applied: Applied, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    applied.run("sh", "-c", f'echo "$SPROCKET_ENV" >{tmp_path}/ran')
    assert (tmp_path / "ran").read_text() == "prod\n"
    told = capsys.readouterr().err
    assert "3 services converged" in told and "2 pages answered for 60 s" in told
    (found,) = archive_of(PROD).releases()
    assert (found.outcome, found.cause) == (Outcome.CONVERGED, "deploy")


def test_a_program_that_fails_is_a_failed_release(applied: Applied) -> None:
    with pytest.raises(errors.OpsError, match="sh -c exit 3 ended with exit code 3"):
        applied.run("sh", "-c", "exit 3")
    (found,) = archive_of(PROD).releases()
    assert (found.outcome, found.reason) == (
        Outcome.FAILED,
        "sh -c exit 3 ended with exit code 3; its output is above",
    )


def test_a_page_that_is_lost_by_it_is_taken_back(applied: Applied, boundaries: Boundaries) -> None:
    archive = archive_of(PROD)
    before = documents_of(PROD, of_services=two_pages("a: 0\n"))
    archive.add(
        release(
            services=archive.keep(before[PROD.services_stack]), cloud=archive.keep(before[PROD.cloud_stack])
        )
    )
    # Before it, and then no more.
    applied.pages.answers["web.example.org"] = [200, 502]
    with pytest.raises(errors.OpsError, match=r"502 by the gateway itself.*\n.*prod is back at release 1"):
        applied.run("true")
    assert boundaries.done == ["services apply"], "the way back; the program itself applied nothing here"
    assert [each.cause for each in archive.releases()] == ["deploy", "deploy", "rollback to 1"]


def test_options_of_a_deploy_are_its_options_too(applied: Applied, monkeypatch: pytest.MonkeyPatch) -> None:
    values.run("prod", ["true"], applies=applied.plan, observe=0, without_copy=True)
    assert applied.pages.asked == []


def test_an_interrupt_reaches_all_that_runs_and_is_waited_for(applied: Applied, tmp_path: Path) -> None:
    """A shell that starts another one, as npx does: the inner one must get the signal, and finish its work."""
    inner = f"trap 'sleep 0.3; echo done >{tmp_path}/inner; exit 0' INT; echo up >{tmp_path}/up; sleep 30 & wait $!"
    main = os.getpid()

    def interrupt() -> None:
        # By the real clock: the one of ops stands still here.
        deadline = time.monotonic() + 10
        while not (tmp_path / "up").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(main, signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(errors.Interrupted):
        applied.run("sh", "-c", f'trap : INT; sh -c "{inner}"; exit 1')
    thread.join()
    assert (tmp_path / "inner").read_text() == "done\n"


def test_a_plan_without_changes_asks_no_page(applied: Applied) -> None:
    applied.services.changes = []
    applied.run("true")
    assert applied.pages.asked == []
