"""Runs Terraform twice on one state at the same time: one run must be refused because of the lock."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ops.errors import OpsError
from ops.state.bucket import Bucket
from ops.terraform.runner import program

HOLD_S = 4
"""How long the first run holds the lock; the second starts halfway."""
TIMEOUT_S = 120


@dataclass(frozen=True, kw_only=True)
class TerraformRace:
    """The result of both runs.

    Attributes:
        excludes: one applied, the other was refused because of the lock.
    """

    excludes: bool
    told: str

    def __str__(self) -> str:
        return f"two {Path(program()).name} at once: {self.told}"


def race(bucket: Bucket, key: tuple[str, str]) -> TerraformRace:
    """Applies the same small configuration from two folders at once; it needs only the built-in provider."""
    state = f"lock-trial/{uuid.uuid4()}.tfstate"
    with tempfile.TemporaryDirectory(prefix="sprocket-lock-") as folder, ThreadPoolExecutor(2) as pool:
        try:
            folders = [_prepare(Path(folder) / name, bucket, state, key) for name in ("first", "second")]
            first = pool.submit(_run, folders[0], key, "apply", "-auto-approve", "-lock-timeout=0s")
            time.sleep(HOLD_S / 2)
            second = _run(folders[1], key, "apply", "-auto-approve", "-lock-timeout=0s")
            return _judged(first.result(), second)
        finally:
            for name in (state, f"{state}.tflock"):
                bucket.delete(name)


def _judged(
    first: subprocess.CompletedProcess[str], second: subprocess.CompletedProcess[str]
) -> TerraformRace:
    if any("releasing the state lock" in done.stderr + done.stdout for done in (first, second)):
        # Both wrote a lock; the first to end found the other's in its place.
        return TerraformRace(
            excludes=False, told="both got the lock at once and applied: it does not exclude"
        )
    if first.returncode:
        raise OpsError(f"{program()} cannot work with this bucket: {_reason(first)}")
    if second.returncode and "acquiring the state lock" in second.stderr + second.stdout:
        return TerraformRace(excludes=True, told="the second was refused: the state is locked")
    if second.returncode:
        return TerraformRace(excludes=False, told=f"the second failed for another reason: {_reason(second)}")
    return TerraformRace(excludes=False, told="both got the lock at once and applied: it does not exclude")


def _prepare(folder: Path, bucket: Bucket, state: str, key: tuple[str, str]) -> Path:
    folder.mkdir()
    backend = {
        "bucket": bucket.name,
        "key": state,
        "region": "us-east-1",
        "endpoints": {"s3": bucket.endpoint},
        "skip_credentials_validation": True,
        "skip_requesting_account_id": True,
        "skip_metadata_api_check": True,
        "skip_region_validation": True,
        "skip_s3_checksum": True,
        "use_path_style": True,
        "use_lockfile": True,
    }
    document = {
        "terraform": {"backend": {"s3": backend}},
        "resource": {
            "terraform_data": {
                "hold": {"provisioner": {"local-exec": {"command": f"sleep {HOLD_S}"}}, "input": folder.name}
            }
        },
    }
    (folder / "main.tf.json").write_text(json.dumps(document))
    done = _run(folder, key, "init", "-input=false")
    if done.returncode:
        raise OpsError(f"{program()} init with this bucket: {_reason(done)}")
    return folder


def _run(folder: Path, key: tuple[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_CLI_ARGS")}
    environment |= {"AWS_ACCESS_KEY_ID": key[0], "AWS_SECRET_ACCESS_KEY": key[1], "CHECKPOINT_DISABLE": "1"}
    try:
        return subprocess.run(
            [program(), *words, "-no-color"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise OpsError(
            f"{program()} {words[0]} with this bucket did not end within {TIMEOUT_S} s",
            fix="check that the endpoint can be reached; for a stale lock, see docs/runbooks/state.md",
        ) from None


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line.strip("│╷╵ \t") for line in (done.stderr or done.stdout).splitlines()]
    start = next((i for i, line in enumerate(lines) if line.startswith("Error")), 0)
    return " ".join(line for line in lines[start : start + 6] if line) or "no output"
