"""Following every container, from where the last run stopped."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from standin.log import log

from alloy_standin import relabel
from alloy_standin.docker_api import Docker, DockerError
from alloy_standin.plan import Plan

Deliver = Callable[[relabel.Labels, int, str], None]
RETRY_SECONDS = 5.0
SAVE_SECONDS = 5.0
_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z")


class Positions:
    """The time of the last line read of each container, kept in a file."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "positions.json"
        self._lock = threading.Lock()
        try:
            self._seen: dict[str, int] = json.loads(self._file.read_text())
        except (OSError, ValueError):
            self._seen = {}

    def known(self) -> list[str]:
        """The containers with a position."""
        with self._lock:
            return list(self._seen)

    def get(self, ident: str) -> int:
        """Nanoseconds since 1970, 0 for a container not seen before."""
        with self._lock:
            return self._seen.get(ident, 0)

    def put(self, ident: str, when: int) -> None:
        """Remember the line's time."""
        with self._lock:
            self._seen[ident] = when

    def save(self, running: set[str]) -> None:
        """Write the file; containers that are gone are forgotten."""
        with self._lock:
            self._seen = {ident: when for ident, when in self._seen.items() if ident in running}
            text = json.dumps(self._seen)
        fresh = self._file.with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(self._file)


class Tailer:
    """Starts one thread per container and restarts it when the log ends."""

    def __init__(self, plan: Plan, positions: Positions, deliver: Deliver) -> None:
        self._plan = plan
        self._docker = Docker(plan.docker)
        self._positions = positions
        self._deliver = deliver
        self._threads: dict[str, threading.Thread] = {}
        self.problem = ""
        """Why containers cannot be listed at the moment, empty when they can."""

    def run(self) -> None:
        """List containers again and again, for ever."""
        while True:
            self.refresh()
            time.sleep(min(self._plan.refresh, SAVE_SECONDS))

    def refresh(self) -> None:
        """Start a thread for each container that has none."""
        try:
            containers = self._docker.containers()
        except DockerError as error:
            if str(error) != self.problem:
                log("error", f"discovery.docker: {error}")
            self.problem = str(error)
            return
        self.problem = ""
        for container in containers:
            ident = str(container["Id"])
            labels = relabel.apply(self._plan.target_rules, meta_labels(container))
            thread = self._threads.get(ident)
            if labels is None or (thread is not None and thread.is_alive()):
                continue
            shown = {k: v for k, v in labels.items() if not k.startswith("__")} | self._plan.static_labels
            self._threads[ident] = threading.Thread(target=self._follow, args=(ident, shown), daemon=True)
            self._threads[ident].start()
        running = {str(container["Id"]) for container in containers}
        self._threads = {ident: t for ident, t in self._threads.items() if ident in running or t.is_alive()}
        self._positions.save(running)

    def _follow(self, ident: str, labels: relabel.Labels) -> None:
        try:
            raw = self._docker.has_terminal(ident)
            last = self._positions.get(ident)
            since = f"{last // 10**9}.{last % 10**9:09d}" if last else "0"
            for line in self._docker.follow(ident, since, raw=raw):
                stamp, _, text = line.partition(" ")
                when = nanoseconds(stamp)
                if when is None or when <= last:
                    continue
                self._deliver(labels, when, text)
                self._positions.put(ident, when)
        except DockerError as error:
            log("warn", f"loki.source.docker: {error}")
            time.sleep(RETRY_SECONDS)


def meta_labels(container: dict[str, Any]) -> relabel.Labels:
    """What discovery.docker knows of a container, under the names that relabelling rules use."""
    labels = {
        "__meta_docker_container_id": str(container["Id"]),
        "__meta_docker_container_name": str((container.get("Names") or [""])[0]),
        "__meta_docker_network_name": next(
            iter(container.get("NetworkSettings", {}).get("Networks") or {}), ""
        ),
    }
    for name, value in (container.get("Labels") or {}).items():
        labels[f"__meta_docker_container_label_{re.sub(r'[^A-Za-z0-9_]', '_', name)}"] = str(value)
    return labels


def nanoseconds(stamp: str) -> int | None:
    """Nanoseconds since 1970 of a log line's timestamp, None where it is none."""
    match = _TIMESTAMP.fullmatch(stamp)
    if match is None:
        return None
    seconds = int(datetime.fromisoformat(f"{match[1]}+00:00").timestamp())
    return seconds * 10**9 + int((match[2] or "0").ljust(9, "0"))
