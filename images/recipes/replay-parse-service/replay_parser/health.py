"""What is known of each dependency, on the log and on :3015/healthz."""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PORT = 3015
SERVICE = "replay-parse-service"

PEER_GRACE_SECONDS = 180.0
"""How long it may be well without its peers: services need each other's queues, and somebody is first."""

_log = logging.getLogger(__name__)


class Health:
    """State of the dependencies by name; each change is one line on the log."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._dependencies: dict[str, dict[str, Any]] = {}
        self._peers: set[str] = set()
        self._started = time.monotonic()

    def expect(self, name: str, target: str, *, peer: bool = False) -> None:
        """Announce a dependency; it counts as failing until the first success. A peer has time to come."""
        if peer:
            self._peers.add(name)
        self._dependencies[name] = {"ok": False, "target": target, "error": "not tried yet", "since": _now()}

    def passed(self, name: str) -> None:
        """The dependency was used and worked."""
        self._update(name, True, None)

    def failed(self, name: str, error: BaseException) -> None:
        """The dependency was used and did not work."""
        self._update(name, False, describe(error))

    def _update(self, name: str, ok: bool, error: str | None) -> None:
        with self._lock:
            if ok:
                self._peers.discard(name)
            entry = self._dependencies[name]
            changed = (entry["ok"], entry.get("error")) != (ok, error)
            since = _now() if entry["ok"] != ok else entry["since"]
            fresh = {"ok": ok, "target": entry["target"], "error": error, "since": since, "checked": _now()}
            self._dependencies[name] = {key: value for key, value in fresh.items() if value is not None}
        if changed:
            state = "ok" if ok else "failed"
            tail = "" if ok else f": {error}"
            _log.log(
                logging.INFO if ok else logging.ERROR,
                "dependency %s %s (%s)%s",
                name,
                state,
                entry["target"],
                tail,
            )

    def report(self) -> tuple[bool, dict[str, Any]]:
        """Whether all are well, and the body of /healthz."""
        with self._lock:
            dependencies = dict(self._dependencies)
            waited_for = set(self._peers) if time.monotonic() - self._started < PEER_GRACE_SECONDS else set()
        ok = all(entry["ok"] or name in waited_for for name, entry in dependencies.items())
        status = "ok" if ok else "error"
        return ok, {"status": status, "service": SERVICE, "standIn": True, "dependencies": dependencies}

    def serve(self) -> None:
        """Answer on port 3015 for as long as the process lives."""
        health = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path != "/healthz":
                    self.send_error(404)
                    return
                ok, report = health.report()
                body = json.dumps(report).encode() + b"\n"
                self.send_response(200 if ok else 503)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """No access log: health checks would fill it."""

        ThreadingHTTPServer(("0.0.0.0", PORT), Handler).serve_forever()


def describe(error: BaseException) -> str:
    """One line for a human, passwords inside URLs taken out."""
    text = re.sub(r"\s+", " ", f"{type(error).__name__}: {error}").strip()
    return re.sub(r"://[^/@\s]*@", "://***@", text)[:400]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
