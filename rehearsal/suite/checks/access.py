"""Access of operators: their keys on existing nodes, who else gets in, and the pinned host key."""

from __future__ import annotations

import os

from rehearsal.suite.check import Check
from rehearsal.suite.outcome import CheckFailed
from rehearsal.suite.world import World

FORMER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFormerOperatorFormerOperatorFormerOperatorAA former"
"""The key of somebody whom the environment's file does not name any more."""

_ADD = f"printf '%s\\n' '{FORMER}' >> /home/deploy/.ssh/authorized_keys"


def access(world: World) -> str:
    """Writes the keys unchanged, then with another comment; checks that the host key is the pinned one, and that nobody else gets in."""
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
    _shut_out(world)
    return f"keys on {len(world.nodes)} nodes, the host key unchanged; a former operator's key and an account were found"


def _shut_out(world: World) -> None:
    """A former operator's key on the last node, as if it had been down when the key was taken away, and an account like root's."""
    env = ("--env", world.environment)
    node = world.nodes[-1].name
    world.box.exec(node, "sh", "-c", _ADD)
    told = world.ops("ready", *env, expect=(1,))
    if "lets in a key that is not declared" not in told:
        raise CheckFailed(f"ready says nothing of the key of a former operator: {told}")
    world.ops("deploy", *env, "--yes", "--only", "services", "--stable", "2", expect=(1,))
    world.ops("deploy", *env, "--yes", "--stable", "2")
    if "Former" in world.box.exec(node, "cat", "/home/deploy/.ssh/authorized_keys").stdout:
        raise CheckFailed("a deploy left the key of a former operator on a node")
    world.ops("ready", *env)
    world.box.exec(node, "usermod", "--append", "--groups", "docker", "nobody")
    try:
        told = world.ops("ready", *env, expect=(1,))
        if "user nobody is in the group docker" not in told:
            raise CheckFailed(f"ready says nothing of an account that is root's equal: {told}")
    finally:
        world.box.exec(node, "gpasswd", "--delete", "nobody", "docker")
    world.ops("ready", *env)


ACCESS = Check(
    name="access",
    what="operators' keys are updated on existing nodes, nobody else gets in, the host key stays",
    run=access,
)
