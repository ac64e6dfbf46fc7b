"""Exit codes, questions, and what runs before there is a Python."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from images import ImagesError
from ops import bench, errors
from ops.cli import app
from ops.paths import ROOT


def run(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ops", *words], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False
    )  # fmt: skip


def test_an_environment_that_does_not_exist_is_one_clear_error() -> None:
    done = run("plan", "--env", "nowhere")
    assert done.returncode == errors.FINDING
    assert done.stderr.startswith("error: nowhere.yaml: there is no environment 'nowhere'; use one of ")
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_an_unknown_option_is_wrong_use() -> None:
    assert run("plan", "--bogus").returncode == errors.WRONG_USE


def test_a_purge_without_anybody_to_ask_needs_the_name(capsys: pytest.CaptureFixture[str]) -> None:
    done = run("purge")
    assert done.returncode == errors.WRONG_USE
    assert "say that it is meant: --confirm local" in done.stderr


def test_a_purge_with_another_name_is_refused() -> None:
    done = run("purge", "--confirm", "prod")
    assert done.returncode == errors.WRONG_USE
    assert "'prod' is not 'local'; nothing was changed" in done.stderr


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
    def broken() -> None:
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


def test_the_bars_of_the_benchmarks() -> None:
    assert bench.growth(1.0, 2.0, 11.0) == 1.0
    assert bench.Result("synth-prod", 2.0, 2.0).met
    assert not bench.Result("synth-prod", 2.01, 2.0).met
    assert str(bench.Result("synth-1000", 0.804, 1.15)) == "synth-1000 0.80 1.15"
