"""From the configuration's blocks to one path: containers -> labels -> stages -> Loki."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from typing import Any

from standin.log import Refusal

from alloy_standin import relabel
from alloy_standin.stages import Stage, stages
from alloy_standin.syntax import Block, Reference

COMPONENTS = (
    "discovery.docker", "discovery.relabel", "loki.source.docker", "loki.relabel", "loki.process", "loki.write",
    "logging", "livedebugging",
)  # fmt: skip


@dataclass(frozen=True)
class Step:
    """Relabelling rules or stages on the way to Loki."""

    rules: tuple[relabel.Rule, ...] = ()
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What to read, what to do with it, where to send it."""

    docker: str
    refresh: float
    target_rules: list[relabel.Rule]
    """From discovery.relabel, and then the rules of loki.source.docker's `relabel_rules`."""
    static_labels: dict[str, str]
    steps: list[Step]
    push_url: str


def build(blocks: list[Block], where: str) -> Plan:
    """Follow the references from the one loki.source.docker; `Refusal` where one leads nowhere."""
    by_id: dict[str, Block] = {}
    for block in blocks:
        if block.name not in COMPONENTS:
            raise Refusal(f"{where}:{block.line}: {block.name}: this stand-in knows {', '.join(COMPONENTS)}")
        if block.id in by_id:
            raise Refusal(
                f"{where}:{block.line}: block {block.id} already declared in line {by_id[block.id].line}"
            )
        by_id[block.id] = block
    sources = [block for block in blocks if block.name == "loki.source.docker"]
    if len(sources) != 1:
        raise Refusal(f"{where}: {len(sources)} loki.source.docker blocks; this stand-in needs exactly one")
    source = sources[0]
    found = _Finder(by_id, where)
    rules, discovery = found.targets(source)
    if "relabel_rules" in source.values:
        rules += relabel.rules(found.block(source, "relabel_rules", ".rules"), where)
    steps, write = found.steps(source)
    host = _text(source, "host", where)
    if host != _text(discovery, "host", where):
        raise Refusal(
            f"{where}:{source.line}: host differs from {discovery.id}'s; this stand-in needs them equal"
        )
    labels = {key: _constant(value, source, where) for key, value in source.values.get("labels", {}).items()}
    refresh = _seconds(str(discovery.values.get("refresh_interval", "1m")), f"{where}:{discovery.line}")
    return Plan(host, refresh, rules, labels, steps, _push_url(write, where))


class _Finder:
    def __init__(self, by_id: dict[str, Block], where: str) -> None:
        self._by_id = by_id
        self._where = where

    def block(self, user: Block, key: str, ending: str, value: Any = None) -> Block:
        """The block that an attribute refers to."""
        value = user.values.get(key) if value is None else value
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        place = f"{self._where}:{user.line}: {user.id}: {key}"
        if not isinstance(value, Reference) or not value.name.endswith(ending):
            raise Refusal(f"{place}: one reference that ends in {ending} is expected")
        found = self._by_id.get(value.name.removesuffix(ending))
        if found is None:
            raise Refusal(f"{place}: component {value.name.removesuffix(ending)!r} does not exist")
        return found

    def targets(self, source: Block) -> tuple[list[relabel.Rule], Block]:
        """(rules of the discovery.relabel blocks in their order, the discovery.docker block)."""
        rules: list[relabel.Rule] = []
        value = source.values.get("targets")
        ending = ".output" if isinstance(value, Reference) and value.name.endswith(".output") else ".targets"
        block = self.block(source, "targets", ending)
        while block.name == "discovery.relabel":
            rules = relabel.rules(block, self._where) + rules
            value = block.values.get("targets")
            ending = (
                ".output" if isinstance(value, Reference) and value.name.endswith(".output") else ".targets"
            )
            block = self.block(block, "targets", ending)
        if block.name != "discovery.docker":
            raise Refusal(
                f"{self._where}:{block.line}: targets come from {block.id}; discovery.docker is expected"
            )
        return rules, block

    def steps(self, source: Block) -> tuple[list[Step], Block]:
        """(steps after the source, the loki.write block)."""
        steps: list[Step] = []
        block = self.block(source, "forward_to", ".receiver")
        while block.name != "loki.write":
            if block.name == "loki.process":
                steps.append(Step(stages=tuple(stages(block, self._where))))
            elif block.name == "loki.relabel":
                steps.append(Step(rules=tuple(relabel.rules(block, self._where))))
            else:
                raise Refusal(f"{self._where}:{block.line}: {block.id} is no receiver of log lines")
            if len(steps) > len(self._by_id):
                raise Refusal(f"{self._where}:{block.line}: forward_to runs in a circle")
            block = self.block(block, "forward_to", ".receiver")
        return steps, block


def _constant(value: Any, block: Block, where: str) -> str:
    if not isinstance(value, Reference):
        return str(value)
    if value.name != "constants.hostname":
        raise Refusal(f"{where}:{block.line}: {value.name}: this stand-in knows constants.hostname")
    return socket.gethostname()


def _push_url(write: Block, where: str) -> str:
    endpoints = write.inner("endpoint")
    if len(endpoints) != 1:
        raise Refusal(
            f"{where}:{write.line}: {write.id}: one endpoint block is expected, got {len(endpoints)}"
        )
    return _text(endpoints[0], "url", where)


def _text(block: Block, key: str, where: str) -> str:
    value = block.values.get(key)
    if not isinstance(value, str) or not value:
        raise Refusal(f"{where}:{block.line}: {block.id}: {key}: text is needed")
    return value


def _seconds(text: str, where: str) -> float:
    match = re.fullmatch(r"(\d+)(ms|s|m|h)", text)
    if match is None:
        raise Refusal(f"{where}: refresh_interval {text!r}: a duration such as 5s is expected")
    return int(match[1]) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[match[2]]
