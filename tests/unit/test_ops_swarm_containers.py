"""Tasks on several nodes: each is looked into on its own engine."""

from __future__ import annotations

from typing import Any

from ops.swarm.containers import SERVICE, Tasks
from ops.swarm.engine import Swarm


class Engine:
    """Containers by service, with the second in which each was made."""

    def __init__(self, name: str, **containers: int) -> None:
        self.name = name
        self._containers = containers

    def containers(self, filters: dict[str, str]) -> list[dict[str, Any]]:
        service = filters["label"].removeprefix(f"{SERVICE}=")
        made = self._containers.get(service)
        return [] if made is None else [{"Id": f"{service}-on-{self.name}", "Created": made}]

    def exec_create(self, container: str, words: list[str]) -> dict[str, str]:
        return {"Id": container}

    def exec_start(self, id_: str) -> bytes:
        return f"{id_} by {self.name}".encode()

    def exec_inspect(self, id_: str) -> dict[str, int]:
        return {"ExitCode": 0}


def swarm(engine: Engine) -> Swarm:
    fake: Any = engine
    return Swarm(fake)


def test_a_task_is_found_and_entered_where_it_runs() -> None:
    tasks = Tasks(swarm(Engine("one", redis=1, web=5)), swarm(Engine("two", web=9, grafana=2)))
    assert tasks.container("redis") == "redis-on-one"
    assert tasks.container("web") == "web-on-two", "the newest of all nodes"
    assert tasks.container("loki") is None
    grafana = tasks.container("grafana")
    assert grafana is not None
    assert tasks.run(grafana, "true").output == "grafana-on-two by two"
    assert tasks.run("redis-on-one", "true").output == "redis-on-one by one"
