"""The cloud in environment files: what is refused, and in which words; and files that are like another."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from layers.errors import SettingsError
from layers.loading import load_environment, read_environment
from layers.settings.digitalocean import droplet_sizes
from tests.stacks.synthesis import CLOUDS, declared

Document = dict[str, Any]


def refused(folder: Path, change: Callable[[Document], object], name: str = "staging") -> str:
    """The error after a change of an environment."""
    document = read_environment(name)
    change(document)
    YAML().dump(document, folder / f"{name}.yaml")
    with pytest.raises(SettingsError) as caught:
        load_environment(name, folder)
    return str(caught.value)


@pytest.mark.parametrize("environment", CLOUDS)
def test_the_stores_are_those_that_the_services_keep(environment: str) -> None:
    """What has a volume is worked out from the settings; here, from what the services really mount."""
    mounted = {
        match[1]
        for service in declared(environment).services
        for mount in service.data_mounts
        if (match := re.fullmatch(r"/mnt/([a-z-]+)/data", mount.source))
    }
    settings = load_environment(environment)
    assert set(settings.store_names) == mounted
    assert settings.cloud is not None and set(settings.cloud.volumes) == mounted


def test_stores_of_a_rating_service_are_known_by_instance(tmp_path: Path) -> None:
    def change(document: Document) -> None:
        document["platform"]["instances"]["dev"].update(elo=True, elo_host="elo.dev.sprocket.mlesports.gg")

    assert "cloud/volumes: lacks dev-dgraph-alpha, dev-dgraph-zero; give each store" in refused(
        tmp_path, change
    )


CONTRADICTIONS: dict[str, tuple[Callable[[Document], object], str]] = {
    "a store without a volume": (
        lambda d: d["cloud"]["volumes"].pop("redis"),
        "cloud/volumes: lacks redis; give each store of the environment its GiB",
    ),
    "a volume on which the broker blocks": (
        lambda d: d["cloud"]["volumes"].update(rabbitmq=3),
        "cloud/volumes/rabbitmq: is 3 GiB, but RabbitMQ blocks publishers when less than 2 GB are free; use 4 or more",
    ),
    "a volume without a store": (
        lambda d: d["cloud"]["volumes"].update(mongo=1),
        "cloud/volumes: has mongo, which no service of the environment stores; "
        f"use {', '.join(load_environment('staging').store_names)}; a new store is added to STORES in layers/stores.py first",
    ),
    "stores in named volumes": (
        lambda d: d.update(stores={"kind": "volume"}),
        "stores/kind: is volume, which one engine alone has; with cloud use directory, on block volumes",
    ),
    "two nodes with one volume": (
        lambda d: d["nodes"]["app"].update(count=3),
        "nodes/app/count: is 3 but its volumes (storage=main) can be on one node only; use 1, and add pools for further nodes",
    ),
    "two pools with one storage label": (
        lambda d: d["nodes"].update(more={**d["nodes"]["app"], "role": "worker"}),
        "nodes: app and more both have label storage=main; a volume is on one node only; give each pool a label of its own",
    ),
    "two managers": (
        lambda d: d["nodes"].update(more={"size": "s-2vcpu-4gb", "cpus": 2, "memory": "4GiB"}),
        "nodes: has 2 managers in total; an even number tolerates no more failures than one less, and more than five slow the swarm down; use 1, 3 or 5",
    ),
    "a pool without a size": (
        lambda d: d["nodes"]["app"].pop("size"),
        "nodes/app/size: is missing; say what to order, such as s-4vcpu-8gb",
    ),
    "no such ingress pool": (
        lambda d: d["cloud"].update(ingress_pool="web"),
        "cloud/ingress_pool: is 'web', which nodes does not have; use one of app",
    ),
    "certificates elsewhere": (
        lambda d: [
            d["nodes"].update({n: {**d["nodes"]["app"], "labels": {"storage": n}} for n in ("one", "two")}),
            d["cloud"].update(ingress_pool="one"),
        ],
        "cloud/ingress_pool: is 'one' but certificates are on storage=main; give nodes/one that label, or set stores/labels/letsencrypt",
    ),
    "an ingress pool of workers": (
        lambda d: [
            d["nodes"].update(web={**d["nodes"]["app"], "labels": {}, "role": "worker"}),
            d["cloud"].update(ingress_pool="web"),
        ],
        "cloud/ingress_pool: is 'web' with 1 workers; the public address leads to one node, a manager; "
        "use a pool with count 1 and role manager",
    ),
    "a domain outside of the zone": (
        lambda d: d["cloud"].update(zone="example.com"),
        "domain: is staging.sprocket.mlesports.gg, which is not in cloud/zone example.com; use a name in that zone, or its zone",
    ),
    "a page outside of the zone": (
        lambda d: d["platform"]["instances"]["dev"].update(api_host="api.example.com"),
        "platform/instances/dev/api_host: is api.example.com, which is not in cloud/zone mlesports.gg; "
        "use a name in that zone, or its zone",
    ),
    "a database that nobody uses": (
        lambda d: d["cloud"].update(database={"size": "db-s-1vcpu-1gb", "version": "17"}),
        "data/postgres/where: is swarm and cloud/database is set; set cloud/database exactly when the database is managed; change one of the two",
    ),
    "an engine elsewhere": (
        lambda d: d["engine"].update(host="ssh://root@192.0.2.1"),
        "engine/host: is ssh://root@192.0.2.1, but the nodes answer at ssh://deploy@swarm.staging.sprocket.mlesports.gg; use that",
    ),
    "nodes of nowhere": (
        lambda d: d.pop("cloud"),
        "nodes/app/size: is s-8vcpu-16gb, but without cloud no droplets are ordered; add cloud or remove size",
    ),
}


@pytest.mark.parametrize("contradiction", CONTRADICTIONS)
def test_a_contradiction_is_refused(tmp_path: Path, contradiction: str) -> None:
    change, message = CONTRADICTIONS[contradiction]
    assert f"staging.yaml: {message}" in refused(tmp_path, change).splitlines()


def test_a_managed_database_has_the_name_that_is_ordered(tmp_path: Path) -> None:
    assert refused(tmp_path, lambda d: d["data"]["postgres"].update(port=5432), "prod") == (
        "prod.yaml: data/postgres: is db.sprocket.mlesports.gg:5432, but the cluster that cloud/database "
        "orders answers at db.sprocket.mlesports.gg:25060; use that host and port"
    )


def test_a_managed_database_has_to_be_ordered(tmp_path: Path) -> None:
    assert "data/postgres/where: is managed and cloud/database is missing; " in refused(
        tmp_path, lambda d: d["cloud"].pop("database"), "prod"
    )


WRONG: dict[str, tuple[Callable[[Document], object], str]] = {
    "no way to the nodes": (
        lambda d: d["cloud"].update(access={}),
        "cloud/access: has no way to reach the nodes; list addresses under ssh_from, or set tailscale to true",
    ),
    "an image whose engine nobody said": (
        lambda d: d["cloud"].update(image="debian-13-x64"),
        "cloud/engine_version: is missing, and image is debian-13-x64; only debian-12-x64 has one that is known here; "
        "say which the other's docker.io package has, such as 26.1.*",
    ),
    "an address that is none": (
        lambda d: d["cloud"]["access"].update(ssh_from=["office"]),
        "cloud/access/ssh_from/0: 'office' does not appear to be an IPv4 or IPv6 network; "
        "write the first address and the length, such as 203.0.113.0/24; use the one that your provider gave you",
    ),
    "a private key for a public one": (
        lambda d: d["cloud"].update(ssh_keys={"eve": "-----BEGIN OPENSSH PRIVATE KEY-----"}),
        "cloud/ssh_keys/eve: is a private key, which belongs in no file of a repository; a public key is one line that begins "
        "with ssh-ed25519, sk-ssh-ed25519@openssh.com, ssh-rsa or ecdsa-sha2-nistp256; paste the one line of ~/.ssh/id_ed25519.pub, "
        "or write supplied and give it as TF_VAR_ssh_key_<name>",
    ),
    "alerts without the agent": (
        lambda d: d["cloud"].update(monitoring=False),
        "cloud/alerts: need the agent that monitoring installs; set monitoring to true or remove alerts",
    ),
    "a size unlike its numbers": (
        lambda d: d["nodes"]["app"].update(size="s-4vcpu-8gb"),
        "nodes/app: size s-4vcpu-8gb has 4 cores and 8GiB, but cpus and memory say 8 and 16GiB; "
        "write cpus: 4 and memory: 8GiB, or order another size",
    ),
    "a size that is none": (
        lambda d: d["nodes"]["app"].update(size="large"),
        "nodes/app/size: 'large' is not a droplet size of DigitalOcean; a size is a slug such as s-4vcpu-8gb "
        "(`doctl compute size list`); use one of layers/settings/droplet_sizes.txt, or add a newer one there",
    ),
    "an unknown key": (
        lambda d: d["cloud"].update(vpc_rang="10.1.0.0/16"),
        "cloud/vpc_rang: is not a setting; did you mean vpc_range?",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_value_is_refused(tmp_path: Path, wrong: str) -> None:
    change, message = WRONG[wrong]
    assert refused(tmp_path, change) == f"staging.yaml: {message}"


@pytest.mark.parametrize(
    ("addresses", "owner"),
    [
        ("10.200.16.0/20", "10.200.0.0/16, which belongs to the swarm's overlay networks"),
        ("172.17.0.0/20", "172.17.0.0/16, which belongs to the engine's default bridge"),
        ("10.244.0.0/20", "10.244.0.0/16, which belongs to DigitalOcean itself"),
        ("10.245.0.0/16", "10.245.0.0/16, which belongs to DigitalOcean itself"),
        ("10.246.0.0/20", "10.246.0.0/24, which belongs to DigitalOcean itself"),
        ("10.229.128.0/20", "10.229.0.0/16, which belongs to DigitalOcean itself"),
    ],
)
def test_a_network_of_somebody_else_is_refused(tmp_path: Path, addresses: str, owner: str) -> None:
    assert refused(tmp_path, lambda d: d["cloud"].update(vpc_range=addresses)) == (
        f"staging.yaml: cloud/vpc_range: {addresses} overlaps {owner}; use one such as 10.124.0.0/20"
    )


@pytest.mark.parametrize("addresses", ["8.8.0.0/16", "10.0.0.0/8", "10.1.0.0/29"])
def test_a_network_that_no_vpc_can_have_is_refused(tmp_path: Path, addresses: str) -> None:
    assert refused(tmp_path, lambda d: d["cloud"].update(vpc_range=addresses)) == (
        f"staging.yaml: cloud/vpc_range: {addresses} is not a private IPv4 network of /16 to /28; "
        "it must be inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16; use one such as 10.124.0.0/20"
    )


@pytest.mark.parametrize(
    ("size", "found"),
    [
        ("s-8vcpu-16gb", (8, 16384)),
        ("s-1vcpu-512mb-10gb", (1, 512)),
        ("s-4vcpu-8gb-amd", (4, 8192)),
        ("g-2vcpu-8gb", (2, 8192)),
        ("so1_5-4vcpu-32gb", (4, 32768)),
        ("c-4", (4, 8192)),
    ],
)
def test_a_size_says_what_it_has(size: str, found: tuple[int, int]) -> None:
    ordered = droplet_sizes()[size]
    assert (ordered.cpus, ordered.memory) == found


# -- files that are like another ------------------------------------------------------------------------------


def test_a_key_that_is_given_replaces_the_whole_key() -> None:
    first, like = load_environment("rehearsal"), load_environment("rehearsal-3")
    assert set(like.nodes) == {"app", "data", "watch"}
    assert (like.like, like.cloud, like.domain) == ("rehearsal", first.cloud, first.domain)
    assert like.stores.label_of("loki") == "watch" and first.stores.label_of("loki") == "main"


def test_a_file_that_is_like_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("domain: a.example\n")
    (tmp_path / "b.yaml").write_text("like: c\n")
    with pytest.raises(SettingsError) as caught:
        load_environment("b", tmp_path)
    assert str(caught.value) == "b.yaml: like: there is no other environment 'c'; use one of a"


def test_a_chain_of_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("domain: a.example\n")
    (tmp_path / "b.yaml").write_text("like: a\n")
    (tmp_path / "c.yaml").write_text("like: b\n")
    with pytest.raises(SettingsError) as caught:
        load_environment("c", tmp_path)
    assert str(caught.value) == "c.yaml: like: b is itself like a; name a, so that only two files are merged"


# -- the way to the manager -----------------------------------------------------------------------------------


def test_the_managers_host_key_is_pinned_by_a_path_from_the_callers_place() -> None:
    options = load_environment("prod").ssh_options("../../..")
    assert options[::2] == ("-o",) * 8
    assert "UserKnownHostsFile=../../../environments/known_hosts/prod" in options
    assert "StrictHostKeyChecking=yes" in options and "GlobalKnownHostsFile=/dev/null" in options
    assert "UserKnownHostsFile=/here/.sprocket/known_hosts/rehearsal" in load_environment(
        "rehearsal"
    ).ssh_options("/here")


def test_options_that_are_set_are_taken_as_they_are(tmp_path: Path) -> None:
    document = read_environment("staging")
    document["engine"]["ssh_options"] = ["-p", "2222"]
    YAML().dump(document, tmp_path / "staging.yaml")
    assert load_environment("staging", tmp_path).ssh_options("..") == ("-p", "2222")
    assert load_environment("local").ssh_options("..") == ()
