"""What is not declared on the swarm and its nodes, what could not be asked, and how it is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from layers.loading import load_environment
from ops.cli import app
from ops.drift import nodes, text
from ops.drift.finding import Drift, DriftReport, Unasked
from ops.errors import Obstacle, Refused
from ops.nodes.inventory import nodes_of
from ops.swarm.nodes import SwarmNodes
from tests.unit import ops_nodes
from tests.unit.ops_boundaries import Boundaries
from tests.unit.ops_drift import deployed, report, sentences
from tests.unit.ops_ssh import UNREACHED, FakeNodes, gets_in
from tests.unit.ops_swarm import FakeSwarm

LOCAL, PROD = load_environment("local"), load_environment("prod")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGcTsYKfHoT1Y4PYQ5fM2qCKDOOcGRzNFZ4tnuZWpJiK"
OTHER = KEY[:-4] + "AAAA"


@pytest.fixture
def own_swarm(monkeypatch: pytest.MonkeyPatch) -> None:
    """A swarm that a deploy to this machine has made."""
    monkeypatch.setattr("ops.swarm.local.is_ours", lambda swarm: True)


# -- the swarm -----------------------------------------------------------------------------------------------------


def test_a_service_that_nobody_declares_is_named(boundaries: Boundaries) -> None:
    api = deployed(boundaries)
    raw = {
        "ID": "x",
        "Spec": {
            "Name": "debug",
            "TaskTemplate": {"ContainerSpec": {"Image": "busybox:1"}},
            "Mode": {"Global": {}},
        },
    }
    api.services().append(raw)
    (found,) = report(LOCAL).drift
    assert found.where == "service debug"
    assert (found.sentence, found.fix) == (
        "was not made by a deploy (image busybox:1)",
        "remove it: docker service rm debug; or declare it",
    )


def test_a_service_of_ours_that_the_state_lacks_is_the_next_deploy_s(boundaries: Boundaries) -> None:
    """Redis is declared in the fixture, and not in the state."""
    api = deployed(boundaries)
    api.services().append({"ID": "x", "Spec": {"Name": "redis", "TaskTemplate": {}}})
    (found,) = report(LOCAL).drift
    assert found.fix == "if no deploy runs, an interrupted one left it: python -m ops deploy --env local"


def test_networks_configs_and_secrets_that_nobody_declares_are_named(
    boundaries: Boundaries, own_swarm: None
) -> None:
    api = deployed(boundaries)
    api.networks().append({"Id": "n", "Name": "tunnel", "Scope": "swarm", "Driver": "overlay"})
    api.configs().append({"ID": "c", "Spec": {"Name": "web-conf-ffffffff"}})
    api.secrets().append(
        {"ID": "s", "Spec": {"Name": "spare", "Labels": {}}, "UpdatedAt": "2026-11-27T01:02:03Z"}
    )
    assert sentences(report(LOCAL)) == [
        "network tunnel: was not made by a deploy",
        "config web-conf-ffffffff: another version of web-conf, which no deployed service reads",
        "secret spare: was not made by a deploy",
    ]


def test_networks_and_secrets_of_a_swarm_that_was_there_before_are_its_user_s(boundaries: Boundaries) -> None:
    deployed(boundaries).secrets().append({"ID": "s", "Spec": {"Name": "mine"}})
    assert report(LOCAL).is_quiet


def test_a_node_label_and_a_drained_node_are_named(boundaries: Boundaries) -> None:
    (node,) = deployed(boundaries).nodes()
    node["Spec"] |= {"Availability": "drain", "Labels": {"by": "hand"}}
    assert sentences(report(LOCAL)) == [
        "node here: availability: active -> drain",
        "node here: label by: not set -> hand",
    ]


def raw_node(name: str, role: str = "manager", **labels: str) -> dict[str, Any]:
    return {
        "ID": name,
        "Spec": {"Role": role, "Availability": "active", "Labels": labels},
        # What its engine says of itself counts for nothing.
        "Description": {"Hostname": name, "Engine": {"Labels": {"storage": "wished"}}},
        "Status": {"State": "ready"},
    }


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("20.10.*", []),
        ("20.10.24+dfsg1-1+deb12u1", []),
        ("26.1.*", ["node prod-app-1: engine: 26.1.* -> 20.10.24+dfsg1"]),
        ("20.10.25+dfsg1-1", ["node prod-app-1: engine: 20.10.25+dfsg1 -> 20.10.24+dfsg1"]),
    ],
)
def test_another_engine_than_the_file_says_is_drift(pattern: str, found: list[str]) -> None:
    """The engine does not know the Debian revision of its package."""
    assert PROD.cloud is not None
    settings = PROD.model_copy(update={"cloud": PROD.cloud.model_copy(update={"engine_version": pattern})})
    node = nodes_of(PROD)[0]
    raw = raw_node(node.name, node.role, **node.labels)
    raw["Description"]["Engine"]["EngineVersion"] = "20.10.24+dfsg1"
    drift = list(nodes.changed_nodes(settings, SwarmNodes(FakeSwarm(nodes=[raw])).all()))
    assert [f"{each.where}: {each.sentence}" for each in drift] == found
    assert all("python -m ops upgrade-engine --env prod" in each.fix for each in drift)


def test_nodes_are_held_against_the_environment_s_file() -> None:
    wanted = nodes_of(PROD)
    raws = [raw_node(node.name, node.role, **node.labels) for node in wanted]
    assert list(nodes.changed_nodes(PROD, SwarmNodes(FakeSwarm(nodes=raws)).all())) == []
    raws[0]["Spec"]["Role"] = "worker"
    raws[0]["Spec"]["Labels"] = {"storage": "elsewhere", "by": "hand"}
    raws.append(raw_node("prod-app-9"))
    found = [
        f"{each.where}: {each.sentence}"
        for each in nodes.changed_nodes(PROD, SwarmNodes(FakeSwarm(nodes=raws)).all())
    ]
    assert found == [
        "node prod-app-1: role: manager -> worker",
        "node prod-app-1: label by: not set -> hand",
        "node prod-app-1: label storage: main -> elsewhere",
        "node prod-app-9: was not added by a deploy",
    ]


def test_labels_of_nodes_that_no_cloud_made() -> None:
    """Whoever made such a node has set its pool's labels."""
    pools = {"own": PROD.nodes["app"].model_copy(update={"labels": {"storage": "main"}})}
    settings = PROD.model_copy(update={"cloud": None, "nodes": pools})
    raws = [raw_node("cellar", storage="main", by="hand")]
    (found,) = nodes.changed_nodes(settings, SwarmNodes(FakeSwarm(nodes=raws)).all())
    assert found.sentence == "label by: not set -> hand"


def test_the_entry_that_a_replaced_node_left_is_no_drift() -> None:
    left = raw_node("prod-app-8")
    left["Status"]["State"] = "down"
    raws = [raw_node(node.name, node.role, **node.labels) for node in nodes_of(PROD)]
    assert list(nodes.changed_nodes(PROD, SwarmNodes(FakeSwarm(nodes=[*raws, left])).all())) == []


# -- keys ----------------------------------------------------------------------------------------------------------


def keys(monkeypatch: pytest.MonkeyPatch, *lines: str) -> list[str]:
    """What is found on each of the nodes of rehearsal-4, which all have these lines."""
    monkeypatch.setenv("TF_VAR_ssh_key_rehearsal", f"{KEY} ci")
    FakeNodes(monkeypatch).access = [gets_in("".join(f"{line}\n" for line in lines))]
    found = list(nodes.changed_access(ops_nodes.target()))
    first = ops_nodes.SETTINGS.name
    return [str(each) if isinstance(each, Unasked) else each.what for each in found if first in str(each)]


def test_keys_that_are_declared_are_no_drift(monkeypatch: pytest.MonkeyPatch) -> None:
    assert keys(monkeypatch, "# operators", f"{KEY} another comment", "") == []


def test_a_key_that_was_added_by_hand_is_named_by_its_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = set(keys(monkeypatch, f"{KEY} ci", f"{OTHER} mallory"))
    assert found.startswith("lets in a key that is not declared: SHA256:") and found.endswith("(mallory)")
    assert OTHER.split()[1] not in found


def test_a_key_with_other_options_or_none_at_all_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = set(keys(monkeypatch, f'command="sh" {KEY} ci'))
    assert found.startswith("lets a declared key in with other options: SHA256:")
    (found,) = set(keys(monkeypatch, f"{KEY} ci", "what is this"))
    assert found == "lets in a key that is not declared: a line that is no key"


def test_a_declared_key_that_a_node_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = set(keys(monkeypatch))
    assert found.startswith("lacks the key SHA256:")


def test_a_node_that_does_not_answer_is_not_an_unchanged_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_VAR_ssh_key_rehearsal", KEY)
    FakeNodes(monkeypatch).access = [UNREACHED]
    found = list(nodes.changed_access(ops_nodes.target()))
    assert len(found) == len(nodes_of(ops_nodes.SETTINGS))
    assert all(isinstance(each, Unasked) and "Connection refused" in each.why for each in found)


# -- what could not be asked ---------------------------------------------------------------------------------------


def test_an_engine_that_does_not_answer_is_said(boundaries: Boundaries) -> None:
    deployed(boundaries)
    boundaries.swarm.answers = False
    found = report(LOCAL)
    assert (found.drift, found.is_quiet) == ([], False)
    assert [each.what for each in found.unasked] == ["the services stack"]
    assert "does not answer" in str(found.unasked[0])


def test_what_was_never_deployed_is_said(boundaries: Boundaries) -> None:
    found = report(LOCAL)
    assert [str(each) for each in found.unasked] == [
        "the services stack: it is not deployed: its state is empty"
    ]


def test_the_swarm_is_asked_also_where_terraform_cannot_plan(
    boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ops.terraform.runner import Outcome, TerraformFailed

    def crash(*args: object, **kwargs: object) -> bool:
        raise TerraformFailed("terraform plan", Outcome(code=1))

    deployed(boundaries).task["ContainerSpec"]["User"] = "root"
    monkeypatch.setattr(boundaries.services, "plan", crash)
    monkeypatch.setattr(boundaries.services, "refresh_only", crash)
    found = report(LOCAL)
    assert sentences(found) == ["service web: user: not set -> root"]
    assert [each.what for each in found.unasked] == ["Terraform about local-services"]
    assert found.drift[0].fix == "undo it by hand: a deploy fails like the plan"


# -- how it is told ------------------------------------------------------------------------------------------------

FOUND = DriftReport(
    environment="prod",
    asked=["prod-cloud: 2 resources"],
    drift=[
        Drift(
            place="prod-services",
            where="service web",
            what="replicas",
            before="1",
            now="3",
            changed="2026-11-27T18:00:00.5Z",
            fix="a",
        ),
        Drift(place="prod-services", where="service web", what="user", now="root", fix="a"),
        Drift(place="prod-cloud", where="DNS record x.org", what="is gone", fix="b"),
    ],
    notes=["a note"],
    unasked=[Unasked(what="the nodes' keys", why="no answer")],
)


def test_the_text_has_what_where_since_when_and_what_to_do() -> None:
    assert text.render(FOUND) == (
        "prod: 3 changes that no deploy made in what was asked, but 1 part could not be asked\n"
        "  ! service web (prod-services), last changed 2026-11-27 18:00:00 UTC\n"
        "      replicas: 1 -> 3\n"
        "      user: not set -> root\n"
        "      fix: a\n"
        "  ! DNS record x.org (prod-cloud)\n"
        "      is gone\n"
        "      fix: b\n"
        "  ? not asked: the nodes' keys: no answer\n"
        "  - a note\n"
        "asked: prod-cloud: 2 resources\n"
    )


def test_a_quiet_report_is_two_lines() -> None:
    assert text.render(DriftReport(environment="local", asked=["the swarm"])) == (
        "local: no drift\nasked: the swarm\n"
    )


def test_where_nothing_answers_nothing_is_called_unchanged() -> None:
    silent = DriftReport(environment="local", unasked=[Unasked(what="the services stack", why="no answer")])
    assert text.render(silent) == (
        "local: nothing is known: 1 part could not be asked\n  ? not asked: the services stack: no answer\n"
    )


def test_what_was_read_while_somebody_deployed_says_nothing(
    boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state is another one at the end than it was at the beginning."""
    deployed(boundaries).task["ContainerSpec"]["User"] = "half way"
    planned = boundaries.services.plan

    def plan(*args: Any, **kwargs: Any) -> bool:
        boundaries.services.resources = boundaries.services.resources[:-1]
        return planned(*args, **kwargs)

    monkeypatch.setattr(boundaries.services, "plan", plan)
    found = report(LOCAL)
    assert found.drift == []
    assert [str(each) for each in found.unasked] == [
        "the services stack: somebody deployed meanwhile (run this command again)"
    ]


def test_all_that_a_question_lacks_is_said(boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> dict[str, Any]:
        raise Refused("the state cannot be read", [Obstacle(what="KEY is not set", fix="export it")])

    monkeypatch.setattr(boundaries.services, "state", refuse)
    assert [each.why for each in report(LOCAL).unasked] == ["the state cannot be read: KEY is not set"]


def test_known_secrets_are_taken_out_of_everything() -> None:
    drift = Drift(place="p", where="w", what="label", before="the-secret-value", now="x the-secret-value")
    found = DriftReport(environment="e", drift=[drift], notes=["the-secret-value"]).without(
        {"the-secret-value"}
    )
    assert "the-secret-value" not in json.dumps(found.as_data())


@pytest.mark.parametrize(("drifted", "code"), [(False, 0), (True, 1)])
def test_the_command_exits_with_1_on_drift_and_prints_json(
    boundaries: Boundaries,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    drifted: bool,
    code: int,
) -> None:
    from ops.terraform.target import Targets
    from tests.unit.ops_boundaries import targets_of

    api = deployed(boundaries)
    if drifted:
        api.task["ContainerSpec"]["User"] = "root"
    alone = Targets(cloud=None, services=targets_of(LOCAL).services)
    monkeypatch.setattr("ops.terraform.target.targets_of", lambda environment: alone)
    monkeypatch.setattr("sys.argv", ["ops", "drift", "--json"])
    with pytest.raises(SystemExit) as ended:
        app.main()
    told = json.loads(capsys.readouterr().out)
    assert (ended.value.code, told["quiet"], len(told["drift"])) == (code, not drifted, int(drifted))
