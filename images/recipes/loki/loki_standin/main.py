"""Start: `-config.file=`, or the health check `-health`."""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
import time
from pathlib import Path

from standin.http_client import Unreachable, fetch
from standin.http_server import listen
from standin.log import Refusal, announce, log, refuse
from standin.stop import exit_on_signals
from standin.yaml_file import parse_mapping, read_text

from loki_standin.config import Config, build
from loki_standin.server import LokiServer
from loki_standin.store import Store

IMAGE = "grafana/loki:3.7.6"
COMPACTION_SECONDS = 600
"""How often old lines are deleted (the real compactor's default interval)."""


def main() -> None:
    """Run until SIGTERM, or answer the health check."""
    arguments = _arguments(sys.argv[1:])
    if "health" in arguments:
        _health(arguments.get("health.url") or "http://localhost:3100/ready")
    exit_on_signals()
    announce(IMAGE, "pushes, queries for lines and retention on SQLite")
    try:
        config = _config(arguments)
        store = _store(config)
    except Refusal as error:
        refuse(str(error))
    if config.retention:
        threading.Thread(target=_retain, args=(store, config.retention), daemon=True).start()
    else:
        log(
            "warn",
            "retention is off (compactor.retention_enabled, limits_config.retention_period): the disk fills",
        )
    server = listen(config.port, LokiServer(config, store))
    log("info", f"listening on :{server.port}, lines kept {config.retention:.0f} s")
    server.serve_forever()


def _arguments(words: list[str]) -> dict[str, str]:
    known = ("config.file", "config.expand-env", "health", "health.url")
    found: dict[str, str] = {}
    for word in words:
        name, _, value = word.lstrip("-").partition("=")
        if not word.startswith("-") or name not in known:
            refuse(f"flag {word!r}: this stand-in knows -{', -'.join(known)}, each with = and a value")
        found[name] = value
    return found


def _config(arguments: dict[str, str]) -> Config:
    path = arguments.get("config.file") or "/etc/loki/local-config.yaml"
    text = read_text(Path(path), "the configuration")
    if arguments.get("config.expand-env") == "true":
        text = os.path.expandvars(text)
    return build(parse_mapping(text, path), path)


def _store(config: Config) -> Store:
    folder = Path(config.folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return Store(folder / "standin.sqlite")
    except (OSError, sqlite3.Error) as error:
        raise Refusal(f"{folder}: {error}; it must be writable for uid {os.getuid()}") from error


def _retain(store: Store, seconds: float) -> None:
    while True:
        log("info", f"retention: {store.forget(seconds)} lines deleted")
        time.sleep(COMPACTION_SECONDS)


def _health(url: str) -> None:
    try:
        answer = fetch("GET", url)
    except Unreachable as error:
        print(f"health check failed: {error}")
        raise SystemExit(1) from None
    print(answer.text())
    raise SystemExit(0 if answer.status == 200 else 1)
