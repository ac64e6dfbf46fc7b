"""Every change of a service by hand is named, and nothing that changes by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from layers.loading import load_environment
from ops.drift.finding import NOT_SHOWN
from tests.unit.ops_boundaries import Boundaries
from tests.unit.ops_cloud import change
from tests.unit.ops_drift import RECORDED, SECOND, SwarmApi, deployed, report, sentences
from tests.unit.ops_fixtures import DIGEST_1, DIGEST_2

LOCAL = load_environment("local")
Change = Callable[[SwarmApi], object]


def container(api: SwarmApi) -> Any:
    return api.task["ContainerSpec"]


CHANGES: dict[str, tuple[Change, list[str]]] = {
    "scale": (
        lambda api: api.service["Spec"].update(Mode={"Replicated": {"Replicas": 0}}),
        ["replicas: 2 -> 0"],
    ),
    "mode": (
        lambda api: api.service["Spec"].update(Mode={"Global": {}}),
        ["mode: replicated -> global", "replicas: 2 -> not set"],
    ),
    "variable": (
        lambda api: container(api)["Env"].append("TOKEN=hunter2"),
        [f"variable TOKEN: not set -> {NOT_SHOWN}"],
    ),
    "variable changed": (
        lambda api: container(api).update(Env=["HOME=hunter2"]),
        [f"variable HOME: {NOT_SHOWN} -> {NOT_SHOWN}"],
    ),
    "variable that is empty": (
        lambda api: container(api)["Env"].append("DEBUG="),
        [f"variable DEBUG: not set -> {NOT_SHOWN}"],
    ),
    "user root": (lambda api: container(api).update(User="0"), ["user: not set -> 0"]),
    "label of zero": (
        lambda api: api.service["Spec"]["Labels"].update(canary="0", empty=""),
        ["label canary: not set -> 0", "label empty: not set -> (empty)"],
    ),
    "mode of a file": (
        lambda api: container(api)["Configs"][0]["File"].update(Mode=0o777),
        ["mode of /app/config.yml: 0444 0:0 -> 0777 0:0"],
    ),
    "command": (
        lambda api: container(api).update(Args=["--password", "hunter2"]),
        [f"args: not set -> {NOT_SHOWN}"],
    ),
    "label": (lambda api: api.service["Spec"].update(Labels={}), ["label traefik.enable: true -> not set"]),
    "container label": (
        lambda api: container(api).update(Labels={"a": "b"}),
        ["container label a: not set -> b"],
    ),
    "image": (
        lambda api: container(api).update(Image=f"example.org/app:1.3@{DIGEST_2}"),
        [f"image: example.org/app:1.2@{DIGEST_1[:19]} -> example.org/app:1.3@{DIGEST_2[:19]}"],
    ),
    "digest alone": (
        lambda api: container(api).update(Image=f"example.org/app:1.2@{DIGEST_2}"),
        [f"image: example.org/app:1.2@{DIGEST_1[:19]} -> example.org/app:1.2@{DIGEST_2[:19]}"],
    ),
    "limit": (
        lambda api: api.task["Resources"]["Limits"].update(MemoryBytes=2**30),
        ["memory limit: 64MiB -> 1GiB"],
    ),
    "network joined": (
        lambda api: api.task["Networks"].append({"Target": "br"}),
        ["network bridge: not set -> joined"],
    ),
    "network left": (lambda api: api.task.pop("Networks"), ["network web-net: as www -> not set"]),
    "secret": (
        lambda api: container(api).update(
            Secrets=[
                {
                    "SecretID": "s",
                    "SecretName": "by-hand",
                    "File": {"Name": "/x", "UID": "0", "GID": "0", "Mode": 0o400},
                }
            ]
        ),
        ["file /x: not set -> secret by-hand"],
    ),
    "config": (
        lambda api: container(api)["Configs"][0].update(ConfigID="other", ConfigName="web-conf-00000002"),
        ["file /app/config.yml: config web-conf -> config web-conf-00000002"],
    ),
    "mount": (lambda api: container(api).pop("Mounts"), ["mount /data: volume web-data -> not set"]),
    "constraint": (
        lambda api: api.task["Placement"].update(Constraints=["node.hostname==a"]),
        ["runs on: node.labels.a==b -> node.hostname==a"],
    ),
    "port": (
        lambda api: api.service["Spec"]["EndpointSpec"].update(
            Ports=[{"PublishedPort": 80, "TargetPort": 3000, "PublishMode": "host", "Protocol": "tcp"}]
        ),
        ["published port 80: not set -> 3000 host"],
    ),
    "restart policy": (
        lambda api: api.task["RestartPolicy"].update(Delay=0),
        ["restart delay: 5s -> not set"],
    ),
    "health check": (
        lambda api: container(api)["Healthcheck"].update(Interval=30 * SECOND),
        ["health check interval: 2s -> 30s"],
    ),
    "update policy": (
        lambda api: api.service["Spec"]["UpdateConfig"].update(Order="stop-first"),
        ["update order: start-first -> stop-first"],
    ),
    "log driver": (
        lambda api: api.task.pop("LogDriver"),
        ["log driver: json-file -> not set", "log max-size: 10m -> not set"],
    ),
    "user": (lambda api: container(api).update(User="root"), ["user: not set -> root"]),
    "capability": (
        lambda api: container(api).update(CapabilityAdd=["CAP_SYS_ADMIN"]),
        ['ContainerSpec.CapabilityAdd: not set -> ["CAP_SYS_ADMIN"]'],
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_by_hand_is_named(boundaries: Boundaries, what: str) -> None:
    edit, expected = CHANGES[what]
    api = deployed(boundaries)
    edit(api)
    found = report(LOCAL)
    assert sentences(found) == [f"service web: {each}" for each in expected]
    assert "hunter2" not in str(found.as_data())
    assert {each.changed for each in found.drift} == {"2026-11-27T18:00:00.5Z"}
    assert not found.is_quiet


ALIKE: dict[str, Change] = {
    "nothing": lambda api: None,
    "an update has ended": lambda api: api.service.update(
        UpdateStatus={"State": "updating"}, UpdatedAt="later"
    ),
    "the version counts on": lambda api: api.service.update(Version={"Index": 99}),
    "no policy for what never failed": lambda api: api.task["RestartPolicy"].pop("MaxAttempts"),
    "other platforms": lambda api: api.task["Placement"].update(Platforms=None),
    "aliases in another order": lambda api: api.task["Networks"][0].update(Aliases=["www"]),
    "engine's empty settings": lambda api: container(api).update(
        Sysctls={}, Hosts=None, Init=None, Privileges={"CredentialSpec": None}
    ),
    "a network of one node": lambda api: api.networks().append(
        {"Id": "x", "Name": "mine", "Scope": "local", "Driver": "bridge"}
    ),
}


@pytest.mark.parametrize("what", ALIKE)
def test_what_changes_by_itself_is_no_drift(boundaries: Boundaries, what: str) -> None:
    api = deployed(boundaries)
    ALIKE[what](api)
    found = report(LOCAL)
    assert (found.drift, found.unasked, found.is_quiet) == ([], [], True)
    assert "the swarm: 1 service and its nodes" in found.asked


def test_an_edit_that_nobody_has_deployed_is_no_drift(boundaries: Boundaries) -> None:
    """The code of the fixture declares other services; the state says what was deployed."""
    deployed(boundaries)
    boundaries.services.changes = [change("docker_service.redis", "create", after={})]
    assert report(LOCAL).is_quiet


def test_a_restart_by_hand_is_a_note_since_the_next_deploy_restarts_the_service_again(
    boundaries: Boundaries,
) -> None:
    deployed(boundaries).task["ForceUpdate"] = 1
    found = report(LOCAL)
    assert found.is_quiet
    (note,) = found.notes
    assert note.startswith("service web was restarted with docker service update --force; the next deploy")


def test_a_rollback_by_the_swarm_is_named_as_one(boundaries: Boundaries) -> None:
    api = deployed(boundaries)
    api.service["UpdateStatus"] = {"State": "rollback_completed"}
    container(api)["User"] = "old"
    assert sentences(report(LOCAL)) == [
        "service web: user (the swarm itself rolled an update back): not set -> old"
    ]


def test_a_service_that_is_gone_or_was_made_again(boundaries: Boundaries) -> None:
    api = deployed(boundaries)
    api.service["ID"] = "another"
    assert sentences(report(LOCAL)) == ["service web: was removed and made again, not by a deploy"]
    api.services().clear()
    assert sentences(report(LOCAL)) == ["service web: is gone"]


DEPLOY = "python -m ops deploy --env local"


@pytest.mark.parametrize(
    ("planned", "fix"),
    [
        (("update",), f"a deploy puts it back: {DEPLOY}; or declare it, if it should stay"),
        (("create",), f"a deploy makes it again: {DEPLOY}"),
        (
            ("delete", "create"),
            "a deploy would replace it: look at the plan first: python -m ops plan --env local",
        ),
        ((), "a deploy leaves it as it is; undo it by hand, or declare it"),
    ],
)
def test_what_to_do_is_what_terraform_plans(
    boundaries: Boundaries, planned: tuple[str, ...], fix: str
) -> None:
    api = deployed(boundaries)
    container(api)["User"] = "root"
    boundaries.services.changes = (
        [change("docker_service.web", *planned, before={}, after={})] if planned else []
    )
    assert [each.fix for each in report(LOCAL).drift] == [fix]


def test_what_the_provider_has_no_attribute_for_stays(boundaries: Boundaries) -> None:
    container(deployed(boundaries))["Init"] = True
    (found,) = report(LOCAL).drift
    assert found.sentence == "ContainerSpec.Init: not set -> true"
    assert found.fix.startswith("a deploy leaves it as it is: Terraform's provider does not read it; ")


def _drift(**after: Any) -> dict[str, Any]:
    return {
        "resource_drift": [
            change("docker_service.web", "update", before=RECORDED, after={**RECORDED, **after})
        ]
    }


def test_what_only_terraform_has_a_word_for_is_named_by_its_path(boundaries: Boundaries) -> None:
    deployed(boundaries)
    boundaries.services.context = _drift(
        auth=[{"server_address": "example.org"}], labels=[], converge_config=[{}]
    )
    boundaries.services.context["resource_drift"][0]["change"]["after"]["labels"] = RECORDED["labels"]
    assert sentences(report(LOCAL)) == ["service web: auth.server_address: not set -> set (value not shown)"]


def test_another_spelling_of_nothing_is_no_drift(boundaries: Boundaries) -> None:
    deployed(boundaries)
    boundaries.services.context = _drift(auth=[], mode=[{"global": None, "replicated": [{"replicas": 2}]}])
    assert report(LOCAL).is_quiet
