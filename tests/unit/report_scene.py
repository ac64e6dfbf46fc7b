"""Reports for the tests of ops.report: the small stack of the fixtures before and after an edit."""

from __future__ import annotations

import copy
from typing import Any

from ops.model.inventory import from_synthesis
from ops.model.offline_plan import from_inventories
from ops.report import text
from ops.report.compare import compare
from ops.report.model import Report, ServiceChange, StackReport
from tests.unit.ops_fixtures import config, service, stack

Document = dict[str, Any]


def compared(before: Document, after: Document, offline: str = "no engine") -> StackReport:
    old, new = from_synthesis(before), from_synthesis(after)
    return compare(
        "local-services", old, new, from_inventories(old, new), compared_with="revision v1", offline=offline
    )


def changes(report: StackReport) -> dict[str, ServiceChange]:
    return {change.name: change for layer in report.layers for change in layer.services}


def rendered(report: StackReport) -> str:
    return text.render(Report(environment="local", stacks=(report,)))


def changed(**resources: Document) -> Document:
    """The stack with some resources replaced: ``docker_service={"web": ...}``."""
    document = copy.deepcopy(stack())
    for type_, group in resources.items():
        document["resource"].setdefault(type_, {}).update(group)
    return document


def web(**values: Any) -> Document:
    """The fixture's web with other settings."""
    known: dict[str, Any] = {
        "name": "web",
        "networks": ("redis_net", "edge"),
        "configs": {"/app/config.yml": "web_conf"},
        "labels": {"traefik.http.routers.web.rule": "Host(`web.example.org`)"},
    }
    return {"web": service("platform/web", **{**known, **values})}


def report_data(report: StackReport) -> Any:
    return Report(environment="local", stacks=(report,)).as_data()


def many(count: int, *, text: str = "a: 1") -> Document:
    """So many services more, each with a file of its own."""
    document = changed()
    for number in range(count):
        name = f"service-{number}"
        document["resource"]["docker_config"][name] = config(
            f"platform/{name}/conf", name=name, text=f"{text}\nb: {number}\n"
        )
        document["resource"]["docker_service"][name] = service(
            f"platform/{name}", name=name, networks=("redis_net",), configs={"/etc/it.yml": name}
        )
    return document


def many_changed(count: int) -> Document:
    """The same with a changed line in each file, and in that of web."""
    document = many(count, text="a: 2")
    web_conf = config("platform/web/conf", name="web-conf", text="a: 2\nb: 2\n")
    document["resource"]["docker_config"]["web_conf"] = web_conf
    return document
