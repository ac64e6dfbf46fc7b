"""Live tests say what they miss, and with REQUIRE_LIVE=1 fail for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIVE = "tests/live/test_terraform.py"
"""A module of which every test is live."""


@pytest.mark.parametrize(
    ("required", "code", "says"),
    [
        ("", 0, "SKIPPED"),
        ("1", 1, "REQUIRE_LIVE=1, but this is a live test without"),
    ],
)
def test_on_a_machine_without_engine_and_terraform(
    tmp_path: Path, required: str, code: int, says: str
) -> None:
    node = shutil.which("node")
    assert node, "constructs need it"
    (tmp_path / "node").symlink_to(node)
    environment = {name: value for name, value in os.environ.items() if name != "TERRAFORM_BINARY_NAME"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rs", "-q", "-p", "no:cacheprovider", LIVE],
        cwd=ROOT,
        env={**environment, "PATH": str(tmp_path), "REQUIRE_LIVE": required},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stdout
    assert says in done.stdout and "terraform binary" in done.stdout
