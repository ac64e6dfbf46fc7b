"""The wrapper around Terraform, against a shell script that plays it."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from layers import backend
from ops.errors import OpsError
from ops.terraform.lock_holder import StateLocked
from ops.terraform.runner import Terraform, TerraformFailed

DIAGNOSTIC = {
    "type": "diagnostic",
    "diagnostic": {
        "severity": "error",
        "summary": "boom",
        "detail": "because",
        "address": "docker_service.web",
    },
}
ERRORED = {"type": "apply_errored", "hook": {"resource": {"addr": "docker_service.web"}, "action": "delete"}}


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes a ``terraform`` of shell lines and gives the wrapper for it."""

    def play(*lines: str) -> Terraform:
        program = tmp_path / "bin" / "terraform"
        program.parent.mkdir(exist_ok=True)
        program.write_text("\n".join(["#!/bin/bash", *lines]) + "\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
        return Terraform(tmp_path)

    return play


def say(event: dict[str, Any]) -> str:
    return f"echo '{json.dumps(event)}'"


def test_events_and_errors_are_read_from_the_stream(played: Any, tmp_path: Path) -> None:
    heard: list[str] = []
    terraform = played(
        say({"type": "apply_start"}), say(ERRORED), say(DIAGNOSTIC), "echo plain text", "exit 1"
    )
    outcome = terraform.apply(tmp_path / "plan", lambda event: heard.append(event["type"]))
    assert heard == ["apply_start", "apply_errored", "diagnostic", "text"]
    assert (outcome.code, outcome.errored) == (1, [("docker_service.web", "delete")])
    assert [str(error) for error in outcome.errors] == ["docker_service.web: boom\nbecause"]


def test_a_plan_says_whether_there_are_changes_and_is_private(played: Any, tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    assert played(f"touch {plan}", "exit 2").plan(plan)
    assert plan.stat().st_mode & 0o777 == 0o600
    assert not played("exit 0").plan(plan)


def test_what_exists_is_read_without_a_plan_of_changes_and_is_private(played: Any, tmp_path: Path) -> None:
    plan, words = tmp_path / "plan", tmp_path / "words"
    played(f"echo $@ > {words}", f"touch {plan}").refresh_only(plan)
    assert words.read_text().startswith("plan -refresh-only -json ")
    assert plan.stat().st_mode & 0o777 == 0o600
    with pytest.raises(TerraformFailed, match=r"terraform plan -refresh-only: docker_service.web: boom"):
        played(say(DIAGNOSTIC), "exit 1").refresh_only(plan)


def test_a_plan_that_fails_says_what_terraform_said(played: Any, tmp_path: Path) -> None:
    with pytest.raises(TerraformFailed, match=r"terraform plan: docker_service.web: boom\nbecause"):
        played(say(DIAGNOSTIC), "exit 1").plan(tmp_path / "plan")


def test_init_gives_terraforms_first_error_in_one_line(played: Any) -> None:
    lines = ["╷", "│ Error: Failed to query available provider packages", "│ ", "│ no such host", "╵"]
    terraform = played(*(f"echo '{line}' >&2" for line in lines), "exit 1")
    with pytest.raises(OpsError) as caught:
        terraform.init()
    assert str(caught.value) == "terraform init: Failed to query available provider packages no such host"


def test_somebodys_terraform_arguments_are_not_passed_on(
    played: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_CLI_ARGS_apply", "-destroy")
    terraform = played('[ -z "$TF_CLI_ARGS_apply" ] && echo "{}"')
    assert terraform.state() == {}


def test_sensitive_outputs_are_left_out(played: Any) -> None:
    shown = {
        "addresses": {"value": "{}", "sensitive": False},
        "root": {"value": "hunter2", "sensitive": True},
    }
    assert played(f"echo '{json.dumps(shown)}'").outputs() == {"addresses": "{}"}


def test_ctrl_c_is_passed_on_once_and_waited_for(played: Any, tmp_path: Path) -> None:
    """Two of them here; the script counts what arrives and ends in its own time, as Terraform does."""
    terraform = played(
        "count=0",
        "trap 'count=$((count+1))' INT",
        'echo \'{"type": "ready"}\'',
        "end=$((SECONDS+3))",
        "while [ $SECONDS -lt $end ]; do sleep 0.1; done",
        'echo "{\\"type\\": \\"counted\\", \\"count\\": $count}"',
        "exit 1",
    )
    events: list[Any] = []

    def hear(event: Any) -> None:
        events.append(event)
        if event["type"] == "ready":
            threading.Thread(target=interrupt_twice).start()

    outcome = terraform.apply(tmp_path / "plan", hear)
    assert outcome.interrupted
    assert events[-1] == {"type": "counted", "count": 1}
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def interrupt_twice() -> None:
    for _ in range(2):
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGINT)


def test_a_program_that_is_not_there_or_hangs_is_told(
    played: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OpsError, match=r"terraform show wrote no JSON: 'hello'"):
        played("echo hello").state()
    monkeypatch.setattr("ops.terraform.runner.INIT_TIMEOUT_S", 0.3)
    with pytest.raises(OpsError, match=r"terraform show took longer than 0.3 s"):
        played("exec sleep 5").state()
    with pytest.raises(OpsError, match=r"there is no folder .*gone\n  run the same command again"):
        Terraform(tmp_path / "gone").init()
    monkeypatch.setenv("TERRAFORM_BINARY_NAME", "tofu-that-is-not-there")
    for run in (Terraform(tmp_path).state, lambda: Terraform(tmp_path).plan(tmp_path / "plan")):
        with pytest.raises(OpsError, match="tofu-that-is-not-there cannot be run: No such file"):
            run()


def test_what_terraform_writes_is_for_its_owner_only(played: Any, tmp_path: Path) -> None:
    """A plain state holds every password, and Terraform asks for 0644."""
    script = (f"touch {tmp_path}/$1", "exit 0")
    played(*script).init()
    (tmp_path / "p").touch()
    played(*script).plan(tmp_path / "p")
    for name in ("init", "plan"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


def test_the_folder_of_states_is_made_private_also_where_it_was_not(tmp_path: Path) -> None:
    (tmp_path / ".sprocket" / "state").mkdir(parents=True, mode=0o755)
    folder = backend._private(tmp_path)
    assert [each.stat().st_mode & 0o777 for each in (folder.parent, folder)] == [0o700, 0o700]
    assert backend._private(tmp_path / "other").stat().st_mode & 0o777 == 0o700


LOCKED = {
    "type": "diagnostic",
    "diagnostic": {
        "severity": "error",
        "summary": "Error acquiring the state lock",
        "detail": "Error message: busy\nLock Info:\n  ID:        7bef\n  Path:      b/x\n  Operation: OperationTypeApply\n"
        "  Who:       ann@laptop\n  Created:   2026-11-27 18:54:54.3 +0000 UTC\n",
    },
}


def event(type_: str, address: str, action: str) -> str:
    return say({"type": type_, "hook": {"resource": {"addr": address}, "action": action}})


def test_what_was_begun_and_not_done_is_known_from_the_stream(played: Any, tmp_path: Path) -> None:
    terraform = played(
        event("apply_start", "docker_service.done", "create"),
        event("apply_start", "docker_service.cut", "create"),
        event("apply_start", "docker_service.bad", "create"),
        event("apply_complete", "docker_service.done", "create"),
        event("apply_errored", "docker_service.bad", "create"),
        event("apply_start", "docker_service.new", "delete"),
        event("apply_complete", "docker_service.new", "delete"),
        event("apply_start", "docker_service.new", "create"),
        "exit 1",
    )
    outcome = terraform.apply(tmp_path / "plan", lambda event: None)
    assert outcome.unfinished == {(f"docker_service.{name}", "create") for name in ("cut", "bad", "new")}


@pytest.mark.parametrize(
    "run", [lambda t, file: t.plan(file), lambda t, file: t.apply(file, lambda event: None)]
)
def test_a_lock_that_somebody_has_is_told_by_name(run: Any, played: Any, tmp_path: Path) -> None:
    terraform = played(say(LOCKED), "exit 1")
    with pytest.raises(
        StateLocked, match="ann@laptop has held it for an apply since 2026-11-27 18:54:54 UTC"
    ):
        run(terraform, tmp_path / "plan")


def test_whether_the_lock_is_free_is_asked_by_taking_it(played: Any, tmp_path: Path) -> None:
    detail = LOCKED["diagnostic"]["detail"].replace("\n", "\\n")  # type: ignore[index]
    played(f'echo "$@" > {tmp_path}/words', "exit 0").require_unlocked()
    assert (tmp_path / "words").read_text().startswith("state rm -dry-run ")
    played("echo 'No state file was found!' >&2", "exit 1").require_unlocked()
    terraform = played(f"printf 'Error acquiring the state lock\\n{detail}' >&2", "exit 1")
    with pytest.raises(StateLocked):
        terraform.require_unlocked()
    with pytest.raises(StateLocked):
        terraform.import_("docker_network.x", "1")
    with pytest.raises(OpsError, match="cannot tell whether the state is locked: no such bucket"):
        played("echo 'Error: no such bucket' >&2", "exit 1").lock_holder()


def test_the_lock_is_held_by_a_console_until_the_end(played: Any, tmp_path: Path) -> None:
    freed, gone = tmp_path / "freed", tmp_path / "gone"
    detail = LOCKED["diagnostic"]["detail"].replace("\n", "\\n")  # type: ignore[index]
    terraform = played(
        f'[ "$1" != state ] || {{ [ ! -e {gone} ] || exit 0; printf "Error acquiring the state lock\\n{detail}" >&2; exit 1; }}',
        '[ "$*" = "console -state=" ] && [ -t 0 ] && [ -t 1 ] || exit 3',
        r"printf '\r\b\r\b\033[J>  \b'",
        f"read -r line || echo $? >{freed}",
    )
    with terraform.locked() as lock:
        lock.require_held()
        assert not freed.exists()
        gone.touch()
        with pytest.raises(OpsError, match="is not held any more: nobody has it: it was removed"):
            lock.require_held()
        gone.unlink()
    assert freed.exists(), "whoever comes next is not refused"
    with pytest.raises(OpsError, match=r"is not held any more: Terraform's console, .* \(exit code "):
        lock.require_held()
    freed.unlink()
    gone.touch()
    with (
        pytest.raises(OpsError, match="nobody has it: it was removed, or its backend has none"),
        terraform.locked(),
    ):
        raise AssertionError("not reached")
    gone.unlink()
    freed.unlink()
    with pytest.raises(KeyboardInterrupt), terraform.locked():
        raise KeyboardInterrupt
    assert freed.exists()


def test_a_lock_that_somebody_else_has_is_not_held(played: Any) -> None:
    lock = "Error acquiring the state lock\nError message: busy\nLock Info:\n  ID:        7bef\n  Path:      b/x\n  Who:       ann@laptop\n"
    with (
        pytest.raises(StateLocked, match="ann@laptop has held it"),
        played(f"echo '{lock}' >&2; exit 1").locked(),
    ):
        raise AssertionError("not reached")
    with (
        pytest.raises(OpsError, match="console, which holds the state's lock: no such module"),
        played("echo 'Error: no such module' >&2; exit 1").locked(),
    ):
        raise AssertionError("not reached")
