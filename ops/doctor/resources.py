"""What each service may use, what is reserved for it, and what it uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import docker.errors
import requests

from ops.doctor import metrics
from ops.doctor.facts import Facts
from ops.errors import OpsError
from ops.model.inventory import LAYERS
from ops.nodes.engines import engines
from ops.swarm.containers import SERVICE
from ops.terminal.amounts import size
from ops.terminal.columns import columns
from ops.terminal.screen import Say
from ops.terraform.target import Targets

LEAST = 1.25
"""A limit below this times the peak has no room for a busier day: a task that reaches its limit of memory is ended."""

MOST = 4.0
"""A limit above this times the peak says nothing about the service, and hides a leak for long."""

AT_ONCE = 8
"""Containers that an engine is asked about at the same time; each answer takes it a second."""

_UNKNOWN = "-"

MEMORY = """
SELECT last("usage") AS "now", percentile("usage", 50) AS "steady", max("usage") AS "peak"
FROM "docker_container_mem" WHERE {window} GROUP BY "service"
"""
CORES = """
SELECT last("cores") AS "now", percentile("cores", 50) AS "steady", max("cores") AS "peak" FROM (
  SELECT non_negative_derivative(max("usage_total"), 1s) / 1000000000 AS "cores"
  FROM "docker_container_cpu" WHERE "cpu" = 'cpu-total' AND {window}
  GROUP BY time(1m), "service", "container_name"
) GROUP BY "service"
"""


@dataclass(frozen=True, kw_only=True)
class Use:
    """Of one task, the one that uses most where there are several; none is not known.

    Args:
        steady: the median.
        peak: the most that was seen. What lasts less than Telegraf's interval may be missed.
    """

    now: float | None = None
    steady: float | None = None
    peak: float | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One service; memory in bytes and processors in cores, of each task. 0 is not declared."""

    layer: str
    service: str
    memory_limit: int
    memory_reservation: int
    memory: Use
    cores_limit: float
    cores_reservation: float
    cores: Use

    @property
    def ratio(self) -> float | None:
        """Its limit of memory over the peak."""
        return self.memory_limit / self.memory.peak if self.memory_limit and self.memory.peak else None

    @property
    def mark(self) -> str:
        """``low`` or ``high`` where the limit of memory does not fit the peak; else empty."""
        if self.ratio is None:
            return ""
        return "low" if self.ratio < LEAST else "high" if self.ratio > MOST else ""


@dataclass(frozen=True, kw_only=True)
class ResourceTable:
    """All services of an environment.

    Args:
        window_s: the time that steady and peak are of.
        source: who measured.
        problem: why only the present is known; empty where the past is, too.
    """

    environment: str
    window_s: int
    source: str
    rows: tuple[Row, ...]
    problem: str = ""

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        rows = [{**asdict(each), "ratio": each.ratio, "mark": each.mark} for each in self.rows]
        return {
            "environment": self.environment,
            "window_s": self.window_s,
            "source": self.source,
            "problem": self.problem,
            "services": rows,
        }

    def lines(self) -> Iterator[str]:
        """For people."""
        heads = ("layer", "service", "memory now", "steady", "peak", "reserved", "limit", "limit/peak", "cores now", "steady", "peak",
                 "reserved", "limit", "")  # fmt: skip
        yield from columns([heads, *map(_cells, self.rows)])
        yield ""
        yield f"of each task, measured by {self.source}"
        unmeasured = [each.service for each in self.rows if each.memory.now is None]
        if unmeasured:
            some = ", ".join(unmeasured) if len(unmeasured) < len(self.rows) else ""
            yield f"memory is not measured: {some or 'of no service; see whether docker stats shows it'}"
        if self.problem:
            yield f"steady and peak are not known: {self.problem}"
        for mark, what in (("low", f"below {LEAST:g}"), ("high", f"above {MOST:g}")):
            if names := [each.service for each in self.rows if each.mark == mark]:
                yield f"memory limit {what} x peak: {', '.join(names)}"


def _cells(row: Row) -> Sequence[str]:
    memory, cores = row.memory, row.cores
    return (
        row.layer,
        row.service,
        *(_UNKNOWN if each is None else size(each) for each in (memory.now, memory.steady, memory.peak)),
        *(size(each) if each else _UNKNOWN for each in (row.memory_reservation, row.memory_limit)),
        _UNKNOWN if row.ratio is None else f"{row.ratio:.1f}",
        *(_UNKNOWN if each is None else f"{each:.2f}" for each in (cores.now, cores.steady, cores.peak)),
        *(f"{each:g}" if each else _UNKNOWN for each in (row.cores_reservation, row.cores_limit)),
        row.mark,
    )


def resources_of(targets: Targets, *, window_s: int, say: Say) -> ResourceTable:
    """Asks InfluxDB what the services of an environment used; where it does not answer, the engines what they use now.

    Raises:
        OpsError: the manager's engine does not answer.
    """
    say(f"connecting to the engine of {targets.name}")
    with engines(targets.services) as found:
        facts = Facts(targets=targets, engines=found)
        say("asking InfluxDB")
        source, problem, window = "Telegraf", "", f"time > now() - {window_s}s"
        try:
            memory, cores = (
                uses_in(series)
                for series in metrics.ask(
                    facts.tasks, *(each.format(window=window) for each in (MEMORY, CORES))
                )
            )
            if not memory:
                raise OpsError("it has no measurement of this time")
        except OpsError as error:
            say("asking the engines, which takes some seconds")
            source, problem = "the engines", error.problem
            memory, cores = _now(facts)
        return ResourceTable(
            environment=targets.name,
            window_s=window_s,
            source=source,
            rows=tuple(_rows(facts, memory, cores)),
            problem=problem,
        )


def uses_in(series: Sequence[Mapping[str, Any]]) -> dict[str, Use]:
    """By service what InfluxDB's answer says."""
    found: dict[str, Use] = {}
    for each in series:
        name = (each.get("tags") or {}).get("service")
        if name and each.get("values"):
            values = dict(zip(each["columns"], each["values"][-1], strict=True))
            found[name] = Use(**{key: values.get(key) for key in ("now", "steady", "peak")})
    return found


def _rows(facts: Facts, memory: Mapping[str, Use], cores: Mapping[str, Use]) -> Iterator[Row]:
    order = {layer: number for number, layer in enumerate(LAYERS)}
    for service in sorted(
        facts.declared.values(), key=lambda each: (order.get(each.layer, len(order)), each.name)
    ):
        yield Row(
            layer=service.layer,
            service=service.name,
            memory_limit=service.limits.memory_bytes,
            memory_reservation=service.reservation.memory_bytes,
            memory=memory.get(service.name, Use()),
            cores_limit=service.limits.nano_cpus / 1e9,
            cores_reservation=service.reservation.nano_cpus / 1e9,
            cores=cores.get(service.name, Use()),
        )


def _now(facts: Facts) -> tuple[dict[str, Use], dict[str, Use]]:
    memory: dict[str, Use] = {}
    cores: dict[str, Use] = {}
    for engine in facts.engines:
        running = engine.api.containers(filters={"label": SERVICE, "status": "running"})
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(lambda raw, api=engine.api: _stats(api, raw["Id"]), running))
        for raw, stats in zip(running, answers, strict=True):
            name = raw["Labels"][SERVICE]
            for uses, value in ((memory, memory_in(stats)), (cores, cores_in(stats))):
                before = uses.get(name, Use()).now
                if value is not None and (before is None or value > before):
                    uses[name] = Use(now=value)
    return memory, cores


def _stats(api: Any, container: str) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = api.stats(container, stream=False)
    except (docker.errors.APIError, requests.RequestException):
        # It has ended in between.
        return {}
    return found


def memory_in(stats: Mapping[str, Any]) -> float | None:
    """Bytes without the files that the kernel caches and can drop, as ``docker stats`` counts (docker/cli, calculateMemUsageUnixNoCache)."""
    memory = stats.get("memory_stats") or {}
    if "usage" not in memory:
        return None
    detail = memory.get("stats") or {}
    cached = detail.get("total_inactive_file", detail.get("inactive_file", 0))
    return float(memory["usage"] - cached if cached < memory["usage"] else memory["usage"])


def cores_in(stats: Mapping[str, Any]) -> float | None:
    """Cores in the second between the engine's two looks."""
    now, before = stats.get("cpu_stats") or {}, stats.get("precpu_stats") or {}
    try:
        used = now["cpu_usage"]["total_usage"] - before["cpu_usage"]["total_usage"]
        passed = now["system_cpu_usage"] - before["system_cpu_usage"]
    except KeyError:
        return None
    return float(used / passed * now.get("online_cpus", 1)) if passed > 0 else None
