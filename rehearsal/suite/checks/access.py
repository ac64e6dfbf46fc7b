"""Access of operators: their keys on existing nodes, and the pinned host key."""

from __future__ import annotations

import os

from rehearsal.suite.check import Check
from rehearsal.suite.outcome import CheckFailed
from rehearsal.suite.world import World


def access(world: World) -> str:
    """Writes the keys unchanged, then with another comment; checks that the host key is the pinned one."""
    env = ("--env", world.environment)
    told = world.ops("keys", *env)
    if told.count("up to date") != len(world.nodes):
        raise CheckFailed(f"nodes do not have the keys of their creation: {told}")
    names = [name for name in os.environ if name.startswith("TF_VAR_ssh_key_")]
    before = {name: os.environ[name] for name in names}
    try:
        os.environ.update({name: f"{value}-again" for name, value in before.items()})
        told = world.ops("keys", *env)
    finally:
        os.environ.update(before)
    if told.count("written") != len(world.nodes):
        raise CheckFailed(f"keys were not written to every node: {told}")
    world.ops("keys", *env)
    told = world.ops("known-hosts", *env)
    if "unchanged" not in told:
        raise CheckFailed(f"the host key is not the pinned one: {told}")
    return f"keys on {len(world.nodes)} nodes, the host key unchanged"


ACCESS = Check(
    name="access", what="operators' keys are updated on existing nodes, the host key stays", run=access
)
