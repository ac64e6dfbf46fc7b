"""The real Alloy and the real Loki on the running platform: the last lines of a task that is gone."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import docker
import docker.types
import pytest

from tests.live.local_platform import LocalPlatform

pytestmark = [pytest.mark.live, pytest.mark.proof]
WAIT_S = 90.0
REASON = "the reason why this task ends"


@pytest.fixture
def crash_loop(platform: LocalPlatform) -> Iterator[str]:
    """A service whose tasks say why and end after a second, as one with a wrong setting does."""
    for name, shown in (("loki", "loki -version"), ("alloy", "alloy --version")):
        said = platform.tasks.run(platform.container(name), *shown.split())
        if said.code != 0 or "version" not in said.output:
            pytest.skip(f"needs the real {name}, and the platform runs a stand-in")
    name = f"probe-{time.time_ns()}"
    client: Any = docker.from_env()
    image = client.containers.get(platform.container("telegraf")).attrs["Config"]["Image"]
    service = client.services.create(
        image,
        command=["/bin/sh", "-c", f"sleep 1; echo {REASON}; exit 3"],
        name=name,
        restart_policy=docker.types.RestartPolicy(condition="any", delay=5 * 10**9),
        networks=["loki-net"],
        endpoint_spec=docker.types.EndpointSpec(mode="dnsrr"),
    )
    try:
        yield name
    finally:
        service.remove()
        client.close()


def test_the_last_line_of_a_task_that_ended_is_found(platform: LocalPlatform, crash_loop: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while not (found := lines(platform, crash_loop)):
        assert time.monotonic() < deadline, "the line never reached Loki"
        time.sleep(3)
    assert set(found) == {REASON}


def lines(platform: LocalPlatform, service: str) -> list[str]:
    """Lines of a service of the last quarter of an hour."""
    since = time.time_ns() - 900 * 10**9
    query = f'query={{service="{service}"}}'
    asked = (
        f"curl -fsS -G --max-time 20 --data-urlencode '{query}' --data-urlencode start={since} "
        "http://loki:3100/loki/api/v1/query_range"
    )
    answer: dict[str, Any] = json.loads(platform.sh("telegraf", asked))
    return [line for stream in answer["data"]["result"] for _, line in stream["values"]]
