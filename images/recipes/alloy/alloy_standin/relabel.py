"""Relabelling rules, as in Prometheus."""

from __future__ import annotations

import re
from dataclasses import dataclass

from standin.log import Refusal

from alloy_standin.syntax import Block

Labels = dict[str, str]
ACTIONS = ("replace", "keep", "drop", "labelmap", "labeldrop", "labelkeep")


@dataclass(frozen=True)
class Rule:
    """One rule, with Prometheus' defaults."""

    source: tuple[str, ...]
    target: str
    regex: re.Pattern[str]
    replacement: str
    separator: str
    action: str


def rules(block: Block, where: str) -> list[Rule]:
    """The `rule` blocks inside a block."""
    return [_rule(rule, where) for rule in block.inner("rule")]


def _rule(block: Block, where: str) -> Rule:
    values = block.values
    place = f"{where}:{block.line}: rule"
    allowed = ("source_labels", "target_label", "regex", "replacement", "separator", "action")
    for key in values:
        if key not in allowed:
            raise Refusal(f"{place}: {key}: {', '.join(allowed)} are allowed")
    action = str(values.get("action", "replace"))
    if action not in ACTIONS:
        raise Refusal(f"{place}: action {action!r}: {', '.join(ACTIONS)} are known to this stand-in")
    if action == "replace" and not values.get("target_label"):
        raise Refusal(f"{place}: target_label is needed for action replace")
    try:
        regex = re.compile(str(values.get("regex", "(.*)")), re.DOTALL)
    except re.error as error:
        raise Refusal(f"{place}: regex {values['regex']!r}: {error}") from error
    source = tuple(str(name) for name in values.get("source_labels", ()))
    replacement = re.sub(r"\$\{?(\w+)\}?", r"\\g<\1>", str(values.get("replacement", "$1")))
    separator = str(values.get("separator", ";"))
    return Rule(source, str(values.get("target_label", "")), regex, replacement, separator, action)


def apply(rules_: list[Rule], labels: Labels) -> Labels | None:
    """The labels after all rules, None where one drops the target."""
    current = dict(labels)
    for rule in rules_:
        joined = rule.separator.join(current.get(name, "") for name in rule.source)
        match = rule.regex.fullmatch(joined)
        if (rule.action == "keep" and match is None) or (rule.action == "drop" and match is not None):
            return None
        if rule.action == "replace" and match is not None:
            value = match.expand(rule.replacement)
            current.pop(rule.target, None)
            current |= {rule.target: value} if value else {}
        elif rule.action == "labelmap":
            mapped = {
                m.expand(rule.replacement): v for k, v in current.items() if (m := rule.regex.fullmatch(k))
            }
            current |= mapped
        elif rule.action in ("labeldrop", "labelkeep"):
            keep = rule.action == "labelkeep"
            current = {k: v for k, v in current.items() if (rule.regex.fullmatch(k) is not None) == keep}
    return current
