r"""A line of what a program prints ends with \n, and with nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ops.bench.command import run
from ops.errors import OpsError
from ops.lines import lines_in
from ops.paths import ROOT
from ops.ssh import Done, Ssh
from ops.swarm.engine import Swarm, Task, connected
from ops.swarm.service_log import ServiceLog
from ops.terminal import screen
from ops.terraform.runner import Terraform
from ops.terraform.synth import synthesize
from tests.unit.ops_doctor import Engine

ODD = "50 %\r100 %\x0b \x0c \x1c \x1d \x1e \x85 \u2028 \u2029 done"
"""All at which :meth:`str.splitlines` ends a line."""


def test_lines_end_at_newlines_only() -> None:
    assert lines_in(f"{ODD}\n\n{ODD}\n") == [ODD, "", ODD]
    assert (lines_in(""), lines_in("\n"), lines_in("a")) == ([], [""], ["a"])


@pytest.mark.parametrize("follow", [False, True])
def test_a_line_of_a_service_s_log_stays_whole(follow: bool) -> None:
    engine = Engine(log=f"2026-11-28T04:00:02.000000000Z com.docker.swarm.task.id=task1 {ODD}\n")
    (line,) = ServiceLog(Swarm(engine), "web").lines(follow=follow)  # type: ignore[arg-type]
    assert (line.text, line.task) == (ODD, "web.1.task1")


def test_a_line_of_a_task_s_log_stays_whole() -> None:
    task = Task(
        id="task1", service_id="web-id", state="failed", wanted="shutdown", error="", exit_code=1, since=""
    )
    assert Swarm(Engine(log=f"first\n{ODD}\n")).task_log(task, 1) == [ODD]  # type: ignore[arg-type]


def test_a_line_of_a_report_stays_one(capsys: pytest.CaptureFixture[str]) -> None:
    screen.show_report("a\u2028b\nc\n")
    assert capsys.readouterr().out == "a\u2028b\nc\n"


def test_the_reason_of_ssh_stays_whole() -> None:
    assert Done(code=1, output="", errors=f"x\n{ODD}\n").reason == ODD


PRINTED = ODD.encode() + b" \xff"
"""What a process writes; a byte that is no UTF-8 comes last."""
READ = f"{ODD} \ufffd"

Plays = Callable[[str], Path]


@pytest.fixture
def plays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plays:
    """Puts a program before the real one of that name: it prints to both, one line on each, and fails. Gives a folder to run it in."""

    def play(name: str) -> Path:
        (tmp_path / "said").write_bytes(PRINTED + b"\n")
        program = tmp_path / "bin" / name
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\ncat {tmp_path}/said\ncat {tmp_path}/said >&2\nexit 3\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
        monkeypatch.delenv("TERRAFORM_BINARY_NAME", raising=False)
        return tmp_path

    return play


def test_ssh_s_own_lines_stay_whole(plays: Plays) -> None:
    plays("ssh")
    done = Ssh(destination="deploy@x").run("true")
    assert (done.output, done.reason) == (f"{READ}\n", READ)


def test_the_reason_of_a_tunnel_stays_whole(plays: Plays) -> None:
    plays("ssh")
    with pytest.raises(OpsError) as caught, connected("ssh://deploy@x"):
        pass
    assert caught.value.problem == f"the engine at ssh://deploy@x does not answer: {READ}"


def test_the_reason_of_terraform_stays_whole(plays: Plays) -> None:
    terraform = Terraform(plays("terraform"))
    with pytest.raises(OpsError) as caught:
        terraform.init()
    assert caught.value.problem == f"terraform init: {READ}"
    with pytest.raises(OpsError) as caught, terraform.locked():
        pass
    assert caught.value.problem == f"terraform console, which holds the state's lock: {READ}"


def test_an_event_of_terraform_that_is_text_stays_whole(plays: Plays) -> None:
    heard: list[str] = []
    folder = plays("terraform")
    Terraform(folder).apply(folder / "plan", lambda event: heard.append(event["@message"]))
    assert heard == [READ, READ]


def test_the_reason_of_main_py_stays_whole(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(f"import sys; sys.stderr.buffer.write({PRINTED!r}); sys.exit(3)")
    with pytest.raises(OpsError) as caught:
        synthesize("local", root=tmp_path, out=tmp_path / "out")
    assert caught.value.problem == f"main.py failed: {READ}"


def test_what_a_measured_command_prints_stays_whole(plays: Plays) -> None:
    plays("bench-me")
    assert run(["bench-me"], timeout_s=10).stderr == f"{READ}\n"


def test_what_is_split_into_lines_was_read_as_bytes() -> None:
    r"""``text=True`` of :mod:`subprocess` makes a newline of each ``\r``, so there is nothing left to keep whole."""
    texts = {path: path.read_text() for path in sorted((ROOT / "ops").rglob("*.py"))}
    wrong = [str(path) for path, text in texts.items() if "import lines_in" in text and "text=True" in text]
    assert wrong == []
