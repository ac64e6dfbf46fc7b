"""Containers and services, through a Docker API at `tcp://host:port` or `unix:///path`."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from standin.http_client import Unreachable, fetch

from telegraf_standin.config import Plugin
from telegraf_standin.metric import GatherError, Metric, Value
from telegraf_standin.service_inputs import TIMEOUT_SECONDS


def docker(plugin: Plugin) -> list[Metric]:
    """Counts of the engine, tasks of each service, and memory, CPU and state of each running container."""
    address = plugin.text("endpoint", "unix:///var/run/docker.sock")
    info = _json(address, "/info")
    counts: dict[str, Value] = {
        "n_containers": int(info.get("Containers", 0)),
        "n_containers_running": int(info.get("ContainersRunning", 0)),
        "n_images": int(info.get("Images", 0)),
    }
    metrics = [Metric("docker", counts, {"engine_host": str(info.get("Name", ""))})]
    if plugin.text("gather_services").lower() == "true":
        metrics += _services(address)
    if "*" in plugin.texts("container_name_exclude"):
        return metrics
    for container in _json(address, "/containers/json"):
        metrics += _container(address, container, plugin.texts("docker_label_include"))
    return metrics


def _services(address: str) -> list[Metric]:
    running: dict[str, int] = {}
    for task in _json(address, "/tasks"):
        if task["Status"]["State"] == "running":
            running[task["ServiceID"]] = running.get(task["ServiceID"], 0) + 1
    metrics = []
    for service in _json(address, "/services"):
        replicated = service["Spec"]["Mode"].get("Replicated")
        if replicated is not None:
            fields: dict[str, Value] = {
                "tasks_running": running.get(service["ID"], 0),
                "tasks_desired": int(replicated["Replicas"]),
            }
            tags = {
                "service_id": service["ID"],
                "service_name": service["Spec"]["Name"],
                "service_mode": "replicated",
            }
            metrics.append(Metric("docker_swarm", fields, tags))
    return metrics


def _container(address: str, container: dict[str, Any], labels: list[str]) -> list[Metric]:
    ident = str(container["Id"])
    tags = {k: str(v) for k, v in (container.get("Labels") or {}).items() if k in labels}
    tags["container_name"] = str((container.get("Names") or [""])[0]).lstrip("/")
    stats = _json(address, f"/containers/{ident}/stats?stream=false&one-shot=true")
    memory, cpu = stats.get("memory_stats", {}), stats.get("cpu_stats", {}).get("cpu_usage", {})
    used = int(memory.get("usage", 0)) - int(memory.get("stats", {}).get("total_inactive_file", 0))
    limit = int(memory.get("limit", 0))
    state = _json(address, f"/containers/{ident}/json")
    started = datetime.fromisoformat(str(state["State"]["StartedAt"])[:19] + "+00:00").timestamp()
    of_memory: dict[str, Value] = {
        "usage": used,
        "limit": limit,
        "usage_percent": 100 * used / limit if limit else 0.0,
        "container_id": ident,
    }
    of_state: dict[str, Value] = {
        "uptime_ns": int((time.time() - started) * 1e9),
        "restart_count": int(state.get("RestartCount", 0)),
        "container_id": ident,
    }
    of_cpu: dict[str, Value] = {"usage_total": int(cpu.get("total_usage", 0)), "container_id": ident}
    return [
        Metric("docker_container_mem", of_memory, dict(tags)),
        Metric("docker_container_cpu", of_cpu, {**tags, "cpu": "cpu-total"}),
        Metric("docker_container_status", of_state, dict(tags)),
    ]


def _json(address: str, path: str) -> Any:
    parts = urlsplit(address)
    if parts.scheme not in ("tcp", "http", "unix"):
        raise GatherError(f"endpoint {address}: tcp:// or unix:// is expected")
    place = f"{address}{path.partition('?')[0]}"
    unix = parts.path if parts.scheme == "unix" else ""
    try:
        url = f"http://{'docker' if unix else parts.netloc}{path}"
        answer = fetch("GET", url, timeout=TIMEOUT_SECONDS, unix=unix)
    except Unreachable as error:
        raise GatherError(f"{place}: {error}") from error
    if answer.status != 200:
        raise GatherError(f"{place}: {answer.status}: {answer.text()}")
    try:
        return json.loads(answer.body)
    except ValueError as error:
        raise GatherError(f"{place}: not JSON") from error
