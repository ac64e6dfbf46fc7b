"""A state's lock that is held without an operation of Terraform's own: by a real console."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ops.terraform.lock_holder import StateLocked
from ops.terraform.runner import Terraform

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
    with terraform.locked():
        holder = terraform.lock_holder()
        assert holder is not None and holder.path == "trial.tfstate"
        assert holder.what == "upgrade-engine or an open console"
        with pytest.raises(StateLocked), terraform.locked():
            raise AssertionError("two have it")
    assert terraform.lock_holder() is None
