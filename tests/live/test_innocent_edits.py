"""Edits of an environment against the real providers: what they must not lose, and what is refused before it is lost."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from layers.cloud import machines
from layers.cloud.nodes import nodes_of, tailscale_key_variable
from layers.cloud.way_out import way_out
from layers.loading import ENVIRONMENTS, read_yaml
from layers.node.user_data import user_data
from layers.settings.environment import Environment
from ops.deploy import store_steps
from ops.deploy.plan import report_of_plan
from ops.errors import Refused
from ops.guard.kind import Kind
from ops.guard.verdict import verdicts_of_plan
from tests.live.cloud_terraform import KEY, Changes, CloudTerraform, changes_in

pytestmark = [
    pytest.mark.live(needs=["terraform", "digitalocean provider", "random provider", "tls provider"]),
    pytest.mark.proof,
]

Document = dict[str, Any]
Edit = Callable[[Document], object]
SMALL = {"size": "s-2vcpu-4gb", "cpus": 2, "memory": "4GiB"}
KEPT = (
    "digitalocean_droplet",
    "digitalocean_volume",
    "digitalocean_database_cluster",
    "digitalocean_database_db",
    "digitalocean_spaces_bucket",
    "digitalocean_reserved_ip",
    "digitalocean_vpc",
)


def everything() -> Document:
    """Prod with one of everything: three managers with the stores spread, a worker, Spaces, its own zone."""
    document = read_yaml(ENVIRONMENTS / "prod.yaml")
    document["nodes"] |= {
        "data": {**SMALL, "labels": {"storage": "data", "tier": "back"}},
        "watch": {**SMALL, "labels": {"storage": "watch"}},
        "work": {**SMALL, "role": "worker"},
    }
    document["stores"]["labels"] = {"influxdb": "data", "loki": "watch", "grafana": "watch"}
    document["data"]["object_storage"] = {"kind": "spaces", "endpoint": "nyc3.digitaloceanspaces.com"}
    document["cloud"]["volumes"].pop("minio")
    document["cloud"]["zone_is_ours"] = True
    # So much costs more than prod may.
    document.pop("budget")
    return document


def edited(edit: Edit) -> Environment:
    document = copy.deepcopy(everything())
    edit(document)
    return Environment.model_validate({"name": "prod", **document})


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudTerraform]:
    """An account in which everything stands as declared; tests that apply something put it back."""
    terraform = CloudTerraform(tmp_path_factory.mktemp("cloud"))
    try:
        terraform.declare(edited(lambda document: None))
        terraform.apply()
        yield terraform
    finally:
        terraform.close()


def cloud_of(document: Document) -> Document:
    settings: Document = document["cloud"]
    return settings


def _rename_storage_label(document: Document) -> None:
    document["nodes"]["data"]["labels"]["storage"] = "series"
    document["stores"]["labels"]["influxdb"] = "series"


def _second_instance(document: Document) -> None:
    document["platform"]["instances"]["dev"] = {
        "host": "dev.sprocket.mlesports.gg",
        "image_generation_frontend": False,
    }


def _no_agent(document: Document) -> None:
    cloud_of(document)["monitoring"] = False
    cloud_of(document).pop("alerts")


def _managed_extras(document: Document) -> None:
    cloud_of(document)["database"] |= {
        "databases": ["sprocket_main", "reports"],
        "users": ["reader"],
        "pools": {"reading": {"database": "reports", "user": "reader"}},
    }


INNOCENT: dict[str, Edit] = {
    "a further operator": lambda d: cloud_of(d)["ssh_keys"].update(eve=KEY),
    "an operator leaves, another comes": lambda d: cloud_of(d).update(ssh_keys={"eve": KEY}),
    "a new image for new nodes": lambda d: cloud_of(d).update(image="debian-13-x64", engine_version="26.1.*"),
    "pools in another order": lambda d: d.update(nodes=dict(reversed(d["nodes"].items()))),
    "volumes in another order": lambda d: cloud_of(d).update(
        volumes=dict(reversed(cloud_of(d)["volumes"].items()))
    ),
    "no monitoring agent": _no_agent,
    "weekly backups of the nodes' disks": lambda d: cloud_of(d).update(droplet_backups="weekly"),
    "daily backups of the nodes' disks": lambda d: cloud_of(d).update(droplet_backups="daily"),
    "a label renamed": lambda d: d["nodes"]["data"]["labels"].update(tier="behind"),
    "a further label": lambda d: d["nodes"]["work"].update(labels={"parser": "true"}),
    "the label of a store's node renamed": _rename_storage_label,
    "a store moved to another node": lambda d: d["stores"]["labels"].update(influxdb="watch"),
    "a volume grows": lambda d: cloud_of(d)["volumes"].update(influxdb=20),
    "every volume grows": lambda d: cloud_of(d).update(
        volumes={store: size + 5 for store, size in cloud_of(d)["volumes"].items()}
    ),
    "one more address for SSH": lambda d: cloud_of(d)["access"]["ssh_from"].append("198.51.100.7/32"),
    "the mesh in place of public SSH": lambda d: cloud_of(d).update(access={"tailscale": True}),
    "one worker more": lambda d: d["nodes"]["work"].update(count=2),
    "one more pool of workers": lambda d: d["nodes"].update(more={**SMALL, "role": "worker"}),
    "a larger node": lambda d: d["nodes"]["data"].update(size="s-4vcpu-8gb", cpus=4, memory="8GiB"),
    "alerts to another address": lambda d: cloud_of(d).update(
        alerts={"email": "ops@mlesports.gg", "cpu": 80}
    ),
    "no alerts": lambda d: cloud_of(d).pop("alerts"),
    "a second instance of the platform": _second_instance,
    "a larger database": lambda d: cloud_of(d)["database"].update(size="db-s-1vcpu-2gb"),
    "a database with a standby": lambda d: cloud_of(d)["database"].update(nodes=2),
    "a later Postgres": lambda d: cloud_of(d)["database"].update(version="18"),
    "one more database, a login and a pool": _managed_extras,
    "deleted objects kept for longer": lambda d: cloud_of(d)["spaces"].update(keep_deleted_days=90),
    "more headroom": lambda d: d["nodes"]["app"].update(headroom="3GiB"),
    "certificates from staging": lambda d: d["ingress"]["acme"].update(authority="staging"),
}
"""Edits that people make without thinking of the nodes."""

STOPPED = {
    "one more address for SSH": {Kind.OPENED_PORT},
    "a store moved to another node": {Kind.DETACHED_VOLUME},
}
"""Those of them that a deploy refuses although they lose nothing, until they are acknowledged or approved."""


def lost(changes: Changes) -> Changes:
    """What would be destroyed or replaced of what must stay."""
    return {
        address: actions
        for address, actions in changes.items()
        if "delete" in actions and address.partition(".")[0] in KEPT
    }


def words(settings: Environment) -> tuple[str, ...]:
    """Values of variables that an edit may need."""
    assert settings.cloud is not None
    if not settings.cloud.access.tailscale:
        return ()
    managers = [node for node in nodes_of(settings) if node.role == "manager"]
    return tuple(f"-var={tailscale_key_variable(node)}=any" for node in managers)


def test_nothing_is_to_do_after_a_deploy(cloud: CloudTerraform) -> None:
    cloud.declare(edited(lambda document: None))
    assert cloud.changes() == {}


def test_there_are_twenty_edits() -> None:
    assert len(INNOCENT) >= 20


@pytest.mark.parametrize("edit", INNOCENT)
def test_an_innocent_edit_loses_nothing(cloud: CloudTerraform, edit: str) -> None:
    settings = edited(INNOCENT[edit])
    cloud.declare(settings)
    plan = cloud.planned(*words(settings))
    assert lost(changes_in(plan)) == {}
    stopped = {verdict.rule.kind for verdict in verdicts_of_plan(plan, settings)}
    assert stopped == STOPPED.get(edit, set())


def test_a_later_postgres_is_said_in_words_and_not_deployed_without_an_acknowledgement(
    cloud: CloudTerraform,
) -> None:
    settings = edited(INNOCENT["a later Postgres"])
    cloud.declare(settings)
    plan, target = cloud.planned(), cloud.target(settings)
    (step,) = report_of_plan(target, plan).guarded
    assert "postgres 17 -> postgres 18, an upgrade to another major version" in step.what
    with pytest.raises(Refused, match=r"prod-cloud is not deployed; nothing was changed"):
        store_steps.refuse(target, plan["prior_state"])
    cloud.declare(edited(lambda document: None))
    assert report_of_plan(cloud.target(settings), cloud.planned()).guarded == ()


def test_other_user_data_loses_nothing(cloud: CloudTerraform, monkeypatch: pytest.MonkeyPatch) -> None:
    """And it does reach Terraform: a rebuild that is asked for takes it, as it takes the new image."""
    monkeypatch.setattr(machines, "user_data", lambda node, cluster: user_data(node, cluster) + "# edited\n")
    cloud.declare(edited(INNOCENT["a new image for new nodes"]))
    assert cloud.changes() == {}

    cloud.apply("-replace=digitalocean_droplet.work-1")
    images = cloud.images()
    assert images["prod-work-1"] == "debian-13-x64" and images["prod-app-1"] == "debian-12-x64"
    monkeypatch.undo()
    cloud.declare(edited(lambda document: None))
    assert cloud.changes() == {}


def _no_volume(document: Document) -> None:
    document["data"]["grafana"]["database"] = "postgres"
    document["stores"]["labels"].pop("grafana")
    cloud_of(document)["volumes"].pop("grafana")


def _no_database(document: Document) -> None:
    document["data"]["postgres"] = {"where": "swarm"}
    cloud_of(document).pop("database")
    cloud_of(document)["volumes"]["postgres"] = 10


def _no_buckets(document: Document) -> None:
    document["data"]["object_storage"] = {"kind": "minio"}
    cloud_of(document)["volumes"]["minio"] = 10


def _elsewhere(document: Document) -> None:
    cloud_of(document)["region"] = "fra1"


REFUSED: dict[str, tuple[Edit, list[str]]] = {
    "a volume shrinks": (
        lambda d: cloud_of(d)["volumes"].update(influxdb=5),
        ['digitalocean_volume.stores["influxdb"] would shrink'],
    ),
    "a store is removed": (_no_volume, ['digitalocean_volume.stores["grafana"]']),
    "the database is removed": (_no_database, ["digitalocean_database_cluster.postgres[0]"]),
    "one database is removed": (
        lambda d: cloud_of(d)["database"].update(databases=[]),
        ['digitalocean_database_db.postgres["sprocket_main"]'],
    ),
    "the application's buckets are removed": (
        _no_buckets,
        [f'digitalocean_spaces_bucket.buckets["sprocket-main-{n}"]' for n in ("replays", "image-generation")],
    ),
    "a bucket is renamed": (
        lambda d: cloud_of(d)["spaces"].update(backups="other-backups"),
        ['digitalocean_spaces_bucket.buckets["sprocket-prod-backups"]'],
    ),
    "another private network": (
        lambda d: cloud_of(d).update(vpc_range="10.130.0.0/20"),
        ["digitalocean_vpc.network"],
    ),
    "another region": (
        _elsewhere,
        ['digitalocean_volume.stores["redis"]', "digitalocean_reserved_ip.address"],
    ),
    "the zone is given away": (
        lambda d: cloud_of(d).update(zone_is_ours=False),
        ["digitalocean_domain.zone[0]"],
    ),
}


@pytest.mark.parametrize("edit", REFUSED)
def test_an_edit_that_would_lose_something_is_refused_in_the_plan(cloud: CloudTerraform, edit: str) -> None:
    change, addresses = REFUSED[edit]
    cloud.declare(edited(change))
    said = cloud.plan()
    assert said.status == 1, said.text
    told = way_out(said.text)
    for address in addresses:
        sentence = next((one for one in told if one.startswith(address)), "")
        assert "terraform state rm '" in sentence, said.text


def test_a_renamed_volume_is_refused_in_the_plan(
    cloud: CloudTerraform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machines, "volume_name", lambda settings, store: f"{settings.name}-data-of-{store}")
    cloud.declare(edited(lambda document: None))
    said = cloud.plan()
    assert said.status == 1
    assert any(one.startswith('digitalocean_volume.stores["redis"]') for one in way_out(said.text)), said.text


EARLIER: dict[str, tuple[Edit, str]] = {
    "a pool with data is removed": (
        lambda d: d["nodes"].pop("watch"),
        "stores wants label storage=watch, which no pool of nodes carries; add it",
    ),
    "a store that is still used is removed": (
        lambda d: cloud_of(d)["volumes"].pop("redis"),
        "cloud/volumes: lacks redis; give each store of the environment its GiB",
    ),
    "a node with data is doubled": (
        lambda d: d["nodes"]["watch"].update(count=3),
        "nodes/watch/count: is 3 but its volumes (storage=watch) can be on one node only; use 1",
    ),
    "a manager is removed": (
        lambda d: d["nodes"]["data"].update(role="worker"),
        "nodes: has 2 managers in total; an even number tolerates no more failures than one less",
    ),
}


@pytest.mark.parametrize("edit", EARLIER)
def test_an_edit_that_cannot_work_is_refused_before_a_plan(edit: str) -> None:
    change, message = EARLIER[edit]
    with pytest.raises(ValidationError, match=re.escape(message)):
        edited(change)
