"""Environments compared with each other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from layers.conflicts import _account, conflicts
from layers.loading import environment_names, load_environment, read_environment
from layers.settings.environment import Environment
from tests.stacks.synthesis import cloud

Document = dict[str, Any]


def other(folder: Path, change: Callable[[Document], object], name: str = "qa") -> Environment:
    """An environment that is apart from all others, and then changed."""
    document = read_environment("prod")
    text = YAML()
    document["domain"] = "qa.example.org"
    document["engine"]["host"] = "ssh://deploy@swarm.qa.example.org"
    document["data"]["postgres"]["host"] = "db.qa.example.org"
    document["platform"]["instances"]["main"]["host"] = "qa.example.org"
    document["cloud"].update(zone="example.org", vpc_range="10.127.0.0/20", spaces={"backups": "qa-backups"})
    document["state"]["bucket"] = f"sprocket-{name}-state"
    change(document)
    text.dump(document, folder / f"{name}.yaml")
    return load_environment(name, folder)


def found(*environments: Environment) -> list[str]:
    return [str(problem) for problem in conflicts(environments)]


PROD, STAGING = load_environment("prod"), load_environment("staging")


def test_the_environments_of_the_repository_take_nothing_from_each_other() -> None:
    assert found(*map(load_environment, environment_names())) == []


def test_an_environment_with_names_of_its_own_is_fine(tmp_path: Path) -> None:
    assert found(PROD, STAGING, other(tmp_path, lambda document: None)) == []


def test_boxes_with_a_simulated_world_are_alike_and_apart() -> None:
    rehearsals = [name for name in environment_names() if name.startswith("rehearsal")]
    assert len(rehearsals) > 2 and found(*map(load_environment, rehearsals)) == []


def takes_domain(document: Document) -> None:
    document["domain"] = "sprocket.mlesports.gg"
    document["cloud"]["zone"] = "mlesports.gg"
    document["platform"]["instances"]["main"]["host"] = "qa.mlesports.gg"
    document["engine"]["host"] = "ssh://deploy@swarm.sprocket.mlesports.gg"
    document["data"]["postgres"]["host"] = "db.sprocket.mlesports.gg"


def host(**settings: str | list[str]) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        document["domain"] = "qa.mlesports.gg"
        document["cloud"]["zone"] = "mlesports.gg"
        document["engine"]["host"] = "ssh://deploy@swarm.qa.mlesports.gg"
        document["data"]["postgres"]["host"] = "db.qa.mlesports.gg"
        document["platform"]["instances"]["main"].update({"host": "qa.mlesports.gg", **settings})

    return change


INSTANCE = "qa.yaml: platform/instances/main"
CONFLICTS: dict[str, tuple[Callable[[Document], None], str]] = {
    "the same domain": (
        takes_domain,
        "qa.yaml: domain: host sprocket.mlesports.gg is also that of prod.yaml: domain; give one of them another name",
    ),
    "the same manager": (
        takes_domain,
        "qa.yaml: engine/host: engine ssh://deploy@swarm.sprocket.mlesports.gg is also that of prod.yaml: engine/host; "
        "give each environment an engine of its own: their services have the same names",
    ),
    "a host that is the other's domain": (
        host(api_host="sprocket.mlesports.gg"),
        f"{INSTANCE}/api_host: host sprocket.mlesports.gg is also that of prod.yaml: domain; give one of them another name",
    ),
    "a host that the other derives": (
        host(api_host="api.sprocket.mlesports.gg"),
        f"{INSTANCE}/api_host: host api.sprocket.mlesports.gg is also that of "
        "prod.yaml: platform/instances/main/api_host; give one of them another name",
    ),
    "an alias that is the other's host": (
        host(aliases=["api.sprocket.mlesports.gg"]),
        f"{INSTANCE}/aliases/0: host api.sprocket.mlesports.gg is also that of prod.yaml: platform/instances/main/api_host; "
        "give one of them another name",
    ),
    "the other's manager": (
        host(api_host="swarm.sprocket.mlesports.gg"),
        f"{INSTANCE}/api_host: is swarm.sprocket.mlesports.gg, which is the manager's name for SSH of prod.yaml: domain; "
        "use another host",
    ),
    "the other's node": (
        host(api_host="app-1.nodes.sprocket.mlesports.gg"),
        f"{INSTANCE}/api_host: is app-1.nodes.sprocket.mlesports.gg, which is the name of node prod-app-1 of "
        "prod.yaml: domain; use another host",
    ),
    "networks that overlap, in another region too": (
        lambda d: d["cloud"].update(vpc_range="10.124.8.0/24", region="fra1"),
        "qa.yaml: cloud/vpc_range: 10.124.8.0/24 overlaps 10.124.0.0/20 of prod.yaml: cloud/vpc_range; "
        "networks of one DigitalOcean account must not overlap; choose another range for the one that does not exist yet",
    ),
    "the same bucket for backups": (
        lambda d: d["cloud"].update(spaces={"backups": "sprocket-prod-backups"}),
        "qa.yaml: cloud/spaces/backups: bucket sprocket-prod-backups in nyc3 is also that of "
        "prod.yaml: cloud/spaces/backups; give one of them another name",
    ),
    "backups in the bucket of the state": (
        lambda d: d["cloud"].update(spaces={"backups": "sprocket-first-state"}),
        "qa.yaml: cloud/spaces/backups: bucket sprocket-first-state in nyc3 has Terraform's state, by first.yaml: state/bucket; "
        "use another bucket: state has passwords in it, and needs access keys of its own",
    ),
    "the same bucket for the state": (
        lambda d: d["state"].update(bucket="sprocket-prod-state"),
        "qa.yaml: state/bucket: bucket sprocket-prod-state in nyc3 has the state of prod already, by prod.yaml: state/bucket; "
        "use another bucket, with an access key of its own: whoever deploys one environment can read the passwords of all in its bucket",
    ),
    "a zone that both make": (
        lambda d: d["cloud"].update(zone_is_ours=True),
        "qa.yaml: cloud/zone: DNS zone to be made example.org is also that of first.yaml: cloud/zone; "
        "set cloud/zone_is_ours to true in only one of them",
    ),
}


@pytest.mark.parametrize("case", CONFLICTS)
def test_what_two_environments_would_take_from_each_other(tmp_path: Path, case: str) -> None:
    change, message = CONFLICTS[case]
    first = other(tmp_path, lambda d: d["cloud"].update(zone_is_ours=True), "first")
    assert message in found(first, PROD, STAGING, other(tmp_path, change))


def test_buckets_of_the_application_are_compared_where_they_are_on_spaces(tmp_path: Path) -> None:
    def spaces(document: Document) -> None:
        document["data"]["object_storage"] = {"kind": "spaces", "endpoint": "nyc3.digitaloceanspaces.com"}
        document["cloud"]["volumes"].pop("minio")

    one = other(tmp_path, spaces, "one")
    assert (
        "two.yaml: platform/instances/main/bucket_prefix: bucket sprocket-main-replays in nyc3 is also that of "
        "one.yaml: platform/instances/main/bucket_prefix; give one of them another name"
    ) in found(one, other(tmp_path, spaces, "two"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "prod-x",
            "prod-x.yaml: nodes/app: droplet prod-x-app-1 is also that of prod.yaml: nodes/x-app; "
            "rename one of the environments, or the pool",
        ),
        (
            "prod-manager",
            "prod-manager.yaml: tag of nodes prod-manager is also that of prod.yaml; rename one of the environments",
        ),
    ],
)
def test_a_name_that_continues_another_one_may_meet_it(tmp_path: Path, name: str, message: str) -> None:
    worker = PROD.nodes["app"].model_copy(update={"labels": {}, "role": "worker"})
    prod = PROD.model_copy(update={"nodes": {**PROD.nodes, "x-app": worker}})
    assert found(prod, STAGING, other(tmp_path, lambda document: None, name)) == [message]


# -- what is compared is what is really taken -------------------------------------------------------------------


def test_every_name_in_the_account_is_compared() -> None:
    assert PROD.cloud is not None
    compared = {claim.value for claim in _account(PROD, PROD.cloud)}
    ordered = cloud("prod")
    for kind in ("digitalocean_droplet", "digitalocean_firewall", "digitalocean_tag"):
        assert {each["name"] for each in ordered.resources(kind).values()} <= compared
    assert {volume.name for volume in ordered.stack.machines.volumes.all} <= compared
