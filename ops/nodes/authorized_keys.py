"""Updates the operators' ssh keys on existing nodes: Terraform sets a droplet's keys only at its creation."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from layers.settings.cloud import SUPPLIED, ssh_key_variable
from layers.settings.environment import Environment
from ops.errors import OpsError, WrongUse
from ops.nodes.inventory import node_named, nodes_of, ssh_to
from ops.ssh import Ssh
from ops.terminal import screen
from ops.terraform.target import Target

UNDO_S = 60
"""Without a confirmation by then, the node restores the old keys."""

_WRITE = f"""set -eu
umask 077
cd "$HOME" && mkdir -p .ssh && cd .ssh
cat > authorized_keys.new
test -s authorized_keys.new
if [ -e authorized_keys ] && cmp -s authorized_keys authorized_keys.new; then
  rm -f authorized_keys.new authorized_keys.before.*
  echo same
  exit 0
fi
before=authorized_keys.before.$1
# An earlier write that nobody has confirmed: restore what was before it; its sleeper then finds nothing to do.
for older in authorized_keys.before.*; do
  if [ -e "$older" ]; then mv "$older" "$before"; fi
done
if [ ! -e "$before" ]; then cp -p authorized_keys "$before"; fi
mv authorized_keys.new authorized_keys
nohup sh -c 'sleep {UNDO_S}; test ! -e "$1" || mv "$1" authorized_keys' undo "$before" >/dev/null 2>&1 </dev/null &
echo written
"""
_CONFIRM = 'rm -f "$HOME/.ssh/authorized_keys.before.$1"'


@dataclass(frozen=True, kw_only=True)
class KeysWritten:
    """The result for one node."""

    node: str
    what: str = ""
    problem: str = ""
    locked_out: bool = False
    """Whether the new keys do not let this machine in; the node takes the old ones back."""

    def __str__(self) -> str:
        return f"{self.node}: {self.problem or self.what}"


def declared_text(settings: Environment, environment: Mapping[str, str] = os.environ) -> str:
    """The file as the nodes of an environment should have it.

    Raises:
        WrongUse: see :func:`text_of`.
    """
    return text_of(settings.cloud.ssh_keys if settings.cloud else {}, environment)


def text_of(keys: Mapping[str, str], environment: Mapping[str, str] = os.environ) -> str:
    """The lines of the file, as nodes get them at their first boot.

    Raises:
        WrongUse: a supplied key is not set; or there is no key, which would lock everyone out.
    """
    if not keys:
        raise WrongUse(
            "the environment has no ssh_keys: which would lock everyone out", fix="add cloud/ssh_keys"
        )
    return "".join(f"{_key(name, key, environment)}\n" for name, key in sorted(keys.items()))


def _key(name: str, key: str, environment: Mapping[str, str]) -> str:
    if key != SUPPLIED:
        return key.strip()
    variable = f"TF_VAR_{ssh_key_variable(name)}"
    given = environment.get(variable, "").strip()
    if not given:
        raise WrongUse(
            f"the public key of {name} is supplied, but {variable} is not set",
            fix=f"export {variable}='ssh-ed25519 AAAA... {name}'",
        )
    return given


def write_keys(target: Target, say: Callable[[str], None]) -> list[KeysWritten]:
    """Writes the keys to all nodes, one after the other, so that a mistake affects one node only."""
    text = declared_text(target.settings)
    results: list[KeysWritten] = []
    for node in nodes_of(target.settings):
        say(f"{node.name}: writing keys")
        results.append(write(node.name, ssh_to(target, node), text))
        if results[-1].problem:
            break
    return results


class NodeKeys:
    """Writes the keys to nodes that have other ones, once for each node and command. One that cannot be reached is tried again."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._written: set[str] = set()

    def write(self, nodes: Iterable[str]) -> None:
        """Writes them, one node after the other.

        Raises:
            OpsError: this machine cannot sign in with the new keys. Further nodes keep the keys that they have.
        """
        for name in nodes:
            if name in self._written:
                continue
            node = node_named(self._target.settings, name)
            done = write(name, ssh_to(self._target, node), declared_text(self._target.settings))
            if done.locked_out:
                raise OpsError(
                    str(done), fix="check cloud/ssh_keys and the TF_VAR_ssh_key_... of supplied keys"
                )
            if not done.problem:
                self._written.add(name)
            screen.err.print(f"{name}: {done.problem or 'the keys of the operators written'}", markup=False)


def write(name: str, ssh: Ssh, text: str) -> KeysWritten:
    """Writes the keys to one node, and confirms them over a new connection, which needs one of the new keys."""
    token = secrets.token_hex(8)
    done = ssh.run("sh", "-c", _WRITE, "write", token, stdin=text)
    if done.code:
        return KeysWritten(node=name, problem=f"not written: {done.reason}")
    if done.output.strip() == "same":
        return KeysWritten(node=name, what="up to date")
    if ssh.run("sh", "-c", _CONFIRM, "confirm", token).code:
        return KeysWritten(
            node=name,
            problem=f"this machine cannot sign in with the new keys; the node restores the old ones within {UNDO_S} s",
            locked_out=True,
        )
    return KeysWritten(node=name, what="written")
