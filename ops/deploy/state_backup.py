"""Sends the states of an environment to its backups after something was changed."""

from __future__ import annotations

from ops.backup import state
from ops.terminal import screen
from ops.terraform.target import Targets


def back_up_state(targets: Targets) -> None:
    """Sends the states that changed; warns where that fails."""
    with screen.doing("copying the state to the backups"):
        problem = state.back_up_after_deploy(targets)
    if problem:
        again = f"python -m ops backup --env {targets.name} --state"
        screen.warn(f"warning: {problem}\n  {again}")
