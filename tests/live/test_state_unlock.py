"""A lock in a bucket that a killed Terraform left: told by name, and taken over by its id. Real Terraform, a real S3 server."""

from __future__ import annotations

import getpass
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.errors import OpsError
from ops.paths import ROOT
from ops.state.bucket import Bucket
from ops.terraform.lock_holder import StateLocked
from ops.terraform.runner import Terraform, program
from tests.live import s3_server
from tests.live.s3_server import KEY

pytestmark = [pytest.mark.live(needs=["terraform"]), pytest.mark.proof]


@pytest.fixture
def terraform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terraform]:
    """A stack whose state is in a bucket with a lock, and whose apply takes a minute."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY[1])
    (tmp_path / "server").mkdir()
    with s3_server.of_a_test(tmp_path / "server") as url:
        Bucket("sprocket-state", endpoint=url, key=KEY).create()
        folder = tmp_path / "trial-services"
        folder.mkdir()
        skipped = (
            "credentials_validation",
            "requesting_account_id",
            "metadata_api_check",
            "region_validation",
        )
        backend = {
            **{f"skip_{name}": True for name in (*skipped, "s3_checksum")},
            "bucket": "sprocket-state",
            "key": "trial-services.tfstate",
            "region": "us-east-1",
            "endpoints": {"s3": url},
            "use_path_style": True,
            "use_lockfile": True,
        }
        slow = {"provisioner": {"local-exec": {"command": "sleep 60"}}}
        document = {
            "terraform": {"backend": {"s3": backend}},
            "resource": {"terraform_data": {"slow": slow}},
        }
        (folder / "main.tf.json").write_text(json.dumps(document))
        made = Terraform(folder)
        made.init()
        yield made


def test_a_lock_that_a_killed_apply_left_is_told_and_taken_over(terraform: Terraform, tmp_path: Path) -> None:
    assert terraform.lock_holder() is None
    # Whoever looks takes the lock for a moment, and must not be why the apply ends.
    words = [program(), "apply", "-auto-approve", "-input=false", "-lock-timeout=30s"]
    apply = subprocess.Popen(
        words,
        cwd=terraform.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    end = time.monotonic() + 60
    while (holder := terraform.lock_holder()) is None or holder.operation != "OperationTypeApply":
        assert time.monotonic() < end
        time.sleep(0.5)
    assert holder.who == f"{getpass.getuser()}@{socket.gethostname()}" and not holder.is_file
    assert [each.id for each in holder.processes("trial-services")] == [apply.pid]
    os.killpg(apply.pid, signal.SIGKILL)
    apply.wait(timeout=10)
    left = terraform.lock_holder()
    assert left is not None and left.id == holder.id, "the lock outlives who took it"
    assert left.processes("trial-services") == []
    with pytest.raises(StateLocked) as caught:
        terraform.plan(tmp_path / "plan")
    assert f"{left.who} has held it for an apply since " in caught.value.problem
    assert "StatusCode: 412" in caught.value.problem
    assert caught.value.fix.endswith("python -m ops state unlock --env trial")
    with pytest.raises(OpsError):
        terraform.unlock("00000000-0000-0000-0000-000000000000")
    assert terraform.lock_holder() is not None, "another's id does not take it over"
    terraform.unlock(left.id)
    assert terraform.plan(tmp_path / "plan")


def test_a_lock_that_is_held_for_a_command_is_freed_even_when_that_is_killed(terraform: Terraform) -> None:
    with terraform.locked() as lock:
        lock.require_held()
        holder = terraform.lock_holder()
        assert holder is not None and holder.what == "upgrade-engine or an open console"
    assert terraform.lock_holder() is None
    with terraform.locked() as lock:
        holder = terraform.lock_holder()
        assert holder is not None
        terraform.unlock(holder.id)
        with pytest.raises(OpsError, match="is not held any more: nobody has it: it was removed"):
            lock.require_held()
    assert terraform.lock_holder() is None
    script = (
        "import pathlib, sys, time\nfrom ops.terraform.runner import Terraform\n"
        "with Terraform(pathlib.Path(sys.argv[1])).locked():\n    print('held', flush=True)\n    time.sleep(60)\n"
    )
    words = [sys.executable, "-c", script, str(terraform.folder)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as command:
        assert command.stdout is not None and command.stdout.readline() == "held\n"
        assert terraform.lock_holder() is not None
        command.kill()
    end = time.monotonic() + 30
    while terraform.lock_holder() is not None:
        assert time.monotonic() < end, "its console outlives it"
        time.sleep(0.5)
