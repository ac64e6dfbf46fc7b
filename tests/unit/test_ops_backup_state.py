"""Terraform's states go to the bucket and come back, and touch no disk on the way there."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from layers.loading import load_environment
from ops.backup import state
from ops.errors import OpsError, WrongUse
from tests.stacks.synthesis import built, service
from tests.unit.ops_backups import HOUR_S, SENDER, Backups

NAME = "state-local-services"
STATE = '{"version": 4, "serial": 7, "resources": []}\n'


@pytest.fixture
def backups(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Backups:
    found = Backups(monkeypatch, tmp_path)
    found.terraform.content = STATE
    return found


def test_a_state_comes_back_as_it_was_for_its_owner_only(backups: Backups, tmp_path: Path) -> None:
    assert state.back_up(backups.world, backups.targets.all) == [NAME]
    assert backups.world.sent == {NAME: STATE.encode()}
    backups.world.copies = [(NAME, HOUR_S)]
    file = tmp_path / "found.tfstate"
    assert state.restore(backups.world, NAME, None, file).name == NAME
    assert file.read_text() == STATE
    assert file.stat().st_mode & 0o777 == 0o600


def test_there_is_nothing_to_copy_before_the_first_deploy(backups: Backups) -> None:
    backups.terraform.content = ""
    assert state.back_up(backups.world, backups.targets.all) == []
    assert backups.world.sent == {}


def test_no_file_is_overwritten(backups: Backups, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine")
    with pytest.raises(WrongUse, match="exists\n  name another file"):
        state.restore(backups.world, NAME, None, tmp_path / "there")
    with pytest.raises(WrongUse, match="there is no folder"):
        state.restore(backups.world, NAME, None, tmp_path / "no" / "file")


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b'{"serial": "7"}'])
def test_what_is_no_state_is_not_written(backups: Backups, tmp_path: Path, content: bytes) -> None:
    backups.world.copies, backups.world.sent = [(NAME, HOUR_S)], {NAME: content}
    with pytest.raises(OpsError, match="what came back is no state of Terraform; nothing was written"):
        state.restore(backups.world, NAME, None, tmp_path / "file")
    assert not (tmp_path / "file").exists()


def test_a_state_that_was_never_copied_is_said(backups: Backups, tmp_path: Path) -> None:
    with pytest.raises(OpsError, match=f"the bucket has no copy of {NAME}"):
        state.restore(backups.world, NAME, None, tmp_path / "file")


def test_a_deploy_does_not_fail_where_its_state_is_not_copied(
    backups: Backups, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "reached", lambda target: _Given(backups))
    assert state.back_up_after_deploy(backups.targets) == ""
    assert list(backups.world.sent) == [NAME]
    backups.tasks.down.add(SENDER)
    assert state.back_up_after_deploy(backups.targets) == (
        f"the new state is not in the backups: no task of {SENDER} runs"
    )


class _Given:
    def __init__(self, backups: Backups) -> None:
        self._backups = backups

    def __enter__(self) -> object:
        return self._backups.world

    def __exit__(self, *error: object) -> None:
        """Nothing to close."""


def sender_script() -> str:
    stack = built(load_environment("local"))
    stack.finish()
    return next(
        mount.file.text
        for mount in service(stack, "backup-sender").file_mounts
        if mount.at.endswith("sender.sh")
    )


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("x, retrying after 2.5s: Stat: no such host\nFatal: context canceled\ns3:u\n", "Stat: no such host"),
        ("Fatal: wrong password or no key found\n", "Fatal: wrong password or no key found"),
        (
            "signal\nFatal: unable to open config file: context canceled\ns3:http://b/c\n",
            "s3:http://backup-store:9000/backups/restic gives no answer",
        ),
        ("something\n\n", "something"),
    ],
)
def test_the_sender_says_why_restic_failed(tmp_path: Path, said: str, reason: str) -> None:
    (tmp_path / "sender.sh").write_text(sender_script())
    (tmp_path / "said").write_text(said)
    command = ["/bin/sh", str(tmp_path / "sender.sh"), "reason", str(tmp_path / "said")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == f"{reason}\n"


def test_the_sender_hands_a_state_to_restic_and_back(tmp_path: Path) -> None:
    restic = tmp_path / "restic"
    restic.write_text(
        f'#!/bin/sh\necho "$*" >> {tmp_path}/asked\n'
        f'case "$1" in backup) cat > {tmp_path}/kept ;; dump) cat {tmp_path}/kept ;; esac\n'
    )
    restic.chmod(0o755)
    (tmp_path / "sender.sh").write_text(sender_script())

    def sender(*words: str, given: str = "") -> str:
        done = subprocess.run(
            ["/bin/sh", str(tmp_path / "sender.sh"), *words],
            input=given,
            env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    sender("send_input", NAME, given=STATE)
    assert sender("print_file", NAME, "abc") == STATE
    reached, kept, forgotten, dumped = (tmp_path / "asked").read_text().splitlines()
    assert reached == "cat config"
    assert kept.endswith(f"--tag {NAME} --stdin --stdin-filename {NAME}")
    assert f"--tag {NAME} --group-by host,tags --keep-within 2d" in forgotten
    assert dumped == f"dump abc /{NAME}"
    assert STATE.strip() not in (tmp_path / "asked").read_text()
