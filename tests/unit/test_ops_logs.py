"""`ops logs` over ssh: what is run, how it ends, and what wrong options are told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOST = "deploy@swarm.sprocket.mlesports.gg"


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """A folder with an ssh that has an engine behind it."""
    (tmp_path / "remote_ssh.py").write_text((ROOT / "tests/unit/remote_ssh.py").read_text())
    (tmp_path / "ssh").write_text(f'#!/bin/sh\nexec {sys.executable} {tmp_path}/remote_ssh.py "$@"\n')
    (tmp_path / "ssh").chmod(0o755)
    return tmp_path


@contextmanager
def logs(remote: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "ops", "logs", "web", "--env", "prod", *words],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{remote}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as run:
        try:
            yield run
        finally:
            run.kill()


def is_gone(remote: Path) -> bool:
    process = int((remote / "process").read_text())
    deadline = time.monotonic() + 10
    while Path(f"/proc/{process}").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    return not Path(f"/proc/{process}").exists()


def test_a_log_comes_over_ssh_with_the_pinned_host_key(remote: Path) -> None:
    with logs(remote, "--since", "10m") as run:
        out, err = run.communicate(timeout=120)
    assert (run.returncode, err) == (0, "")
    assert out == "2026-11-28 04:00:02  hello\n"
    words = json.loads((remote / "arguments").read_text())
    assert words[-1] == HOST and words[words.index("-L") + 1].endswith(":/var/run/docker.sock")
    assert f"UserKnownHostsFile={ROOT}/environments/known_hosts/prod" in words
    assert "StrictHostKeyChecking=yes" in words and "BatchMode=yes" in words
    assert is_gone(remote)


@pytest.mark.parametrize("to_the_group", [True, False], ids=["at a terminal", "to the process alone"])
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_a_log_that_is_followed(remote: Path, sent: signal.Signals, to_the_group: bool) -> None:
    with logs(remote, "--follow") as run:
        assert run.stdout and run.stdout.readline() == "2026-11-28 04:00:02  hello\n"
        (os.killpg if to_the_group else os.kill)(run.pid, sent)
        out, err = run.communicate(timeout=60)
    assert (run.returncode, out, err) == (130, "", "error: interrupted\n")
    assert is_gone(remote)


def test_a_connection_that_is_cut_is_an_error(remote: Path) -> None:
    (remote / "cut").touch()
    with logs(remote, "--follow") as run:
        out, err = run.communicate(timeout=120)
    assert (run.returncode, out) == (1, "2026-11-28 04:00:02  hello\n")
    assert (
        err.startswith("error: the connection to the engine ended within the log: ")
        and "Traceback" not in err
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--since", ""], "--since : is no length of time"),
        (["--since", "9" * 5000 + "s"], "is no length of time"),
        (["--since", "-5m"], "--since -5m: is no length of time"),
        (["--since", "1.5h"], "is no length of time"),
        (["--grep", "("], "--grep (: is no regular expression: missing )"),
        (["--grep", "a{99999999999}"], "is no regular expression: the repetition number is too large"),
        (["--tail", "0"], "--tail"),
    ],
)
def test_a_wrong_option_is_one_error_before_anything_is_asked(
    words: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from ops.cli import app

    monkeypatch.setattr("ops.swarm.engine.connected", None)
    monkeypatch.setattr("sys.argv", ["ops", "logs", "web", *words])
    with pytest.raises(SystemExit) as raised:
        app.main()
    assert raised.value.code == 2
    err = capsys.readouterr().err
    assert said in err and err.count("error: ") == 1
