"""Operators' keys: written, confirmed over a new connection, or taken back."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from ops.errors import WrongUse
from ops.nodes import authorized_keys
from tests.unit.ops_ssh import UNREACHED, FakeSsh, said


def test_operators_keys_are_confirmed_over_a_new_connection() -> None:
    text = authorized_keys.text_of({"zoe": "ssh-ed25519 AAAAz z@laptop", "ada": "ssh-ed25519 AAAAa"})
    assert text == "ssh-ed25519 AAAAa\nssh-ed25519 AAAAz z@laptop\n"
    ssh = FakeSsh(said("written\n"), said(""))
    assert authorized_keys.write("n", ssh, text).what == "written"
    (first, stdin), (second, _) = ssh.__dict__["asked"]
    assert stdin == text and "authorized_keys.before" in first[2] and "rm -f" in second[2]
    assert first[4] == second[4] and len(first[4]) == 16


def test_keys_that_lock_this_machine_out_go_back_by_themselves() -> None:
    result = authorized_keys.write("n", FakeSsh(said("written\n"), UNREACHED), "ssh-ed25519 AAAA x\n")
    assert (
        result.problem
        == "this machine cannot sign in with the new keys; the node restores the old ones within 60 s"
    )
    assert authorized_keys.write("n", FakeSsh(said("same\n")), "x").what == "up to date"
    assert authorized_keys.write("n", FakeSsh(UNREACHED), "x").problem.startswith("not written: ")
    with pytest.raises(WrongUse, match="lock everyone out"):
        authorized_keys.text_of({})


def test_a_supplied_key_is_the_one_that_terraform_is_given() -> None:
    have = {"TF_VAR_ssh_key_the_ci": "ssh-ed25519 AAAAc ci"}
    assert authorized_keys.text_of({"the-ci": "supplied"}, have) == "ssh-ed25519 AAAAc ci\n"
    with pytest.raises(WrongUse, match="TF_VAR_ssh_key_the_ci is not set"):
        authorized_keys.text_of({"the-ci": "supplied"}, {})


@pytest.fixture
def home(tmp_path: Path) -> Any:
    """Runs the real scripts, in a home of their own; the undo comes after two seconds."""

    def run(script: str, token: str, text: str = "") -> str:
        done = subprocess.run(
            ["sh", "-c", script.replace(f"sleep {authorized_keys.UNDO_S}", "sleep 2"), "sh", token], input=text,
            env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
            capture_output=True, text=True, timeout=20, check=True,
        )  # fmt: skip
        return done.stdout.strip()

    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "authorized_keys").write_text("old\n")
    return run


def test_the_script_that_writes_keys_puts_them_back(home: Any, tmp_path: Path) -> None:
    file = tmp_path / ".ssh" / "authorized_keys"
    assert home(authorized_keys._WRITE, "a", "new\n") == "written"
    assert file.read_text() == "new\n" and file.stat().st_mode & 0o777 == 0o600
    time.sleep(2.6)
    assert file.read_text() == "old\n"
    assert home(authorized_keys._WRITE, "b", "new\n") == "written"
    home(authorized_keys._CONFIRM, "b")
    time.sleep(2.6)
    assert file.read_text() == "new\n"
    assert home(authorized_keys._WRITE, "c", "new\n") == "same"
    assert [each.name for each in file.parent.iterdir()] == ["authorized_keys"]


def test_an_older_write_does_not_undo_a_newer_one(home: Any, tmp_path: Path) -> None:
    file = tmp_path / ".ssh" / "authorized_keys"
    home(authorized_keys._WRITE, "a", "one\n")
    time.sleep(1)
    assert home(authorized_keys._WRITE, "b", "two\n") == "written"
    home(authorized_keys._CONFIRM, "b")
    time.sleep(1.6)
    assert file.read_text() == "two\n"


def test_what_nobody_confirmed_is_nothing_to_go_back_to(home: Any, tmp_path: Path) -> None:
    file = tmp_path / ".ssh" / "authorized_keys"
    home(authorized_keys._WRITE, "a", "one\n")
    home(authorized_keys._WRITE, "b", "two\n")
    time.sleep(2.6)
    assert file.read_text() == "old\n"


def test_who_gets_in_with_the_keys_that_are_there_has_confirmed_them(home: Any, tmp_path: Path) -> None:
    file = tmp_path / ".ssh" / "authorized_keys"
    home(authorized_keys._WRITE, "a", "new\n")
    assert home(authorized_keys._WRITE, "b", "new\n") == "same"
    time.sleep(2.6)
    assert file.read_text() == "new\n"
