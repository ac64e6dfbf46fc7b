"""How long it takes from a fault to the message, by the files that Telegraf and Grafana get."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from typing import Any

from sprocket_constructs import seconds

from tests.stacks.synthesis import declared, text_at
from tests.unit.layer_data_files import yaml_at

TARGET_S = 120
"""From the fault to the message."""
PROVISIONING = "/etc/grafana/provisioning/alerting"

_FROM = re.compile(r'FROM "([^"]+)"')
_WINDOW = re.compile(r"time > now\(\) - (\d+)s")
_AVERAGED = re.compile(r"moving_average\(.+, (\d+)\) FROM .+\btime\((\d+)s\)")
_OVER_ALL = {"gt": r"\b(min|mean)\(", "lt": r"\b(max|mean|spread|count|sum)\("}
"""Functions that cross a threshold only once the whole window is of the time after the fault."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Seconds at most, step by step."""

    collected: float
    """Until the next time that the collector looks."""
    written: float
    """Until what it found is in the store."""
    window: float
    """Until what the rule looks back at is of the time after the fault alone, where it needs that."""
    evaluated: float
    """Until the rule is asked again."""
    held: float
    """How long it must be true."""
    sent: float
    """Until the message about the group goes."""

    @property
    def total(self) -> float:
        """Of all steps."""
        return self.collected + self.written + self.window + self.evaluated + self.held + self.sent


def rules(environment: str) -> dict[str, dict[str, Any]]:
    """What Grafana is given, by uid."""
    groups = yaml_at(declared(environment), "grafana", f"{PROVISIONING}/platform.yaml")["groups"]
    return {
        rule["uid"]: rule | {"interval": group["interval"]} for group in groups for rule in group["rules"]
    }


def query_of(rule: dict[str, Any]) -> str:
    """Its first query."""
    return str(next(step["model"]["query"] for step in rule["data"] if "query" in step["model"]))


def timing(environment: str, rule: dict[str, Any]) -> Timing:
    """Of one rule that Grafana is given."""
    agent = _telegraf(environment)["agent"]
    (policy,) = yaml_at(declared(environment), "grafana", f"{PROVISIONING}/policy.yaml")["policies"]
    query = query_of(rule)
    (measurement,) = set(_FROM.findall(query))
    kind = rule["data"][-1]["model"]["conditions"][0]["evaluator"]["type"]
    return Timing(
        collected=intervals(environment)[measurement],
        written=seconds(agent["flush_interval"]) + seconds(agent["flush_jitter"]),
        window=_needed(query, kind),
        evaluated=seconds(rule["interval"]),
        held=0 if rule["for"] == "0s" else seconds(rule["for"]),
        # The second alert of a group waits for the group's interval.
        sent=max(seconds(policy["group_wait"]), seconds(policy["group_interval"])),
    )


def _needed(query: str, kind: str) -> float:
    if averaged := _AVERAGED.search(query):
        return float(averaged[1]) * float(averaged[2])
    if re.search(_OVER_ALL[kind], query):
        return float(_WINDOW.search(query)[1])  # type: ignore[index]
    return 0


@cache
def intervals(environment: str) -> dict[str, float]:
    """Seconds between two looks, by measurement."""
    config = _telegraf(environment)
    default = seconds(config["agent"]["interval"])
    found: dict[str, float] = {}
    for plugin, inputs in config["inputs"].items():
        for each in inputs:
            for name in _measurements(plugin, each):
                pushed = plugin == "http_listener_v2"
                found[name] = 0 if pushed else seconds(each["interval"]) if "interval" in each else default
    return found


def _measurements(plugin: str, settings: dict[str, Any]) -> tuple[str, ...]:
    if plugin == "docker":
        return "docker_swarm", "docker_container_status", "docker_container_mem", "docker_container_cpu"
    if plugin == "file":
        return "backup", "backup_bucket"
    if plugin == "http_listener_v2":
        return ("deploy",)
    if plugin == "internal":
        return ("internal_write",)
    if plugin == "postgresql_extensible":
        return tuple(query["measurement"] for query in settings["query"])
    return (settings.get("name_override", plugin),)


@cache
def _telegraf(environment: str) -> dict[str, Any]:
    config = tomllib.loads(text_at(declared(environment), "telegraf", "/etc/telegraf/telegraf.conf"))
    redis = tomllib.loads(text_at(declared(environment), "telegraf", "/etc/telegraf/telegraf.d/redis.conf"))
    config["inputs"] |= redis["inputs"]
    return config
