"""Placement constraints of services, such as ``node.labels.storage == main``, read as the swarm's scheduler reads them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_NODE_LABEL = "node.labels."
_ENGINE_LABEL = "engine.labels."
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]+")
_VALUE = re.compile(r"[A-Za-z0-9:_ \t\n\f\r.*()?+\[\]\\^$|/-]+")


@dataclass(frozen=True, kw_only=True)
class DescribedNode:
    """What constraints can ask of a node. What is None is not known, such as the id of a node that does not exist yet."""

    id: str | None = None
    hostname: str | None = None
    role: str | None = None
    address: str | None = None
    os: str | None = None
    arch: str | None = None
    """In the engine's words, such as ``x86_64``."""
    labels: Mapping[str, str] | None = None
    """Those that managers set."""
    engine_labels: Mapping[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class Constraint:
    """One constraint, as swarmkit's ``manager/constraint/constraint.go`` parses and matches it.

    Args:
        equal: ``==``; otherwise ``!=``.
    """

    key: str
    equal: bool
    value: str

    @classmethod
    def parse(cls, text: str) -> Constraint:
        """Reads one.

        Raises:
            ValueError: the managers refuse a service with it.
        """
        sign = next((each for each in ("==", "!=") if each in text), "")
        key, _, value = (part.strip() for part in text.partition(sign)) if sign else ("", "", "")
        if not (_KEY.fullmatch(key) and _VALUE.fullmatch(value)):
            raise ValueError(f"{text!r} is no placement constraint; write key==value or key!=value")
        return cls(key=key, equal=sign == "==", value=value)

    @property
    def label(self) -> str | None:
        """The label of managers that it asks for, in its own case; none for another key."""
        return self._behind(_NODE_LABEL)

    @property
    def is_known(self) -> bool:
        """Whether the key is one of swarmkit's. A node meets no constraint with another one."""
        labels = (self._behind(prefix) for prefix in (_NODE_LABEL, _ENGINE_LABEL))
        return self.key.lower() in _FACTS or self._is_address or any(labels)

    def met_by(self, node: DescribedNode) -> bool | None:
        """Whether a node meets it; none where that is not known, of the node or of the key.

        Values are compared without case. A label that a node does not have is empty.
        """
        if self._is_address:
            return self._matches_address(node.address)
        has = self._asked_of(node)
        return None if has is None else (has.lower() == self.value.lower()) == self.equal

    @property
    def _is_address(self) -> bool:
        return self.key.lower() == "node.ip"

    def _asked_of(self, node: DescribedNode) -> str | None:
        for prefix, labels in ((_NODE_LABEL, node.labels), (_ENGINE_LABEL, node.engine_labels)):
            if label := self._behind(prefix):
                return None if labels is None else labels.get(label, "")
        attribute = _FACTS.get(self.key.lower())
        return getattr(node, attribute) if attribute else None

    def _behind(self, prefix: str) -> str | None:
        return self.key[len(prefix) :] or None if self.key.lower().startswith(prefix) else None

    def _matches_address(self, address: str | None) -> bool | None:
        if address is None:
            return None
        try:
            wanted = ipaddress.ip_network(self.value, strict=False)
        except ValueError:
            return False  # for != too
        if "/" in self.value and not self.value.rpartition("/")[2].isdigit():
            return False
        try:
            within = ipaddress.ip_address(address) in wanted
        except ValueError:
            within = False
        return within == self.equal


_FACTS = {
    "node.id": "id",
    "node.hostname": "hostname",
    "node.role": "role",
    "node.platform.os": "os",
    "node.platform.arch": "arch",
}


def met(constraint: str, node: DescribedNode) -> bool | None:
    """Whether a node meets one; none where that is not known, or where it is no constraint."""
    try:
        return Constraint.parse(constraint).met_by(node)
    except ValueError:
        return None


def all_met(constraints: Iterable[str], node: DescribedNode) -> bool | None:
    """Whether a node meets all: no where it is known not to meet one, none where one is not known. See :func:`met`."""
    found = [met(each, node) for each in constraints]
    return False if False in found else None if None in found else True


def met_by_none(constraints: Iterable[str], nodes: Sequence[DescribedNode]) -> list[str]:
    """Of constraints that no node meets together, those that none meets at all; all of them, where a node meets each by itself."""
    every = list(constraints)
    return [each for each in every if not any(met(each, node) for node in nodes)] or every
