"""Exit codes, questions, and what runs before there is a Python."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from images import ImagesError
from layers.loading import load_environment
from ops import errors
from ops.cli import app, confirmation
from ops.paths import ROOT


def run(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ops", *words], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False
    )  # fmt: skip


def test_an_environment_that_does_not_exist_is_one_clear_error() -> None:
    done = run("plan", "--env", "nowhere")
    assert done.returncode == errors.WRONG_USE
    assert done.stderr.startswith("error: nowhere.yaml: there is no environment 'nowhere'\n  use one of ")
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_wrong_use_says_where_help_is() -> None:
    done = run("plan", "--bogus")
    assert (done.returncode, done.stdout) == (errors.WRONG_USE, "")
    assert done.stderr.startswith("error: no such option: --bogus")
    assert done.stderr.endswith("see python -m ops plan --help\n")


CHANGING = (
    *(
        "deploy",
        "down",
        "purge",
        "seed --from dump",
        "replace-node --node x",
        "upgrade-engine",
        "keys",
        "known-hosts",
    ),
    *("state create", "state unlock", "picture", "soak", "rotate --all", "backup", "restore", "drill"),
    *("rollback", "prune", "run -- echo", "ready --write"),
    "upgrade-store --store redis",
)
READING = (
    "plan",
    "cost",
    "reach",
    "drift",
    "smoke",
    "ready",
    "table",
    "backup list",
    "releases",
    "state check",
    "status",
    "doctor",
    "resources",
    "logs --tail 5 web",
)


@pytest.mark.parametrize("command", CHANGING)
def test_a_command_that_changes_something_takes_its_environment_from_the_command_line_only(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SPROCKET_ENV", "prod")
    monkeypatch.setenv("CONFIRM", "prod")
    assert ended(monkeypatch, *command.split()) == errors.WRONG_USE
    assert "missing option '--env'" in capsys.readouterr().err


@pytest.mark.parametrize("command", READING)
def test_a_command_that_reads_takes_it_from_the_shell_too(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SPROCKET_ENV", "nowhere")
    assert ended(monkeypatch, *command.split()) == errors.WRONG_USE
    assert "there is no environment 'nowhere'" in capsys.readouterr().err


def test_every_command_is_one_that_reads_or_one_that_changes() -> None:
    """A new command must decide; the others have no environment, or check takes several."""
    without = {"check", "schema", "bench", "images list", "images resolve", "images take", "promote"}
    known = {command.partition(" --")[0] for command in (*CHANGING, *READING)} | without
    assert {path for path, _ in commands()} == known


def test_every_option_and_command_has_a_text_and_no_default_names_an_environment_but_local() -> None:
    for path, command in commands():
        assert command.help, path
        for parameter in command.params:
            assert getattr(parameter, "help", None), f"{path} {parameter.name}"
            if parameter.name == "env":
                assert parameter.default in (None, "local") or parameter.required, path


def commands() -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, command in typer.main.get_group(app.app).commands.items():
        inner = getattr(command, "commands", {})
        if not inner or getattr(command, "invoke_without_command", False):
            found.append((name, command))
        found += [(f"{name} {n}", c) for n, c in inner.items()]
    return found


def test_json_has_errors_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise errors.Refused("not now", [errors.Obstacle(what="a is missing", fix="add a")])

    monkeypatch.setattr("ops.deploy.plan.report_of", refuse)
    assert ended(monkeypatch, "plan", "--json") == errors.FINDING
    shown = capsys.readouterr()
    assert json.loads(shown.out) == {
        "error": {"problem": "not now", "fix": "", "problems": [{"what": "a is missing", "fix": "add a"}]},
        "exit_code": 1,
    }
    assert "- a is missing\n    add a" in shown.err


def test_a_file_that_cannot_be_used_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def denied(*args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied", "/etc/x")

    monkeypatch.setattr("ops.deploy.plan.report_of", denied)
    assert ended(monkeypatch, "plan") == errors.FINDING
    assert capsys.readouterr().err.endswith(
        "error: /etc/x: Permission denied\n  check that it exists and that you may use it\n"
    )


def test_a_plan_is_not_made_for_a_file_that_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert ended(monkeypatch, "plan", "--out", str(tmp_path / "no" / "prod.plan")) == errors.WRONG_USE
    assert f"there is no folder {tmp_path}/no" in capsys.readouterr().err
    assert ended(monkeypatch, "plan", "--markdown", str(tmp_path)) == errors.WRONG_USE


def test_obstacles_with_one_fix_share_its_line() -> None:
    obstacles = [errors.Obstacle(what=what, fix="export it") for what in "ab"]
    last = errors.Obstacle(what="c", fix="build it")
    assert str(errors.Refused("no", [*obstacles, last])) == ("no\n- a\n- b\n    export it\n- c\n    build it")


def test_a_question_that_nobody_can_answer_is_wrong_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(errors.WrongUse, match="stdin is not a terminal, so no question can be asked"):
        confirmation.confirmed("go on?")


def test_only_this_machines_environment_is_changed_without_a_question() -> None:
    assert confirmation.question(load_environment("local"), yes=False) is None
    assert confirmation.question(load_environment("prod"), yes=False) is confirmation.confirmed
    assert confirmation.question(load_environment("prod"), yes=True) is None


def test_a_purge_without_a_terminal_needs_the_name() -> None:
    done = run("purge", "--env", "local")
    assert done.returncode == errors.WRONG_USE
    assert "stdin is not a terminal\n  confirm with --confirm local" in done.stderr


def test_a_purge_with_another_name_is_refused() -> None:
    done = run("purge", "--env", "local", "--confirm", "prod")
    assert done.returncode == errors.WRONG_USE
    assert "'prod' is not 'local'; nothing was changed" in done.stderr


def test_make_chooses_and_confirms_by_its_own_command_line_only() -> None:
    """A shell may export ENV for its own ends, and CONFIRM for another command."""
    # Without what `make test` hands down to the make below it.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    shell = {**inherited, "ENV": "prod", "CONFIRM": "prod"}
    for words, said in (
        (["purge"], "purge --env local \n"),
        (["purge", "ENV=staging", "CONFIRM=staging"], "purge --env staging --confirm staging\n"),
        (["up"], "deploy --env local \n"),
        (["up", "CONFIRM=local"], "deploy --env local --confirm local\n"),
        (["down"], "down --env local \n"),
    ):
        done = subprocess.run(
            ["make", "--dry-run", "-o", "setup", "-o", "tools", *words],
            cwd=ROOT,
            env=shell,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.endswith(f".venv/bin/python -m ops {said}"), done.stdout


def ended(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """How a command ends, in this process."""
    monkeypatch.setattr("sys.argv", ["ops", *words])
    monkeypatch.setattr("signal.signal", lambda number, handler: None)
    with pytest.raises(SystemExit) as caught:
        app.main()
    return int(caught.value.code or 0)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.OpsError("x"), 1),
        (errors.WrongUse("x"), 2),
        (errors.Interrupted("x"), 130),
        (ImagesError("x"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_every_error_has_its_exit_code(
    error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(standalone_mode: bool) -> None:
        raise error

    monkeypatch.setattr(app, "app", broken)
    monkeypatch.setattr("signal.signal", lambda number, handler: None)
    with pytest.raises(SystemExit) as ended:
        app.main()
    assert ended.value.code == code
    assert capsys.readouterr().err.startswith("error: ")


def test_what_a_machine_lacks_is_named_all_at_once(tmp_path: Path) -> None:
    done = subprocess.run(
        ["/bin/sh", str(ROOT / "ops" / "setup" / "need.sh"), "python", "node", "terraform", "engine"],
        env={"PATH": str(tmp_path), "PYTHON": "python3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    for word in ("Python 3.11", "venv", "Node.js 20", "npm", "Terraform", "Docker Engine"):
        assert word in done.stderr


def test_need_says_nothing_when_nothing_is_missing(tmp_path: Path) -> None:
    for name in ("node", "npm", "terraform", "docker"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", str(ROOT / "ops" / "setup" / "need.sh"), "python", "node", "terraform", "engine"],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_another_name_for_terraform_must_be_a_program(tmp_path: Path) -> None:
    for name in ("terraform", "tofu", "mine"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)

    def need(name: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", str(ROOT / "ops" / "setup" / "need.sh"), "terraform"],
            env={"PATH": str(tmp_path), "TERRAFORM_BINARY_NAME": name},
            capture_output=True,
            text=True,
            check=False,
        )

    assert need("mine").returncode == need("").returncode == 0
    done = need("not-there")
    assert done.returncode == 1
    assert "TERRAFORM_BINARY_NAME is not-there, and there is no such program" in done.stderr
    assert "INSTALL=yes" not in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("deploy --env prod --plan x.plan --moves redis", "--plan and --moves: a store moves in two applies"),
        ("deploy --env prod --plan /nowhere/x.plan", "--plan /nowhere/x.plan: No such file or directory"),
        (
            "plan --env prod --base HEAD --out x.plan",
            "--base and --out: a comparison of two revisions is no plan",
        ),
    ],
)
def test_a_plan_that_cannot_be_applied_as_it_is_is_wrong_use(
    words: str, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(monkeypatch, *words.split()) == errors.WRONG_USE
    assert told in capsys.readouterr().err
