"""Every fault, in a real InfluxDB: its alert fires within two minutes, names it, and is over after the repair; nothing else fires.

Time is the points' own: a rule is asked at every moment that Grafana would ask, about what had been written by then. Grafana is not
here: tests/alert_evaluator.py takes its steps.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from sprocket_constructs import seconds

from tests.alert_evaluator import evaluate
from tests.alert_faults import FAULTS, HARMLESS, Fault
from tests.alert_timing import TARGET_S, query_of, rules, timing
from tests.influxdb_server import InfluxDB, running
from tests.programs import program
from tests.unit.test_alerts import ANSWERS, TABLE_OF_ALERTS, WATCHED

pytestmark = pytest.mark.live(needs=[])

BEFORE_S = 600
FAULT_S = 1200
AFTER_S = 1500
APART_S = 6 * 3600
"""Between two faults: longer than any rule looks back at what another fault writes too."""
RULES = rules(WATCHED)


@dataclass(frozen=True, kw_only=True)
class Store:
    """The server, and when the fault of each rule begins there."""

    influxdb: InfluxDB
    begins: dict[str, int]
    """By the rule's uid, and by what happens for what is harmless."""

    def ask(self, query: str, *, at: int, written: float) -> list[dict[str, Any]]:
        """What Grafana is answered at a moment: the youngest points are not written yet."""
        bounded = re.sub(
            r"time > now\(\) - (\d+)s",
            lambda window: f"time > {at - int(window[1])}s AND time <= {int(at - written)}s",
            query,
        )
        return self.influxdb.ask(bounded)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    binary = program("influxdb", "influxd")
    every = [*FAULTS, *HARMLESS]
    first = int(time.time()) // 60 * 60 - (len(every) + 1) * APART_S
    begins = {name: first + number * APART_S for number, name in enumerate(every)}
    with running(binary, tmp_path_factory.mktemp("influxdb"), bucket="telegraf") as influxdb:
        for uid, fault in FAULTS.items():
            influxdb.write(_points(fault, begins[uid]))
        for name, harmless in HARMLESS.items():
            for second in range(-BEFORE_S, FAULT_S, harmless.every):
                influxdb.write(f"{line} {begins[name] + second}" for line in harmless.lines(second))
        yield Store(influxdb=influxdb, begins=begins)


def _points(fault: Fault, begins: int) -> Iterator[str]:
    moments = (0, FAULT_S) if fault.pushed else range(-BEFORE_S, FAULT_S + AFTER_S, fault.every)
    for second in moments:
        for line in fault.lines(second, 0 <= second < FAULT_S):
            yield f"{line} {begins + second}"


def _firing(
    store: Store, uid: str, *, happens: str = "", until: int = FAULT_S + AFTER_S, away: int = 0
) -> dict[int, frozenset[Any]]:
    """What is told at each moment that the rule is asked, by the seconds since the fault began.

    Args:
        happens: the harmless thing of which the points are, from when Grafana starts; empty for the rule's own fault.
        away: seconds for which the store does not answer. A rule that gets an error waits anew, and collectors write what they kept when
            they next flush.
    """
    rule, begins = RULES[uid], store.begins[happens or uid]
    step, held = seconds(rule["interval"]), 0 if rule["for"] == "0s" else seconds(rule["for"])
    written = timing(WATCHED, rule).written
    since: dict[Any, int] = {}
    told: dict[int, frozenset[Any]] = {}
    for second in range(0 if happens else -BEFORE_S // 2, until, int(step)):
        if 0 <= second < away:
            since, told[second] = {}, frozenset()
            continue
        late = written + second if away <= second < away + written and away else written
        found = evaluate(rule, partial(store.ask, at=begins + second, written=late)).alerts(
            rule["noDataState"]
        )
        since = {series: since.get(series, second) for series in found}
        told[second] = frozenset(series for series, first in since.items() if second - first >= held)
    return told


@pytest.mark.parametrize("happens", HARMLESS)
def test_what_is_harmless_is_not_told(store: Store, happens: str) -> None:
    harmless = HARMLESS[happens]
    told = _firing(store, harmless.rule, happens=happens, until=FAULT_S, away=harmless.away)
    assert not any(told.values()), next((second, series) for second, series in told.items() if series)


@pytest.mark.parametrize("uid", FAULTS)
def test_a_fault_is_told_in_time_and_is_over_after_the_repair(store: Store, uid: str) -> None:
    told, fault = _firing(store, uid), FAULTS[uid]
    assert not any(series for second, series in told.items() if second < 0), "fires while all is well"
    first = next((second for second, series in told.items() if series), None)
    assert first is not None, "never fires"
    assert {series for found in told.values() for series in found} == {tuple(sorted(fault.about))}
    sent = timing(WATCHED, RULES[uid]).sent
    if "waits" not in TABLE_OF_ALERTS[uid]:
        assert first + sent - fault.begins <= TARGET_S
    last = max(second for second, series in told.items() if series)
    assert last < max(told), "never over"
    assert all(told[second] for second in told if first <= second < FAULT_S), "is over before the repair"


def test_answers_are_recorded(store: Store) -> None:
    """RECORD=1 writes what the store answered, for the tests that have none."""
    if os.environ.get("RECORD") != "1":
        pytest.skip("RECORD=1 writes tests/recorded/alert-answers.yaml")
    found: dict[str, Any] = {}
    for uid in FAULTS:
        told = _firing(store, uid)
        moments = {
            "healthy": -20,
            "fault": next(second for second, series in told.items() if series),
            "repaired": max(told),
        }
        found[uid] = {
            name: [
                _compact(store.ask(step["model"]["query"], at=store.begins[uid] + second, written=12))
                for step in RULES[uid]["data"]
                if "query" in step["model"]
            ]
            for name, second in moments.items()
        }
    _record(ANSWERS, store.influxdb.version, found)


def _compact(series: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The last row that is a value: no more is looked at."""
    return [
        {
            "tags": each.get("tags", {}),
            "value": next(row[1] for row in reversed(each["values"]) if row[1] is not None),
        }
        for each in series
        if any(row[1] is not None for row in each["values"])
    ]


def _record(path: Path, version: str, found: dict[str, Any]) -> None:
    path.write_text(
        f"# What InfluxDB {version} answered to the queries of every alert rule, with the points of tests/alert_faults.py: while all\n"
        "# was well, when the alert fired, and after the repair; of each series the last value. By RECORD=1 pytest tests/live/test_alerts.py\n"
    )
    with path.open("a") as file:
        YAML().dump({"version": version, "answers": found}, file)


def test_every_rule_has_a_fault() -> None:
    assert set(FAULTS) == set(RULES)
    assert all(query_of(rule) for rule in RULES.values())
