"""Settings that running nodes can change: volumes, and the labels of their next admission. Everything else in user data needs a new droplet."""

from __future__ import annotations

from collections.abc import Iterable

from layers.cloud.nodes import node_facts
from ops.nodes.inventory import node_named, ssh_to
from ops.terminal import screen
from ops.terraform.target import Target

# Renamed into place, so that the node never reads half of it.
_WRITE = """set -eu
cd /var/lib/sprocket/desired
cat > node.conf.new
mv -f node.conf.new node.conf
"""


class NodeSettings:
    """Writes the settings of the environment's file to nodes, once for each node and command.

    A node applies them within seconds, at the latest after half a minute (``sprocket-configure`` in layers/node/scripts), and
    says so of itself.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._written: set[str] = set()

    def write(self, nodes: Iterable[str]) -> None:
        """Writes them to nodes that have different ones. One that cannot be reached is tried again at the next call."""
        for name in nodes:
            if name in self._written:
                continue
            node = node_named(self._target.settings, name)
            text = node_facts(self._target.settings, node).desired_conf
            done = ssh_to(self._target, node).run("sh", "-c", _WRITE, stdin=text)
            if done.code == 0:
                self._written.add(name)
                screen.err.print(f"{name}: new settings written", markup=False)
            else:
                screen.err.print(f"{name}: its settings could not be written: {done.reason}", markup=False)
