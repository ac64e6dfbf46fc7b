"""A program that is not installed is named, with how to get it, and never as the operating system words it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from ops.cli import app, bench
from ops.deploy.plan import report_of
from ops.errors import OpsError, WrongUse
from ops.paths import ROOT
from ops.programs import PROGRAMS, require
from ops.swarm.engine import connected
from ops.terraform.git_baseline import commit_of
from ops.terraform.synth import synthesize


@pytest.mark.parametrize("command", PROGRAMS)
def test_the_way_to_get_it_is_said_however_it_was_missed(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(standalone_mode: bool) -> None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), command)

    monkeypatch.setattr(app, "app", broken)
    monkeypatch.setattr("signal.signal", lambda number, handler: None)
    with pytest.raises(SystemExit) as ended:
        app.main()
    program = PROGRAMS[command]
    assert ended.value.code == 1
    assert capsys.readouterr().err == f"error: {program.name} is not installed\n  {program.how}\n"


def test_bench_says_so_before_it_starts_anything(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OpsError, match=r"^Node\.js 20 or newer is not installed"):
        bench.bench()


def test_node_is_needed_to_synthesize(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing else of a plan loads it any more, and main.py would end in an error of jsii's own."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JSII_NODE", raising=False)
    with pytest.raises(OpsError, match=r"^Node\.js 20 or newer is not installed\n  apt-get install nodejs"):
        synthesize("local", out=tmp_path)


def test_git_is_needed_for_a_revision(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OpsError, match=r"^git is not installed\n  apt-get install git"):
        commit_of("HEAD")


def test_ssh_is_needed_for_an_engine_on_another_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with (
        pytest.raises(OpsError, match=r"^ssh is not installed\n  apt-get install openssh-client"),
        connected("ssh://deploy@node"),
    ):
        pass


def test_a_program_that_is_there_is_fine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "git").write_text("#!/bin/sh\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    require("git")


@pytest.mark.parametrize("command", ["node", "ssh"])
def test_the_script_before_python_says_the_same(command: str) -> None:
    assert PROGRAMS[command].how in (ROOT / "ops" / "setup" / "need.sh").read_text()


def test_a_revision_is_looked_up_before_anything_is_synthesized() -> None:
    said: list[str] = []
    with pytest.raises(WrongUse, match="git has no revision 'nosuch'"):
        report_of("local", base="nosuch", say=said.append)
    assert said == []
