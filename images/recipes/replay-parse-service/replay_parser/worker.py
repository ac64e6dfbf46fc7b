"""The Celery application: its configuration, the task, and the watcher beside it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import celery
from celery.signals import celeryd_after_setup
from kombu import Connection, Producer

from replay_parser import settings as lookup
from replay_parser.health import SERVICE
from replay_parser.objects import Bucket

PARSER_VERSION = "4"


def _read() -> lookup.Settings:
    print(f"stand-in for ghcr.io/sprocketbot/{SERVICE}", flush=True)
    try:
        return lookup.read()
    except lookup.Unusable as error:
        print(f"{SERVICE} does not start; missing or unreadable:", file=sys.stderr)
        for line in str(error).splitlines():
            print(f"  {line}", file=sys.stderr)
        raise SystemExit(1) from None


settings = _read()
app = celery.Celery(SERVICE)
app.conf.update(
    broker_url=settings.broker_url,
    result_backend=settings.result_backend or None,
    task_default_queue=settings.queue,
)


def _start_watcher(**_: Any) -> None:
    subprocess.Popen([sys.executable, "-m", "replay_parser.watcher"])


def parse_replay(task: Any, **kwargs: Any) -> dict[str, Any]:
    """Fetch a replay, store and return what stands for its parsed form, and report on the way.

    `replayObjectPath` names the object; `progressQueue`, where given, gets a message for each step.
    """
    started = time.monotonic()
    source, progress = str(kwargs["replayObjectPath"]), kwargs.get("progressQueue")
    task_id = task.request.id
    with Connection(settings.broker_url, connect_timeout=5) as connection:
        producer = Producer(connection)

        def tell(status: str, message: str, percent: int, result: dict[str, Any] | None = None) -> None:
            if progress:
                state = {"value": percent, "message": message}
                text = {
                    "taskId": task_id,
                    "status": status,
                    "progress": state,
                    "result": result,
                    "error": None,
                }
                producer.publish(json.dumps(text), routing_key=progress)

        tell("Pending", "Fetching replay...", 20)
        result = _parse(source)
        tell("Complete", "Done!", 100, result)
        milliseconds = int((time.monotonic() - started) * 1000)
        producer.publish(_analytics(task_id, source, milliseconds), routing_key=settings.analytics_queue)
    return result


def _analytics(task_id: str, source: str, milliseconds: int) -> str:
    """A point for server-analytics-service, in the form of a NestJS message."""
    tags = [["taskId", task_id], ["hash", Path(source).stem], ["success", "true"], ["parser", "stand-in"]]
    point = {
        "name": "parseReplay",
        "tags": tags,
        "booleans": [["success", True]],
        "ints": [["totalMs", milliseconds]],
    }
    return json.dumps({"pattern": "analytics", "data": point})


def _parse(source: str) -> dict[str, Any]:
    bucket = Bucket(settings)
    local = Path(settings.temporary) / f"{os.getpid()}-{Path(source).name}"
    try:
        bucket.fetch(source, str(local))
        content = local.read_bytes()
    finally:
        local.unlink(missing_ok=True)
    output = f"{settings.parsed_prefix}/v{PARSER_VERSION}/{Path(source).stem}.json"
    data = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    result = {"parser": "stand-in", "parserVersion": PARSER_VERSION, "outputPath": output, "data": data}
    bucket.put(output, result)
    return result


celeryd_after_setup.connect(_start_watcher, weak=False)
app.task(name="parseReplay", bind=True)(parse_replay)
