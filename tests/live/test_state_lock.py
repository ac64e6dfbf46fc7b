"""A state's lock that is held without an operation of Terraform's own: by a real console."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from ops.errors import OpsError
from ops.terraform.lock_holder import StateLocked
from ops.terraform.runner import Terraform
from ops.waiting import wait_until

pytestmark = pytest.mark.live(needs=["terraform"])


def test_a_lock_is_held_and_freed(tmp_path: Path) -> None:
    document = {
        "terraform": {"backend": {"local": {"path": "trial.tfstate"}}},
        "variable": {"of_another_stack": {}},
        "resource": {"terraform_data": {"one": {"input": "${var.of_another_stack}"}}},
    }
    (tmp_path / "main.tf.json").write_text(json.dumps(document))
    terraform = Terraform(tmp_path)
    terraform.init()
    with terraform.locked() as lock:
        lock.require_held()
        holder = terraform.lock_holder()
        assert holder is not None and holder.path == "trial.tfstate"
        assert holder.what == "upgrade-engine or an open console"
        with pytest.raises(StateLocked), terraform.locked():
            raise AssertionError("two have it")
    assert terraform.lock_holder() is None
    with terraform.locked() as lock:
        (console,) = holder.processes(tmp_path.name)
        os.kill(console.id, signal.SIGKILL)
        assert wait_until(lambda: not holder.processes(tmp_path.name), 10)
        with pytest.raises(OpsError, match=r"which held it, has ended \(exit code -9\)"):
            lock.require_held()
