"""An operator's key, the swarm's join tokens and its CA are replaced while the platform runs, by the steps of the runbooks."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from layers.loading import read_environment
from layers.settings.cloud import SUPPLIED, ssh_key_variable
from rehearsal.suite import surroundings
from rehearsal.suite.check import Check
from rehearsal.suite.editing import edit
from rehearsal.suite.health import wait_until_healthy
from rehearsal.suite.outcome import CheckFailed
from rehearsal.suite.world import World

ADDED = "next"
"""The name of the new key while both are in."""

CERTIFIED_S = 120.0
ROLES = ("worker", "manager")

_SIGN_IN = """umask 077
cat > /run/sprocket-rehearsal-key
ssh -F none -i /run/sprocket-rehearsal-key -o IdentitiesOnly=yes -o BatchMode=yes -o ConnectTimeout=10 \
  -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR deploy@127.0.0.1 true
code=$?
rm -f /run/sprocket-rehearsal-key
exit $code
"""
"""From the node to its own sshd: a hop over another node would refuse the key first, and say nothing of this one."""


def keys(world: World) -> str:
    """Replaces the operator's key (docs/runbooks/access.md), then the tokens and the CA (docs/runbooks/rotate-a-secret.md)."""
    _replace_operator_key(world)
    _rotate_join_tokens(world)
    _rotate_ca(world)
    wait_until_healthy(world)
    nodes = len(world.nodes)
    return f"operator's key: the new one opens {nodes} nodes, all refuse the old one; new join tokens; {nodes} nodes trust a new CA"


def _replace_operator_key(world: World) -> None:
    """The new one in beside the old one, the new one in use, the old one out."""
    env = ("--env", world.environment)
    document = read_environment(world.environment)
    (name,) = document["cloud"]["ssh_keys"]
    new = surroundings.new_key(world.folder / "id_ed25519_next")
    public = new.with_suffix(".pub").read_text().strip()
    with _supplied(ADDED, public):
        try:
            edit(world, _with_keys(document, {name: SUPPLIED, ADDED: SUPPLIED}))
            _expect_written(world, world.ops("keys", *env))
            old = _use(world, new)
            world.ops("ready", *env)
        finally:
            edit(world, document)
    os.environ[_variable(name)] = public
    surroundings.export(world.folder / "environment.sh", {_variable(name): public})
    _expect_written(world, world.ops("keys", *env))
    world.ops("ready", *env)
    own = surroundings.key_of(world.folder).read_text()
    for node in world.nodes:
        let_in = world.box.exec(node.name, "sh", "-c", _SIGN_IN, stdin=own)
        if let_in.returncode:
            raise CheckFailed(f"{node.name} does not let the new key in: {let_in.stderr.strip()}")
        refused = world.box.exec(node.name, "sh", "-c", _SIGN_IN, stdin=old)
        if refused.returncode != 255 or "Permission denied (publickey" not in refused.stderr:
            raise CheckFailed(
                f"{node.name} does not refuse the old key: {refused.returncode} {refused.stderr.strip()}"
            )


def _use(world: World, new: Path) -> str:
    """Has every ssh of this rehearsal use the new key; returns the old one."""
    own = surroundings.key_of(world.folder)
    old = own.read_text()
    new.with_suffix(".pub").replace(own.with_suffix(".pub"))
    new.replace(own)
    return old


@contextmanager
def _supplied(name: str, public: str) -> Iterator[None]:
    os.environ[_variable(name)] = public
    try:
        yield
    finally:
        del os.environ[_variable(name)]


def _variable(name: str) -> str:
    return f"TF_VAR_{ssh_key_variable(name)}"


def _with_keys(document: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    return {**document, "cloud": {**document["cloud"], "ssh_keys": dict(keys)}}


def _expect_written(world: World, told: str) -> None:
    if told.count("written") != len(world.nodes):
        raise CheckFailed(f"keys were not written to every node: {told}")


def _rotate_join_tokens(world: World) -> None:
    before = _tokens(world)
    for role in ROLES:
        _on_a_manager(world, "docker", "swarm", "join-token", "--rotate", "--quiet", role)
    after = _tokens(world)
    same = [role for role in ROLES if before[role] == after[role]]
    if same:
        raise CheckFailed(f"the {' and the '.join(same)} token is still the same")


def _rotate_ca(world: World) -> None:
    with world.swarm() as swarm:
        before = {*trusted(swarm.api).values()}
        _on_a_manager(world, "docker", "swarm", "ca", "--rotate", "--quiet")

        def renewed() -> bool:
            found = trusted(swarm.api)
            authorities = {*found.values()}
            return len(found) == len(world.nodes) and len(authorities) == 1 and not authorities & before

        world.until(CERTIFIED_S, renewed, "every node has a certificate of the new CA")


def trusted(api: Any) -> dict[str, str]:
    """The CA that each node has its certificate from, by the node's name."""
    found = [raw["Description"] for raw in api.nodes()]
    return {each["Hostname"]: each["TLSInfo"]["TrustRoot"] for each in found}


def _tokens(world: World) -> dict[str, str]:
    with world.swarm() as swarm:
        found = swarm.api.inspect_swarm()["JoinTokens"]
    return {role: str(found[role.capitalize()]) for role in ROLES}


def _on_a_manager(world: World, *words: str) -> None:
    # Its output may hold a token, so it is not shown.
    done = world.box.exec(world.managers[0].name, *words, timeout=180)
    if done.returncode:
        raise CheckFailed(f"{' '.join(words)}: {done.stderr.strip()}")


KEYS = Check(
    name="keys",
    what="an operator's key, join tokens and the swarm's CA are replaced, and the old key is refused",
    run=keys,
)
