"""What is run in the copy: its time, its failure, Ctrl-C, and that a plan is really empty."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from images.builder.lock import Entry
from ops.bench import checkout, plan
from ops.bench.checkout import Checkout
from ops.bench.command import run
from ops.bench.timing import Seconds
from ops.errors import Interrupted, OpsError

IMAGE = Entry(name="example.org/redis", tag="8", digest="sha256:1", stands_in_for="redis", kind="real")


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """With a Terraform that says what the file ``answer`` tells it to."""
    program = tmp_path / "terraform"
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n. {tmp_path}/answer\n')
    program.chmod(0o755)
    (tmp_path / "answer").write_text("exit 0\n")
    (tmp_path / "cdktf.out" / "stacks" / "local-services").mkdir(parents=True)
    monkeypatch.setenv("TERRAFORM_BINARY_NAME", str(program))
    return Checkout(tmp_path, image=IMAGE, engine="unix:///x")


def says(copy: Checkout, text: str) -> None:
    """Has ``python -m ops`` in the copy print this."""
    (copy.root / "ops").mkdir(exist_ok=True)
    (copy.root / "ops" / "__main__.py").write_text(f"print({text!r})\n")


def plan_of(*, offline: str = "", **counts: int) -> str:
    stack = {"counts": {"add": 0, "change": 0, "destroy": 0, **counts}, "offline": offline}
    return "synthesizing ...\n" + json.dumps({"stacks": [stack]}, indent=2)


def test_terraform_plans_with_the_parallelism_that_is_asked_for(copy: Checkout) -> None:
    (copy.root / "answer").write_text("sleep 0.2\n")
    assert copy.plan_by_terraform(parallelism=30).wall >= 0.2
    asked = (copy.root / "asked").read_text()
    assert asked == "plan -input=false -detailed-exitcode -parallelism=30\n"


def test_a_plan_with_changes_is_not_what_is_measured(copy: Checkout) -> None:
    (copy.root / "answer").write_text("echo 'Plan: 1 to add'; exit 2\n")
    with pytest.raises(OpsError, match=r"^terraform plan .* ended with exit code 2: Plan: 1 to add$"):
        copy.plan_by_terraform(parallelism=10)


def test_our_plan_has_to_be_terraform_s_and_empty(copy: Checkout) -> None:
    says(copy, plan_of())
    copy.empty_plan()
    for text in (plan_of(change=1), plan_of(offline="the engine does not answer")):
        says(copy, text)
        with pytest.raises(OpsError, match="the plan of what was just deployed is not empty"):
            copy.empty_plan()


def test_a_command_of_ours_that_fails_says_which_and_why(copy: Checkout) -> None:
    (copy.root / "ops").mkdir()
    (copy.root / "ops" / "__main__.py").write_text("raise SystemExit('error: no swarm')\n")
    with pytest.raises(OpsError, match=r"^ops deploy --env local ended with exit code 1: error: no swarm$"):
        copy.ops("deploy")


def test_ctrl_c_lets_the_command_end_in_order(copy: Checkout) -> None:
    (copy.root / "answer").write_text(
        f'sleep 20 & trap "kill $!; echo saved > {copy.root}/ended; exit 1" INT; touch {copy.root}/ready; wait $!\n'
    )

    def press() -> None:
        while not (copy.root / "ready").exists():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    with pytest.raises(Interrupted, match=r"^interrupted during terraform plan"):
        copy.plan_by_terraform(parallelism=10)
    thread.join()
    assert (copy.root / "ended").read_text() == "saved\n"


def test_a_command_that_hangs_is_killed_with_all_it_started(
    copy: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkout, "SECONDS", 0.5)
    (copy.root / "answer").write_text(f"sleep 60 & echo $! > {copy.root}/child; wait\n")
    with pytest.raises(OpsError, match=r"^terraform plan .* took longer than 0\.5 s, and was killed$"):
        copy.plan_by_terraform(parallelism=10)
    child = Path("/proc", (copy.root / "child").read_text().strip(), "stat")

    def gone() -> bool:
        return not child.exists() or child.read_text().rpartition(")")[2].split()[0] == "Z"

    deadline = time.monotonic() + 5
    while not gone() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert gone()


def test_a_program_that_hangs_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OpsError, match=r"^sleep 60 took longer than 0\.1 s, and was killed$"):
        run(["sleep", "60"], timeout_s=0.1, folder=tmp_path)


def test_the_state_is_forgotten(copy: Checkout) -> None:
    state = copy.root / ".sprocket" / "state"
    copy.forget()
    state.mkdir(parents=True)
    (state / "local-services.tfstate").write_text("{}")
    copy.forget()
    assert not state.exists()


def test_the_best_parallelism_is_the_fastest(copy: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    times = {10: 4.0, 30: 2.5, 100: 2.6}
    monkeypatch.setattr(copy, "plan_by_terraform", lambda parallelism: Seconds(wall=times[parallelism]))
    said: list[str] = []
    assert plan.best_of(copy, (10, 30, 100), said.append) == (30, Seconds(wall=2.5))
    assert said[0] == "terraform plan -parallelism=10"
