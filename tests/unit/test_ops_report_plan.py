"""The plan report from Terraform's own plan, whose state holds passwords in the clear."""

from __future__ import annotations

import json
from pathlib import Path

from layers.loading import load_environment
from ops.deploy.plan import report_of_plan
from ops.model.changes import Action
from ops.report import html, markdown
from ops.report.model import Report
from ops.terraform.target import Target
from tests.unit.ops_fixtures import config, stack
from tests.unit.report_scene import Document, changed, changes, rendered, report_data


def test_a_plan_by_terraform_takes_its_actions_and_compares_with_the_state() -> None:
    after = changed(
        docker_config={"web_conf": config("platform/web/conf", name="web-conf", text="a: 1\nb: 3\n")}
    )
    report = report_of_plan(services(after), terraform_plan())
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
    report = report_of_plan(services(stack()), terraform_plan())
    everything = rendered(report) + json.dumps(report_data(report))
    everything += markdown.render(Report(environment="local", stacks=(report,)))
    everything += html.render(Report(environment="local", stacks=(report,)))
    assert "hunter2" not in everything


def services(document: Document) -> Target:
    return Target(
        settings=load_environment("local"), stack="local-services", document=document, folder=Path("/nowhere")
    )


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
    type_ = address.partition(".")[0]
    return {"address": address, "type": type_, "mode": "managed", "change": {"actions": actions}}
