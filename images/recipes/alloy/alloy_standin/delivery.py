"""From a line to Loki: relabelling, stages, batches, retries."""

from __future__ import annotations

import json
import threading
import time
from collections import deque

from standin.http_client import Unreachable, fetch
from standin.log import log

from alloy_standin import relabel
from alloy_standin.plan import Step
from alloy_standin.stages import run

MOST_WAITING = 10_000
"""Lines kept while Loki is away; then the oldest are dropped."""

BATCH_LINES = 500
BATCH_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0


class Delivery:
    """A queue and one sending thread."""

    def __init__(self, steps: list[Step], url: str) -> None:
        self._steps = steps
        self._url = url
        self._waiting: deque[tuple[relabel.Labels, int, str]] = deque(maxlen=MOST_WAITING)
        self._lock = threading.Lock()
        self.sent = 0
        self.dropped = 0

    def add(self, labels: relabel.Labels, when: int, line: str) -> None:
        """Relabel, process and queue one line."""
        entry = self._processed(labels, line)
        if entry is None:
            return
        with self._lock:
            self.dropped += len(self._waiting) == MOST_WAITING
            self._waiting.append((entry[0], when, entry[1]))

    def _processed(self, labels: relabel.Labels, line: str) -> tuple[relabel.Labels, str] | None:
        current: tuple[relabel.Labels, str] = (labels, line)
        for step in self._steps:
            changed = relabel.apply(list(step.rules), current[0])
            entry = None if changed is None else run(list(step.stages), (changed, current[1]))
            if entry is None:
                return None
            current = entry
        return current

    def run(self) -> None:
        """Send what waits, for ever."""
        pause = BATCH_SECONDS
        while True:
            time.sleep(pause)
            failed = not self.send()
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS) if failed else BATCH_SECONDS

    def send(self) -> bool:
        """Send all that waits in batches; False when Loki has to be asked again."""
        while True:
            with self._lock:
                batch = [self._waiting.popleft() for _ in range(min(BATCH_LINES, len(self._waiting)))]
            if not batch:
                return True
            if not self._push(batch):
                with self._lock:
                    self._waiting.extendleft(reversed(batch))
                return False

    def _push(self, batch: list[tuple[relabel.Labels, int, str]]) -> bool:
        streams: dict[str, dict[str, object]] = {}
        values: dict[str, list[list[str]]] = {}
        for labels, when, line in batch:
            key = json.dumps(labels, sort_keys=True)
            values.setdefault(key, []).append([str(when), line])
            streams[key] = {"stream": labels, "values": values[key]}
        body = json.dumps({"streams": list(streams.values())}).encode()
        try:
            answer = fetch(
                "POST", self._url, headers={"Content-Type": "application/json"}, body=body, timeout=10
            )
        except Unreachable as error:
            log("error", f"loki.write: {error}")
            return False
        if answer.status == 429 or answer.status >= 500:
            log("error", f"loki.write: Loki answered {answer.status}: {answer.text()}")
            return False
        if answer.status >= 300:
            self.dropped += len(batch)
            log("error", f"loki.write: some of {len(batch)} lines dropped: {answer.status}: {answer.text()}")
            return True
        self.sent += len(batch)
        return True
