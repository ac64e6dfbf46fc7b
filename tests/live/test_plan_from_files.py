"""Plans that the real Terraform saved, read back as reports."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from layers.settings.environment import Environment
from ops.deploy.plan_from_files import report_of_files
from ops.model.changes import Action
from ops.report import html, markdown
from ops.terraform.runner import Terraform
from ops.terraform.synth import synthesize
from tests.live.cloud_terraform import CloudTerraform
from tests.stacks.synthesis import altered_cloud

ENGINE_LESS = ["terraform", "docker provider", "random provider"]
CLOUD = ["terraform", "digitalocean provider", "random provider", "tls provider"]


@pytest.mark.live(needs=ENGINE_LESS)
def test_the_services_of_local_from_nothing(tmp_path: Path) -> None:
    synthesized = synthesize("local", out=tmp_path / "out")
    folder = synthesized.out / "stacks" / "local-services"
    with_state_of_its_own(folder / "cdk.tf.json", tmp_path / "none.tfstate")
    terraform = Terraform(folder)
    terraform.init()
    file = tmp_path / "services.plan"
    assert terraform.plan(file)
    report = report_of_files("local", [file])
    (stack,) = report.stacks
    services = synthesized.stacks["local-services"]["resource"]["docker_service"]
    assert stack.counts[Action.ADD] == stack_size(terraform, file)
    assert len(stack.services) == len(services)
    shown = tmp_path / "services.json"
    shown.write_text(json.dumps(terraform.show(file)))
    (other,) = report_of_files("local", [shown]).stacks
    assert other.counts == stack.counts
    assert other.services == stack.services


def with_state_of_its_own(file: Path, state: Path) -> None:
    """The file names this checkout's state, which is not empty where `make up` has run."""
    document = json.loads(file.read_text())
    document["terraform"]["backend"] = {"local": {"path": str(state)}}
    file.write_text(json.dumps(document))


def stack_size(terraform: Terraform, file: Path) -> int:
    """Resources that a plan from nothing makes."""
    changes: list[dict[str, Any]] = terraform.show(file)["resource_changes"]
    return sum(each["change"]["actions"] == ["create"] for each in changes)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudTerraform]:
    """An account in which prod stands as its file says."""
    terraform = CloudTerraform(tmp_path_factory.mktemp("cloud"))
    try:
        terraform.declare(prod(worker=False))
        terraform.apply()
        yield terraform
    finally:
        terraform.close()


def prod(*, worker: bool) -> Environment:
    """As its file says, but for the zone: there is none in the account yet."""
    pool = {"role": "worker", "size": "s-2vcpu-4gb", "cpus": 2, "memory": "4GiB"}

    def edit(document: dict[str, Any]) -> None:
        document["cloud"]["zone_is_ours"] = True
        document["nodes"].update({"work": pool} if worker else {})

    return altered_cloud("prod", edit)


@pytest.mark.proof
@pytest.mark.live(needs=CLOUD)
def test_a_droplet_more_costs_more_and_stands_in_the_drawing(cloud: CloudTerraform, tmp_path: Path) -> None:
    cloud.declare(prod(worker=True))
    file = tmp_path / "cloud.plan"
    said = cloud.run("plan", f"-out={file}")
    assert said.status == 0, said.text
    report = report_of_files("prod", [file])
    (stack,) = report.stacks
    assert stack.offline == ""
    assert stack.cost is not None
    assert (stack.cost.before, stack.cost.after) == (122.2, 146.2)
    assert [change.what for change in stack.cost.changes] == ["droplet prod-work-1"]
    assert report.topology is not None
    assert ("prod-work-1", Action.ADD) in [(node.name, node.action) for node in report.topology.nodes]
    everything = html.render(report) + markdown.render(report) + json.dumps(report.as_data())
    assert "PRIVATE KEY" not in everything
