"""What a query asks InfluxDB for, and what the collectors write there, by a record of the real ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from layers.data.alerting import TABLE
from layers.data.dashboard import dashboards
from layers.data.grafana import LOGS, METRICS
from ops.doctor import resources

RECORDED = Path(__file__).parent / "recorded" / "telegraf-1.39.3.points.yaml"
"""Measurements with their fields and tags; its head says how it was made."""

_FROM = re.compile(r'\bFROM\s+"([^"]+)"')
_ALIAS = re.compile(r'\bAS\s+"([^"]+)"')
_GROUPS = re.compile(r"\bGROUP BY\s+((?:time\([^)]*\)|[^)])*?)(?:\bfill\b|\)|$)")
_QUOTED = re.compile(r"""\"[^"]*"|'[^']*'|=~ /[^/]*/|\{window\}|\$\w+""")
_WORD = re.compile(r"\b[A-Za-z_]\w*\b(?!\s*\()")
_KEYWORDS = {"select", "as", "from", "where", "and", "or", "group", "by", "null", "none"}
_KEYWORDS |= {"show", "tag", "values", "with", "key"}
_NAME = re.compile(r'"([^"]+)"')


@dataclass(frozen=True)
class Query:
    """One query in InfluxQL and where it stands."""

    place: str
    text: str

    @property
    def measurement(self) -> str:
        """The one measurement that it reads."""
        (found,) = set(_FROM.findall(self.text))
        return str(found)

    @property
    def tags(self) -> set[str]:
        """Names that it groups by."""
        return {name for part in _GROUPS.findall(self.text) for name in _NAME.findall(part)}

    @property
    def others(self) -> set[str]:
        """Names of fields, and of the tags in its conditions."""
        return set(_NAME.findall(self.text)) - {self.measurement} - set(_ALIAS.findall(self.text)) - self.tags

    @property
    def unquoted(self) -> list[str]:
        """Words that are neither keywords nor functions; the record can be asked for quoted names alone."""
        words = _WORD.findall(_QUOTED.sub(" ", self.text))
        return sorted({word for word in words if word.lower() not in _KEYWORDS})

    def unanswered(self, record: dict[str, Any]) -> list[str]:
        """What it asks for that no collector writes."""
        known = record.get(self.measurement)
        if known is None:
            return [f"{self.place}: no collector writes the measurement {self.measurement}"]
        tags, fields = set(known["tags"]), set(known["fields"])
        wrong = [("tag", name) for name in sorted(self.tags - tags)]
        wrong += [("name in quotes for", word) for word in self.unquoted]
        wrong += [("field", name) for name in sorted(self.others - fields - tags)]
        return [f"{self.place}: {self.measurement} has no {kind} {name}" for kind, name in wrong]


def queries() -> Iterator[Query]:
    """Every query in InfluxQL of the dashboards, the alert rules and the table of resources."""
    yield Query("ops resources: memory", resources.MEMORY)
    yield Query("ops resources: cores", resources.CORES)
    for board in dashboards(metrics=METRICS, logs=LOGS):
        for variable in board.document["templating"]["list"]:
            yield Query(f"{board.uid}: variable {variable['name']}", variable["query"])
        for panel in board.document["panels"]:
            for target in panel.get("targets", []):
                if "query" in target:
                    yield Query(f"{board.uid}: {panel['title']} {target['refId']}", target["query"])
    for rule, entry in YAML(typ="safe").load(TABLE.read_text()).items():
        for key in ("query", "minus"):
            if key in entry:
                yield Query(f"{TABLE.name}: {rule}: {key}", entry[key])


@cache
def recorded() -> dict[str, Any]:
    """The record; read once, since it takes a third of a second."""
    return dict(YAML(typ="safe").load(RECORDED.read_text()))
