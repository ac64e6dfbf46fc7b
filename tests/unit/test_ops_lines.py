r"""A line of what a program prints ends with \n, and with nothing else."""

from __future__ import annotations

import pytest

from ops.lines import lines_in
from ops.ssh import Done
from ops.swarm.engine import Swarm, Task
from ops.swarm.service_log import ServiceLog
from ops.terminal import screen
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
