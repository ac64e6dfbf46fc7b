"""Inputs that read the host.

HOST_PROC and HOST_MOUNT_PREFIX lead to the host's files, as in the real program.
"""

from __future__ import annotations

import os
from pathlib import Path

from telegraf_standin.config import Plugin
from telegraf_standin.metric import GatherError, Metric, Value


def cpu(plugin: Plugin) -> list[Metric]:
    """Ticks since boot; the real plugin writes shares of time."""
    words = _proc("stat").splitlines()[0].split()[1:]
    names = ("time_user", "time_nice", "time_system", "time_idle", "time_iowait")
    return [Metric("cpu", dict(zip(names, map(int, words), strict=False)), {"cpu": "cpu-total"})]


def mem(plugin: Plugin) -> list[Metric]:
    """Bytes of memory."""
    values = _memory()
    total, free = values["MemTotal"], values["MemAvailable"]
    fields: dict[str, Value] = {"total": total, "available": free, "used": total - free}
    fields["used_percent"] = 100 * (total - free) / total
    return [Metric("mem", fields)]


def swap(plugin: Plugin) -> list[Metric]:
    """Bytes of swap."""
    values = _memory()
    return [Metric("swap", {"total": values["SwapTotal"], "free": values["SwapFree"]})]


def system(plugin: Plugin) -> list[Metric]:
    """Load and uptime in seconds."""
    load1, load5, load15 = (float(word) for word in _proc("loadavg").split()[:3])
    uptime = int(float(_proc("uptime").split()[0]))
    fields: dict[str, Value] = {"load1": load1, "load5": load5, "load15": load15, "uptime": uptime}
    return [Metric("system", {**fields, "n_cpus": os.cpu_count() or 1})]


def disk(plugin: Plugin) -> list[Metric]:
    """Bytes of each mount point of `mount_points`, else of the root."""
    prefix = os.environ.get("HOST_MOUNT_PREFIX", "")
    metrics = []
    for point in plugin.texts("mount_points") or ["/"]:
        try:
            stat = os.statvfs(f"{prefix}{point}")
        except OSError as error:
            raise GatherError(f"disk {prefix}{point}: {error.strerror}") from error
        total, free = stat.f_blocks * stat.f_frsize, stat.f_bavail * stat.f_frsize
        fields: dict[str, Value] = {
            "total": total,
            "free": free,
            "used": total - stat.f_bfree * stat.f_frsize,
        }
        fields["used_percent"] = 100 * (total - free) / total if total else 0.0
        metrics.append(Metric("disk", fields, {"path": point}))
    return metrics


def net(plugin: Plugin) -> list[Metric]:
    """Bytes of each network interface."""
    metrics = []
    for line in _proc("1/net/dev" if os.environ.get("HOST_PROC") else "net/dev").splitlines()[2:]:
        name, _, rest = line.partition(":")
        words = rest.split()
        if name.strip() != "lo":
            fields: dict[str, Value] = {"bytes_recv": int(words[0]), "bytes_sent": int(words[8])}
            metrics.append(Metric("net", fields, {"interface": name.strip()}))
    return metrics


def _memory() -> dict[str, int]:
    lines = (line.split() for line in _proc("meminfo").splitlines())
    return {words[0].rstrip(":"): int(words[1]) * 1024 for words in lines}


def _proc(name: str) -> str:
    path = Path(os.environ.get("HOST_PROC") or "/proc") / name
    try:
        return path.read_text()
    except OSError as error:
        raise GatherError(f"{path}: {error.strerror}") from error
