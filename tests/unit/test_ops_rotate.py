"""Rotation: what is chosen, what its plan may do, what is tried afterwards, and that no value is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

import pytest

from layers.loading import load_environment
from layers.rotation import Rotation, Server, impossible, tried_at, untried
from ops.errors import Interrupted, OpsError, Refused, WrongUse
from ops.model.changes import from_terraform
from ops.model.inventory import from_synthesis
from ops.paths import ROOT
from ops.report.compare import compare
from ops.rotate import proof
from ops.rotate import rotate as rotating
from ops.rotate.effect import Effect
from ops.rotate.login import Attempt, Logins, Verdict
from ops.rotate.secret import Secret, chosen, values_of
from ops.swarm.containers import Finished, Tasks
from ops.terraform import target as targets_module
from ops.terraform.synth import Synthesized
from ops.terraform.target import Targets
from tests.unit.ops_boundaries import Boundaries, documents_of
from tests.unit.ops_cloud import change, plan
from tests.unit.ops_fixtures import secret as docker_secret
from tests.unit.ops_fixtures import service, stack
from tests.unit.ops_terraform import resource

LOCAL = load_environment("local")
OLD, NEW = "old-value-of-redis", "new-value-of-redis"
VALUE, FILE, SERVER = "random_password.redis_password", "docker_secret.redis_conf", "docker_service.redis"


def generated(name: str = "redis-password", rotation: Rotation = tried_at(Server.REDIS, "default")) -> Secret:
    reference = f"random_password.{name.replace('-', '_')}.result"
    return Secret(name=name, owner="generated", reference=reference, rotation=rotation)


def supplied(name: str) -> Secret:
    return Secret(
        name=name,
        owner="supplied",
        reference=f"var.{name.replace('-', '_')}",
        rotation=untried("the outside world decides"),
    )


KEY = generated("grafana-secret-key", impossible("it cannot", instead="do something else"))
JWT = generated("jwt-key", untried("nobody can be asked", ends="every player signs in again"))

# -- what is chosen ----------------------------------------------------------------------------------------------


def test_without_names_all_that_can_be_rotated_are_chosen() -> None:
    assert chosen([generated(), KEY, JWT], [], "local") == [generated(), JWT]


def test_a_name_counts_once_and_an_unknown_one_is_wrong_use() -> None:
    assert chosen([generated(), JWT], ["jwt-key", "jwt-key"], "local") == [JWT]
    with pytest.raises(WrongUse) as caught:
        chosen([generated(), JWT], ["redis-pasword"], "local")
    assert str(caught.value) == "local has no secret 'redis-pasword'\n  did you mean redis-password?"


def test_a_name_may_be_that_of_its_variable() -> None:
    token = supplied("dns-token")
    assert chosen([token], ["TF_VAR_dns_token"], "prod") == [token]


def test_the_end_of_several_names_is_answered_with_all_of_them() -> None:
    with pytest.raises(WrongUse, match=r"did you mean dev-jwt-key or staging-jwt-key\?"):
        chosen([generated("dev-jwt-key"), generated("staging-jwt-key")], ["jwt-key"], "staging")


@pytest.mark.parametrize(
    ("name", "reason", "way"),
    [
        (
            "host-key",
            "reads it at its first boot only, so it is rotated by replacing the node",
            "python -m ops replace-node --env prod --node NAME --dead --ends-swarm",
        ),
        ("worker-host-key", "by replacing the node", "python -m ops replace-node --env prod --node NAME"),
        ("ssh-keys", "people make their own", "then: python -m ops keys --env prod"),
        ("join-token", "the swarm makes it", "docker swarm join-token --rotate worker"),
        ("DIGITALOCEAN_TOKEN", "only the shell and CI", "set DIGITALOCEAN_TOKEN in the shell and in CI"),
        (
            "tailscale-key",
            "one that has joined does not need it",
            "export it as TF_VAR_tailscale_key_<pool>_<number>",
        ),
        ("TF_ENCRYPTION", "it opens the state", "the old one as fallback"),
        ("registry-token", "its file does not have platform/login", "there is nothing to rotate"),
        ("dns-token", "its file does not have ingress/acme/challenge: dns", "there is nothing to rotate"),
    ],
)
def test_a_credential_that_is_not_in_the_list_is_refused_with_what_changes_it(
    name: str, reason: str, way: str
) -> None:
    with pytest.raises(Refused) as caught:
        chosen([generated()], ["redis-password", name], "prod", has_nodes=True)
    assert "nothing is rotated in prod; nothing was changed" in str(caught.value)
    assert reason in str(caught.value) and way in str(caught.value)


def test_keys_of_nodes_are_those_of_an_environment_with_nodes() -> None:
    with pytest.raises(Refused, match="local has no host-key: its node is this machine"):
        chosen([generated()], ["host-key"], "local")


def test_one_that_no_deploy_can_change_is_refused_with_the_way() -> None:
    with pytest.raises(Refused) as caught:
        chosen([generated(), KEY], ["redis-password", "grafana-secret-key"], "local")
    assert "grafana-secret-key cannot be rotated: it cannot\n    do something else" in str(caught.value)


def test_values_come_from_the_state_of_terraform() -> None:
    state = {"values": {"root_module": {"resources": [resource(VALUE, result=OLD)]}}}
    assert values_of([generated(), JWT, supplied("token")], state) == {"redis-password": OLD}


# -- what its plan may do ----------------------------------------------------------------------------------------


def new_value(**more: Any) -> list[dict[str, Any]]:
    """A plan that gives Redis a new password, and nothing else."""
    return [
        change(VALUE, "create", "delete", before={"result": OLD}, after={}),
        change(FILE, "create", "delete", before={"name": "redis-conf-1"}, after={}),
        change(SERVER, "update", before={"name": "redis"}, after={"name": "redis", **more}),
    ]


def effect(
    *changes: dict[str, Any],
    secrets: tuple[Secret, ...] = (generated(),),
    document: dict[str, Any] | None = None,
    before: dict[str, Any] | None = None,
) -> Effect:
    wanted = from_synthesis(document or stack())
    planned = plan(*changes)
    report = compare(
        "local-services",
        before=from_synthesis(before or stack()),
        after=wanted,
        planned=from_terraform(planned),
        compared_with="the swarm",
    )
    return Effect(secrets=secrets, wanted=wanted, plan=planned, report=report)


def test_what_follows_from_the_value_may_change_and_is_told_with_its_length() -> None:
    found = effect(*new_value())
    assert list(found.others("local")) == []
    lines = list(rotating.lines_of(found))
    assert lines == [
        "new values: redis-password",
        "restarts 1 service, each after those that it connects to:",
        "  redis  down for up to 70 s",
        "go on, but are connected to one that is away: web",
        "from the first stop to the last start: up to 70 s",
    ]


@pytest.mark.parametrize(
    "other",
    [
        change("docker_config.web_conf", "create", "delete", before={}, after={}),
        change("docker_service.web", "update", before={"name": "web"}, after={"name": "web"}),
        change("random_password.jwt_key", "create", after={}),
        change("docker_volume.redis_data", "delete", before={"name": "sprocket-redis"}),
    ],
    ids=lambda other: other["address"],
)
def test_anything_else_in_the_plan_is_refused(other: dict[str, Any]) -> None:
    (found,) = effect(*new_value(), other).others("local")
    assert other["address"] in found.what and "make up ENV=local" in found.fix


def test_an_edit_of_a_service_that_restarts_anyway_is_refused_too() -> None:
    edited = stack()
    edited["resource"]["docker_service"]["redis"]["update_config"] = {"order": "start-first"}
    (found,) = effect(*new_value(), document=edited).others("local")
    assert "change redis: setting" in found.what


def test_the_length_counts_servers_before_their_clients() -> None:
    document = stack()
    document["resource"]["docker_service"]["core"] = {
        **service("platform/core", name="core", order="stop-first", secrets={"/conf": "redis_conf"}),
        "depends_on": [SERVER],
    }
    changes = [*new_value(), change("docker_service.core", "update", before={}, after={"name": "core"})]
    assert effect(*changes, document=document, before=document).longest_s == 140


def test_a_supplied_value_that_is_deployed_already_is_known_by_the_plan() -> None:
    document = stack()
    document["locals"]["token"] = "${var.token}"
    document["resource"]["docker_secret"]["token"] = docker_secret("data/token", name="token", local="token")
    token = supplied("token")
    same = effect(*new_value(), secrets=(generated(), token), document=document, before=document)
    assert same.unchanged == [token]
    assert "  left as it is: token; TF_VAR_token has the deployed value" in list(rotating.lines_of(same))
    other = change("docker_secret.token", "create", "delete", before={}, after={})
    assert effect(other, secrets=(token,), document=document, before=document).unchanged == []


# -- the whole of it ---------------------------------------------------------------------------------------------


class Scripted:
    """Servers that accept what they are told to; keeps what was tried."""

    def __init__(self, *accepted: str) -> None:
        self.accepted = accepted
        self.tried: list[str] = []

    def attempt(self, secret: Secret, values: Mapping[str, str]) -> Attempt:
        self.tried.append(values[secret.name])
        accepted = values[secret.name] in self.accepted
        return Attempt(verdict=Verdict.ACCEPTED if accepted else Verdict.REFUSED, said="no")


@pytest.fixture
def deployed(boundaries: Boundaries, monkeypatch: pytest.MonkeyPatch) -> Boundaries:
    """An environment whose Redis has the old password, and a Terraform that makes the new one."""
    both = documents_of(LOCAL)
    found = Synthesized(out=boundaries.root, stacks={LOCAL.services_stack: both[LOCAL.services_stack]})
    monkeypatch.setattr(targets_module, "synthesize", lambda environment, off=False: found)
    monkeypatch.setattr(rotating, "secrets_of", lambda environment: [generated(), JWT, KEY])
    monkeypatch.setattr(rotating, "obstacles", lambda target: [])
    monkeypatch.setattr(proof, "engines", lambda target: nullcontext([boundaries.swarm]))
    boundaries.services.resources = [
        resource(VALUE, result=OLD),
        resource("random_password.jwt_key", result="old-jwt-key"),
        resource(FILE, id="secret-1", name="redis-conf-1"),
        resource(SERVER, id="redis", name="redis"),
        resource("docker_service.web", id="web", name="web"),
    ]
    boundaries.services.changes = new_value()
    boundaries.services.context = {"prior_state": None}
    boundaries.swarm.names_["secret"] = {"redis-conf-1": "secret-1"}

    def made_anew() -> None:
        boundaries.services.resources[0] = resource(VALUE, result=NEW)
        boundaries.swarm.names_["secret"] = {"redis-conf-2": "secret-2"}

    boundaries.services.on_apply = made_anew
    # The report is held against what is deployed; that is the stack itself here.
    monkeypatch.setattr(rotating, "report_of_plan", lambda target, plan: effect(*new_value()).report)
    return boundaries


def run(*names: str, plan_only: bool = False, ask: Callable[[str], bool] | None = None) -> None:
    rotating.rotate("local", names, plan_only=plan_only, stable_s=1, parallelism=1, ask=ask)


def answers(patch: pytest.MonkeyPatch, *accepted: str) -> Scripted:
    scripted = Scripted(*accepted)
    patch.setattr(proof, "Logins", lambda target, tasks, secrets: scripted)
    return scripted


def test_a_value_is_made_anew_and_both_are_tried(
    deployed: Boundaries, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    servers = answers(monkeypatch, NEW)
    run("redis-password")
    assert deployed.services.planned == [((VALUE,), ())]
    assert deployed.done == ["services apply"]
    assert servers.tried == [NEW, OLD]
    told = capsys.readouterr()
    assert "redis-password: Redis accepts the new value and refuses the old one" in told.err
    assert told.err.endswith("1 secret rotated\n")
    assert OLD not in told.out + told.err and NEW not in told.out + told.err


def test_the_plan_changes_nothing(
    deployed: Boundaries, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    servers = answers(monkeypatch)
    run("redis-password", plan_only=True)
    assert deployed.services.planned == [((VALUE,), ())]
    assert (deployed.done, servers.tried) == ([], [])
    assert "redis  down for up to 70 s" in capsys.readouterr().out


def test_no_is_an_answer(deployed: Boundaries) -> None:
    with pytest.raises(OpsError, match="not approved; nothing was changed"):
        run("redis-password", ask=lambda question: False)
    assert deployed.done == []


def test_an_old_value_that_is_still_accepted_is_an_error(
    deployed: Boundaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, NEW, OLD)
    with pytest.raises(OpsError, match="redis-password: Redis still accepts the old value"):
        run("redis-password")


def test_a_new_value_that_is_not_accepted_is_waited_for_then_an_error(
    deployed: Boundaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch)
    with pytest.raises(OpsError, match="Redis does not accept the new value: no"):
        run("redis-password")
    assert deployed.clock.now >= proof.ACCEPTED_WITHIN_S


def test_a_secret_of_the_swarm_with_the_old_value_is_an_error(
    deployed: Boundaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, NEW)
    deployed.services.on_apply = lambda: None
    with pytest.raises(OpsError, match="the swarm still has secret redis-conf-1, which holds an old value"):
        run("redis-password")


def test_all_leaves_out_what_cannot_be_rotated_and_says_what_is_not_tried(
    deployed: Boundaries, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers(monkeypatch, NEW)
    deployed.services.changes.append(
        change("random_password.jwt_key", "create", "delete", before={}, after={})
    )
    run()
    assert deployed.services.planned == [((VALUE, "random_password.jwt_key"), ())]
    told = capsys.readouterr()
    assert "left out: grafana-secret-key: it cannot\n  do something else" in told.err
    assert "jwt-key: rotated; not tried: nobody can be asked" in told.err
    assert "jwt-key: every player signs in again" in told.out


def test_what_is_not_deployed_cannot_be_rotated(deployed: Boundaries) -> None:
    deployed.services.resources = deployed.services.resources[1:]
    with pytest.raises(
        Refused, match="redis-password: not deployed yet\n    deploy first: make up ENV=local"
    ):
        run("redis-password")
    assert deployed.done == []


def test_a_supplied_value_that_is_deployed_already_is_refused_where_nothing_else_changes(
    deployed: Boundaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotating, "secrets_of", lambda environment: [supplied("dns-token")])
    deployed.services.changes = []
    with pytest.raises(Refused, match="dns-token: TF_VAR_dns_token has the value that is deployed already"):
        run("dns-token")
    assert deployed.done == []


def test_an_interrupted_rotation_is_finished_by_make_up(
    deployed: Boundaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers = answers(monkeypatch, NEW)
    deployed.services.interrupted = True
    with pytest.raises(Interrupted, match="continue with make up ENV=local"):
        run("redis-password")
    assert servers.tried == []


def test_an_unclear_answer_is_no_refusal() -> None:
    accepted = Attempt(verdict=Verdict.ACCEPTED)
    unclear = Attempt(verdict=Verdict.UNCLEAR, said="connection refused")
    said = proof.judged(generated(), accepted, unclear)
    assert said == "redis-password: it is unclear whether Redis refuses the old value: connection refused"


# -- how a value is tried ----------------------------------------------------------------------------------------


class FakeTasks(Tasks):
    """Tasks of all services, whose commands print what they are told to."""

    def __init__(self, output: str, code: int) -> None:
        self.finished = Finished(code=code, output=output)
        self.words: list[str] = []
        self.environment: Mapping[str, str] = {}
        self.text = ""

    def container(self, service: str) -> str | None:
        return service

    def run_with_input(
        self, container: str, text: str, *words: str, environment: Mapping[str, str] | None = None
    ) -> Finished:
        self.text, self.words, self.environment = text, [container, *words], environment or {}
        return self.finished


def tried(rotation: Rotation, output: str, code: int = 0, name: str = "x-password") -> tuple[str, FakeTasks]:
    tasks = FakeTasks(output, code)
    target = Targets(cloud=None, services=_target()).services
    secret = generated(name, rotation)
    pair = {"s3-access-key": "ACCESSKEY", "s3-secret-key": "secret-of-the-pair"}
    made = Logins(target, tasks, [secret]).attempt(secret, {**pair, name: pair.get(name, OLD)})
    assert OLD not in made.said
    return str(made.verdict), tasks


def _target() -> Any:
    found = Synthesized(out=ROOT, stacks={LOCAL.services_stack: documents_of(LOCAL)[LOCAL.services_stack]})
    return targets_module.targets_in(LOCAL, found).services


@pytest.mark.parametrize(
    ("rotation", "output", "code", "verdict"),
    [
        (tried_at(Server.REDIS, "default"), "OK\n", 0, "accepted"),
        (
            tried_at(Server.REDIS, "default"),
            "WRONGPASS invalid username-password pair or user is disabled.\n\n",
            0,
            "refused",
        ),
        (
            tried_at(Server.REDIS, "default"),
            "Could not connect to Redis at 127.0.0.1:6379: Connection refused",
            1,
            "unclear",
        ),
        (tried_at(Server.RABBITMQ, "sprocket"), "Success\n", 0, "accepted"),
        (
            tried_at(Server.RABBITMQ, "sprocket"),
            "Error: failed to authenticate user \"sprocket\"\nuser 'sprocket' - invalid credentials\n",
            65,
            "refused",
        ),
        (tried_at(Server.RABBITMQ, "sprocket"), "Error: unable to perform an operation", 69, "unclear"),
        (tried_at(Server.POSTGRES, "telegraf"), "1\n", 0, "accepted"),
        (
            tried_at(Server.POSTGRES, "telegraf"),
            'psql: error: FATAL:  password authentication failed for user "telegraf"',
            2,
            "refused",
        ),
        (tried_at(Server.POSTGRES, "telegraf"), "psql: error: could not translate host name", 2, "unclear"),
        (tried_at(Server.INFLUXDB_PASSWORD, "admin"), "204", 0, "accepted"),
        (tried_at(Server.INFLUXDB_PASSWORD, "admin"), "401", 0, "refused"),
        (tried_at(Server.INFLUXDB_1X, "grafana"), "200", 0, "accepted"),
        (tried_at(Server.INFLUXDB_1X, "grafana"), "401", 0, "refused"),
        (tried_at(Server.INFLUXDB_1X, "grafana"), "curl: (7) Failed to connect", 7, "unclear"),
        (tried_at(Server.GRAFANA, "admin"), "200", 0, "accepted"),
        (tried_at(Server.GRAFANA, "admin"), "401", 0, "refused"),
        (tried_at(Server.S3, "sprocket-root"), "Added `tried` successfully.", 0, "accepted"),
        (
            tried_at(Server.S3, "sprocket-root"),
            "mc: <ERROR> The request signature we calculated does not match the signature you provided.",
            1,
            "refused",
        ),
        (tried_at(Server.S3, "sprocket-root"), "mc: <ERROR> dial tcp: connection refused", 1, "unclear"),
    ],
)
def test_a_servers_answer_is_understood_and_the_value_is_on_standard_input_only(
    rotation: Rotation, output: str, code: int, verdict: str
) -> None:
    found, tasks = tried(rotation, output, code)
    assert found == verdict
    assert OLD in tasks.text
    assert OLD not in "".join(tasks.words) + "".join(tasks.environment.values())


@pytest.mark.parametrize("name", ["s3-access-key", "s3-secret-key"])
def test_the_keys_of_an_account_are_tried_as_a_pair(name: str) -> None:
    missing = "mc: <ERROR> The Access Key Id you provided does not exist in our records."
    found, tasks = tried(tried_at(Server.S3), missing, 1, name=name)
    assert found == "refused"
    assert tasks.text == "ACCESSKEY\nsecret-of-the-pair\n"


def test_a_server_whose_task_cannot_be_reached_is_unclear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeTasks, "container", lambda self, service: None)
    found, _ = tried(tried_at(Server.REDIS, "default"), "")
    assert found == "unclear"
