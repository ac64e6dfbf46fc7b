"""What user data refuses, before anything is ordered."""

from __future__ import annotations

import re

import pytest

from layers.errors import SettingsError
from layers.node.user_data import NodeKey, NodeVolume, user_data
from tests.unit.node_scene import DOMAIN, cluster, node


def test_too_large_says_whose_and_what_to_do() -> None:
    operators = {f"person-{n}": f"ssh-rsa {'A' * 720} person-{n}" for n in range(50)}
    with pytest.raises(
        SettingsError,
        match=r"^node 'test-app-1': user data of \d{5} bytes; DigitalOcean takes 65536; use fewer",
    ):
        user_data(node(), cluster(operators=operators))


@pytest.mark.parametrize("reference", ["${TfToken[TOKEN.7]}", "-----BEGIN OPENSSH PRIVATE KEY-----"])
def test_a_key_must_be_a_reference(reference: str) -> None:
    with pytest.raises(SettingsError, match="not one plain Terraform reference"):
        user_data(node(), cluster(host_key=NodeKey(private=reference, public="${a.b.c}")))


def test_a_manager_must_be_among_the_managers() -> None:
    with pytest.raises(
        SettingsError, match=rf"node 'test-app-4': is a manager, and app-4\.nodes\.{re.escape(DOMAIN)} is not"
    ):
        user_data(node(name="test-app-4", is_first=False), cluster())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "test-web-1"}, "must be <environment>-app-<number>"),
        ({"role": "worker"}, "the first node of a swarm must be a manager"),
        ({"labels": {"storage": "a b"}}, "label 'storage=a b' is not allowed"),
    ],
)
def test_a_node_that_cannot_be(changes: dict[str, object], words: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(words)):
        node(**changes)


def test_ranges_that_overlap() -> None:
    with pytest.raises(SettingsError, match=r"10\.200\.16\.0/20 overlaps 10\.200\.0\.0/16"):
        cluster(vpc_range="10.200.16.0/20")


def test_an_operators_key_of_two_lines() -> None:
    with pytest.raises(SettingsError, match="cloud/ssh_keys/ann: not a public ssh key"):
        cluster(operators={"ann": "ssh-ed25519 AAAA ann\nssh-ed25519 BBBB eve"})


def test_a_volumes_owner_is_numbers() -> None:
    with pytest.raises(SettingsError, match="owner 'redis:redis' is not allowed"):
        NodeVolume(store="redis", device_name="test-redis", owner="redis:redis")
