"""Evaluates alert rules as Grafana does: asks their own queries, takes the last value of each series, compares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Labels = tuple[tuple[str, str], ...]
Ask = Callable[[str], list[dict[str, Any]]]
"""A query in InfluxQL; its series, as InfluxDB's API has them."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a rule finds at one moment: which series cross its threshold, and whether there are any."""

    crossed: frozenset[Labels]
    has_data: bool

    def alerts(self, no_data: str) -> frozenset[Labels]:
        """Series that are an alert, once it has held; one without tags where no data is an alarm."""
        return self.crossed if self.has_data or no_data != "Alerting" else frozenset({()})


def evaluate(rule: Mapping[str, Any], ask: Ask) -> Result:
    """The steps of a rule, in their order (pkg/expr: reduce, math, threshold)."""
    found: dict[str, dict[Labels, float]] = {}
    for step in rule["data"]:
        model = step["model"]
        if "query" in model:
            found[step["refId"]] = _last(ask(model["query"]))
        elif model["type"] == "reduce":
            found[step["refId"]] = found[model["expression"]]
        elif model["type"] == "math":
            left, _, right = model["expression"].replace("$", "").partition(" - ")
            both = found[left].keys() & found[right].keys()
            found[step["refId"]] = {labels: found[left][labels] - found[right][labels] for labels in both}
        else:
            evaluator = model["conditions"][0]["evaluator"]
            (limit,) = evaluator["params"]
            values = found[model["expression"]]
            above = evaluator["type"] == "gt"
            crossed = {name for name, value in values.items() if (value > limit if above else value < limit)}
            return Result(crossed=frozenset(crossed), has_data=bool(values))
    raise AssertionError(f"{rule['uid']} compares nothing")


def _last(series: list[dict[str, Any]]) -> dict[Labels, float]:
    """Rows of nothing but nulls are no value."""
    found = {}
    for each in series:
        rows = [row[1] for row in each["values"] if row[1] is not None]
        if rows:
            found[tuple(sorted(each.get("tags", {}).items()))] = float(rows[-1])
    return found
