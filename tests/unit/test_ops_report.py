"""The plan report, from small synthesized stacks and from Terraform's own plan."""

from __future__ import annotations

import copy
import json
from typing import Any

from ops.plan import report_of_plan
from ops.report import markdown, text
from ops.report.actions import from_inventories
from ops.report.compare import compare
from ops.report.inventory import Inventory, from_synthesis
from ops.report.model import Action, Report, ServiceChange, StackReport
from tests.unit.ops_fixtures import DIGEST_2, config, network, service, stack

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


def test_all_to_add_word_for_word() -> None:
    assert rendered(compared({}, stack())) == (
        """\
plan of local: local-services, compared with revision v1
offline, not made by Terraform: no engine

8 to add (2 services), 0 to change, 0 to replace, 0 to destroy
+ add  ~ change  ! replace  - destroy; times are estimates: stop grace and start period of one task, at most

ingress
  + network: edge (with a way out)

data
     service  image                 replicas  update      effect
  +  redis    redis 8.2 (11111111)  1         stop-first  new
  + network: redis-net
  + secret: redis-conf
  + volume: sprocket-redis

platform
     service  image               replicas  update       effect
  +  web      app 1.2 (11111111)  1         start-first  new
  web:
    + https://web.example.org (public)
    + /app/config.yml (config web-conf: 2 lines)
  + config: web-conf

secrets
  + password: redis-password

who shares a network with whom
  redis-net  redis, web
"""
    )


def test_nothing_changes() -> None:
    report = compared(stack(), stack())
    assert report.is_empty
    assert "\nno changes\n" in rendered(report)


def test_an_image_bump_names_exactly_the_services_that_use_it() -> None:
    report = compared(stack(), changed(docker_service=web(image=f"example.org/app:1.3@{DIGEST_2}")))
    assert report.images == (("example.org/app 1.2 (11111111) -> 1.3 (22222222)", ("web",)),)
    assert list(changes(report)) == ["web"]
    assert report.counts == {Action.ADD: 0, Action.CHANGE: 1, Action.REPLACE: 0, Action.DESTROY: 0}
    assert (
        "  ~  web      app 1.2 (11111111) -> 1.3 (22222222)  1         start-first  rolls over without a gap"
        in rendered(report)
    )


def test_a_changed_config_is_shown_line_by_line_where_it_is_mounted() -> None:
    after = changed(
        docker_config={"web_conf": config("platform/web/conf", name="web-conf", text="a: 1\nb: 3\n")}
    )
    report = compared(stack(), after)
    assert list(changes(report)) == ["web"]
    assert (
        "    ~ /app/config.yml (config web-conf: +1 -1 lines)\n        @@ -1,2 +1,2 @@\n         a: 1\n        -b: 2\n        +b: 3"
        in rendered(report)
    )
    assert not report.dangers


def test_a_config_that_two_services_read_is_shown_once() -> None:
    two = {**web(), "api": service("platform/api", name="api", configs={"/app/config.yml": "web_conf"})}
    new = config("platform/web/conf", name="web-conf", text="a: 9\n")
    before = changed(docker_service=two)
    shown = rendered(compared(before, changed(docker_service=two, docker_config={"web_conf": new})))
    assert shown.count("+a: 9") == 1
    assert shown.count("(the same lines as above)") == 1


def test_a_changed_secret_template_is_told_by_name_only() -> None:
    after = changed()
    after["locals"]["redis_conf"] = "requirepass ${random_password.redis_password.result}\nport 7777\n"
    report = compared(stack(), after)
    (change,) = changes(report).values()
    assert (change.name, change.action, change.effect) == ("redis", Action.CHANGE, "away up to 70 s")
    assert "    ~ /run/secrets/conf (secret redis-conf: content changes)" in rendered(report)
    assert "7777" not in rendered(report) + json.dumps(report_data(report))


def test_a_new_revision_of_a_generated_secret_changes_the_services_that_read_it() -> None:
    after = changed()
    after["resource"]["random_password"]["redis_password"]["keepers"] = {"revision": "2"}
    report = compared(stack(), after)
    assert list(changes(report)) == ["redis"]
    assert report.dangers == (
        "generated secret redis-password: a new value is made; data that was opened with the old one may not open again",
    )


def test_one_more_network_is_a_replacement_and_comes_first() -> None:
    after = changed(
        docker_service=web(networks=("redis_net", "edge", "egress")),
        docker_network={"egress": network("platform/web/egress", name="web-egress", internal=False)},
    )
    report = compared(stack(), after)
    (change,) = changes(report).values()
    assert (change.action, change.because, change.joins) == (Action.REPLACE, ("networks",), ("web-egress",))
    lines = rendered(report).splitlines()
    danger = (
        "  ! service web is replaced (networks): away up to 70 s (estimate), until the new one is healthy"
    )
    assert lines.index(danger) < lines.index("platform")


def test_a_changed_network_replaces_all_services_on_it() -> None:
    report = compared(
        stack(),
        changed(
            docker_network={"redis_net": network("data/redis/network", name="redis-net", internal=False)}
        ),
    )
    assert {name: change.action for name, change in changes(report).items()} == {
        "redis": Action.REPLACE,
        "web": Action.REPLACE,
    }


def test_a_destroyed_volume_is_the_first_danger() -> None:
    after = changed()
    del after["resource"]["docker_volume"]["redis_data"], after["resource"]["docker_service"]["redis"]
    report = compared(stack(), after)
    assert report.dangers == (
        "volume sprocket-redis is destroyed: its data is lost",
        "service redis is destroyed",
    )


def test_more_replicas_restart_nothing() -> None:
    (change,) = changes(compared(stack(), changed(docker_service=web(replicas=2)))).values()
    assert (change.replicas, change.effect) == ((1, 2), "no task restarts")
    assert text.replicas(change) == "1 -> 2"


def test_a_label_restarts_nothing_and_shows_the_route() -> None:
    labels = {"traefik.http.routers.web.rule": "Host(`www.example.org`)"}
    (change,) = changes(compared(stack(), changed(docker_service=web(labels=labels)))).values()
    assert change.effect == "no task restarts"
    assert change.routes_added == ("https://www.example.org (access not stated)",)
    assert change.routes_removed == ("https://web.example.org (public)",)


def test_the_order_of_deployment_is_no_change() -> None:
    after = changed()
    after["resource"]["docker_service"]["web"]["depends_on"] = ["docker_service.redis"]
    assert compared(stack(), after).is_empty


def test_unresolved_images_are_listed_with_the_way_out() -> None:
    report = compared({}, changed(docker_service=web(image="example.org/app:1.3@unresolved")))
    assert report.unresolved == (("web", "example.org/app:1.3"),)
    assert (
        "images without a digest: `python -m ops images resolve` looks them up, deploy refuses them until then\n"
        "  web: example.org/app:1.3" in rendered(report)
    )


def test_images_that_are_not_built_yet_need_no_registry() -> None:
    report = compared(
        {}, changed(docker_service=web(image="127.0.0.1:5000/sprocket/web:not-built@unresolved"))
    )
    assert "\nimages that are not built yet: `make up` builds them\n  web\n" in rendered(report)
    assert "images resolve" not in rendered(report)


def test_a_plan_by_terraform_takes_its_actions_and_compares_with_the_state() -> None:
    after = changed(
        docker_config={"web_conf": config("platform/web/conf", name="web-conf", text="a: 1\nb: 3\n")}
    )
    report = report_of_plan("local-services", after, terraform_plan())
    assert report.counts == {Action.ADD: 0, Action.CHANGE: 2, Action.REPLACE: 0, Action.DESTROY: 1}
    (change,) = changes(report).values()
    assert change.name == "web"
    assert change.settings == ()
    assert change.files[0].diff == ("@@ -1,2 +1,2 @@", " a: 1", "-b: 2", "+b: 3")
    assert report.offline == ""
    gone = [item for layer in report.layers for item in layer.items if item.action is Action.DESTROY]
    assert [(item.type, item.name) for item in gone] == [("docker_network", "old-net")]
    assert next(layer.name for layer in report.layers if gone[0] in layer.items) == "data"


def test_no_secret_of_a_state_reaches_a_report() -> None:
    report = report_of_plan("local-services", stack(), terraform_plan())
    everything = rendered(report) + json.dumps(report_data(report))
    everything += markdown.render(Report(environment="local", stacks=(report,)))
    assert "hunter2" not in everything


def test_markdown_folds_what_is_long() -> None:
    shown = markdown.render(Report(environment="local", stacks=(compared({}, stack()),)))
    assert "| + | web | app 1.2 (11111111) | 1 | start-first | new |" in shown
    assert "<details><summary>Who shares a network with whom</summary>" in shown
    assert shown.count("<details>") == shown.count("</details>")


def test_markdown_shows_dangers_before_the_layers() -> None:
    after = changed()
    del after["resource"]["docker_service"]["redis"]
    shown = markdown.render(Report(environment="local", stacks=(compared(stack(), after),)))
    assert shown.index("> - service redis is destroyed") < shown.index("### data")


def test_the_layers_are_in_the_order_of_deployment() -> None:
    names = [layer.name for layer in compared({}, stack()).layers]
    assert names == ["ingress", "data", "platform", "secrets"]


def test_what_is_only_in_the_state_is_compared_with_nothing() -> None:
    report = compare("x", Inventory(resources={}), Inventory(resources={}), {}, compared_with="nothing")
    assert report.is_empty
    assert report.layers == ()


def report_data(report: StackReport) -> Any:
    return Report(environment="local", stacks=(report,)).as_data()


def terraform_plan() -> Document:
    """``terraform show -json``: the state has the fixture's stack, one more network, and passwords in the clear."""
    document = stack()
    ids = {"redis_net": "n1", "edge": "n2", "web_conf": "c1", "redis_conf": "s1"}
    resources = []
    for type_, group in document["resource"].items():
        for name, values in group.items():
            own = {key: value for key, value in values.items() if key != "//"}
            own["id"] = ids.get(name, name)
            resources.append(
                {"address": f"{type_}.{name}", "mode": "managed", "type": type_, "name": name, "values": own}
            )
    state = json.loads(
        json.dumps(resources)
        .replace("${docker_network.redis_net.id}", "n1")
        .replace("${docker_network.edge.id}", "n2")
        .replace("${docker_config.web_conf.id}", "c1")
        .replace("${docker_config.web_conf.name}", document["resource"]["docker_config"]["web_conf"]["name"])
        .replace("${docker_secret.redis_conf.id}", "s1")
        .replace("${docker_secret.redis_conf.name}", "redis-conf-0a1b2c3d")
        .replace("${docker_volume.redis_data.name}", "sprocket-redis")
    )
    for resource in state:
        if resource["type"] == "docker_secret":
            resource["values"] |= {"name": "redis-conf-0a1b2c3d", "data": "hunter2"}
        if resource["type"] == "random_password":
            resource["values"]["result"] = "hunter2"
        if resource["type"] == "docker_service":
            # State has blocks as lists, and every attribute of the schema.
            spec = resource["values"]["task_spec"]
            spec["container_spec"] = [{**spec["container_spec"], "dns_config": [], "hosts": [], "dir": ""}]
            resource["values"]["task_spec"] = [spec]
            resource["values"]["auth"] = []
    old = {"name": "old-net", "id": "n9", "internal": True}
    state.append(
        {"address": "docker_network.data_old_network_0A1B2C3D", "mode": "managed", "type": "docker_network", "name": "data_old_network_0A1B2C3D", "values": old}
    )  # fmt: skip
    return {
        "prior_state": {"values": {"root_module": {"resources": state}}},
        "resource_changes": [
            change("docker_config.web_conf", ["create", "delete"]),
            change("docker_service.web", ["update"]),
            change("docker_service.redis", ["no-op"]),
            change("docker_network.data_old_network_0A1B2C3D", ["delete"]),
        ],
    }


def change(address: str, actions: list[str]) -> Document:
    return {"address": address, "mode": "managed", "change": {"actions": actions}}
