"""The packages of a node's engine: what it has, and asking it for others (``sprocket-engine`` in layers/node/scripts)."""

from __future__ import annotations

import fnmatch
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from ops.errors import OpsError
from ops.nodes.inventory import ClusterNode, ssh_to
from ops.ssh import Done, Ssh
from ops.terraform.target import Target
from ops.waiting import wait_until

Action = Literal["download", "install"]

ANSWER_S = 1200.0
"""Within which a node has answered: longer than ``sprocket-engine.service`` may run with all that ends it, and it answers for what was ended.
It waits up to 5 minutes for another apt, and a mirror may be slow."""

_INTERVAL_S = 3.0
_SCRIPT = "/usr/local/sbin/sprocket-engine"
# Renamed into place, so that the node never reads half of it.
_ASK = """set -eu
cd /var/lib/sprocket/desired
cat > engine.conf.new
mv -f engine.conf.new engine.conf
"""
_READ = "cat /var/lib/sprocket/engine 2>/dev/null || true"


class NodeIdle(OpsError):
    """A request failed, and nothing of it runs on the node: it has said so, or it could not take the request."""


@dataclass(frozen=True, kw_only=True)
class EnginePackages:
    """What one node has and what the mirrors have for it, as versions by package."""

    node: str
    installed: Mapping[str, str]
    wanted: Mapping[str, str]
    unfinished: tuple[str, ...] = ()
    """What an earlier installation left, in the node's words."""

    @property
    def changes(self) -> tuple[str, ...]:
        """What an installation would do: one phrase for each package that is another version, and for what an earlier one left."""
        others = (
            f"{package} {self.installed.get(package, 'missing')} -> {version}"
            for package, version in self.wanted.items()
            if self.installed.get(package) != version
        )
        return (*others, *self.unfinished)


def differs(packages: Mapping[str, str], engine_package: str, version: str) -> str:
    """In what the engine of a node is another than wanted; empty where it is not, or where the node does not tell.

    Args:
        version: pattern of the wanted one.
    """
    has = packages.get(engine_package)
    if has is None or fnmatch.fnmatchcase(has, version):
        return ""
    return f"its engine is {engine_package} {has}, wanted {version}"


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """What a node says of a request, in the lines of ``sprocket-engine``."""

    request: str = ""
    state: str = ""
    why: str = ""
    has: Mapping[str, str] = field(default_factory=dict)
    wants: Mapping[str, str] = field(default_factory=dict)
    unfinished: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> _Answer:
        """Of an answer that was cut off, or of none, nothing."""
        first, *lines = text.splitlines() or [""]
        request, state, why = [*first.split(" ", 2), "", "", ""][:3]
        told = [line.partition(" ")[::2] for line in lines]
        has, wants = (
            dict(_version(text) for kind, text in told if kind == wanted) for wanted in ("has", "wants")
        )
        unfinished = tuple(text for kind, text in told if kind == "unfinished")
        return cls(request=request, state=state, why=why, has=has, wants=wants, unfinished=unfinished)

    @property
    def is_final(self) -> bool:
        return self.state in ("done", "failed")


def _version(text: str) -> tuple[str, str]:
    name, _, version = text.partition("=")
    return name, version


class NodeEngine:
    """One node's engine.

    Args:
        say: shows what is being waited for.
    """

    def __init__(
        self, target: Target, node: ClusterNode, say: Callable[[str], None] = lambda text: None
    ) -> None:
        self._node = node
        self._ssh: Ssh = ssh_to(target, node)
        self._say = say

    def ask(self, action: Action, version: str, *, timeout_s: float = ANSWER_S) -> EnginePackages:
        """Has the node download or install the packages, and waits until it is done.

        Args:
            version: pattern of the engine's version.

        Raises:
            NodeIdle: the node was built before it could do so, could not take the request, or failed; says why in the node's words.
            OpsError: it is not reached, or has not answered: it may still be at it.
        """
        self._require_script()
        token = secrets.token_hex(8)
        request = f"{token} {action} {version}\n"
        self._say(f"{self._node.name}: {action} of the engine's packages")
        self._write(request)

        def look() -> _Answer:
            read = self._ssh.run("sh", "-c", _READ)
            found = _Answer.parse(read.output)
            if read.reached and found.request != token:
                # Not heard of it yet: a node may be about to end its answer to an earlier request.
                self._ssh.run("sh", "-c", _ASK, stdin=request)
            return found if found.request == token else _Answer()

        found = wait_until(look, timeout_s, done=lambda answer: answer.is_final, interval_s=_INTERVAL_S)
        failed = f"{self._node.name}: {action} of the engine's packages failed: "
        if not found.is_final:
            raise OpsError(
                f"{failed}no answer within {timeout_s:g} s", fix="journalctl -u sprocket-engine, on the node"
            )
        if found.state != "done":
            raise NodeIdle(f"{failed}{found.why}", fix="journalctl -u sprocket-engine, on the node")
        return EnginePackages(
            node=self._node.name, installed=found.has, wanted=found.wants, unfinished=found.unfinished
        )

    def _write(self, request: str) -> None:
        """Fails at once: a node that does not get the request never answers it."""
        done = self._run("sh", "-c", _ASK, stdin=request)
        if done.code:
            raise NodeIdle(
                f"{self._node.name}: the request cannot be written to /var/lib/sprocket/desired: {done.reason}",
                fix="look at its disk and at the folder's owner on the node (df -h, ls -ld)",
            )

    def _require_script(self) -> None:
        done = self._run("test", "-x", _SCRIPT)
        if done.code:
            raise NodeIdle(
                f"{self._node.name} was built before nodes could upgrade their engines",
                fix="replace it, which brings the wanted version: docs/runbooks/replace-a-node.md",
            )

    def _run(self, *command: str, stdin: str = "") -> Done:
        """On the node, which has to be reached."""
        done = self._ssh.run(*command, stdin=stdin)
        if not done.reached:
            raise OpsError(f"{self._node.name} is not reached: {done.reason}", fix="docs/runbooks/access.md")
        return done
