"""`ops run`: another program gets the environment's name and what the cloud stack knows."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from ops import errors
from ops.cli import values
from ops.paths import ROOT
from tests.unit.ops_boundaries import Boundaries


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


def test_a_program_that_is_not_there_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: Any) -> None:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(os, "execvpe", missing)
    with pytest.raises(errors.OpsError, match="cdkft cannot be run: No such file"):
        values.run("local", ["cdkft", "plan"])
