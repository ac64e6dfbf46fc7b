"""Questions to InfluxDB, asked from inside the platform with the account that Grafana has."""

from __future__ import annotations

import json
from typing import Any

from layers.data.influxdb import PLATFORM_BUCKET
from ops.errors import OpsError
from ops.swarm.containers import Tasks

KEEPER = "influxdb-keeper"
"""Its task has curl, and the password of an account that may only read."""

ACCOUNT = "grafana"

_SCRIPT = f"""
{{ sed -n 's/.*"password": *"\\([^"]*\\)".*/user = "{ACCOUNT}:\\1"/p' /run/secrets/influxdb-user-{ACCOUNT}; echo; cat; }} |
exec curl --silent --show-error --fail --max-time 30 --config -
"""
"""The password goes from its file into curl's input: no argument, variable or file has it."""


def ask(tasks: Tasks, *questions: str) -> list[list[dict[str, Any]]]:
    """The series that answer each question, in InfluxQL.

    Raises:
        OpsError: InfluxDB was not asked, or does not answer.
    """
    container = tasks.container(KEEPER)
    if container is None:
        raise OpsError(f"no task of {KEEPER} runs on a node that can be reached")
    words = "; ".join(" ".join(each.split()) for each in questions).replace("\\", "\\\\").replace('"', '\\"')
    config = f'url = "http://influxdb:8086/query?db={PLATFORM_BUCKET}"\ndata-urlencode = "q={words}"\n'
    done = tasks.run_with_input(container, config, "/bin/sh", "-c", _SCRIPT)
    if done.code:
        raise OpsError(f"InfluxDB does not answer: {done.output.strip() or f'exit code {done.code}'}")
    try:
        results = json.loads(done.output)["results"]
    except (ValueError, KeyError, TypeError):
        raise OpsError("InfluxDB's answer is none: a stand-in may run in its place") from None
    for each in results:
        if "error" in each:
            raise OpsError(f"InfluxDB refuses the question: {each['error']}")
    return [list(each.get("series", [])) for each in results]
