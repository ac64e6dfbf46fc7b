"""The registry's token is rotated: asked about first, given to each service that pulls with it, and the old one tried."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any, cast

import docker.errors
import pytest

from layers.loading import load_environment
from layers.rotation import Server, tried_at
from layers.settings.platform import RegistryLogin
from ops.errors import OpsError, Refused
from ops.rotate import proof, registry_token
from ops.rotate import rotate as rotating
from ops.rotate.registry_token import OLD as OLD_VARIABLE
from ops.rotate.registry_token import OLD_USER
from ops.rotate.secret import Secret
from ops.swarm.engine import Swarm
from ops.terraform import target as targets_module
from ops.terraform.synth import Synthesized
from tests.unit.fake_registry import FakeRegistry, serving
from tests.unit.ops_boundaries import Boundaries, documents_of
from tests.unit.ops_swarm import task
from tests.unit.ops_terraform import resource
from tests.unit.test_ops_rotate import VALUE, Scripted, effect, generated, new_value

LOCAL = load_environment("local")
OLD, NEW = "ghp-old-token", "ghp-new-token"
TOKEN = Secret(
    name="registry-token",
    owner="supplied",
    reference="var.registry_token",
    rotation=tried_at(Server.REGISTRY, "bot", ends="replace it in CI, too"),
)


class Engine:
    """The engine's API as far as services go; keeps each with the login that it pulls with, which it never tells.

    Attributes:
        logins: by name of the service.
        busy: how many updates come too late, since somebody else changed the service.
        before_update: happens before each update, with the service's name.
        gone: ids that were made anew under another one since they were listed.
    """

    def __init__(self, images: dict[str, str]) -> None:
        self.services_: dict[str, dict[str, Any]] = {
            name: {
                "ID": name,
                "Version": {"Index": 7},
                "Spec": {
                    "Name": name,
                    "Mode": {"Replicated": {"Replicas": 1}},
                    "TaskTemplate": {"ContainerSpec": {"Image": image, "Env": None}},
                },
            }
            for name, image in images.items()
        }
        self.specs = {name: copy.deepcopy(raw["Spec"]) for name, raw in self.services_.items()}
        self.logins: dict[str, dict[str, str]] = {}
        self.busy = 0
        self.gone: set[str] = set()
        self.before_update: Callable[[str], object] = lambda name: None

    def info(self) -> dict[str, Any]:
        return {"Name": "manager"}

    def services(self) -> list[dict[str, Any]]:
        return list(self.services_.values())

    def inspect_service(self, id_: str) -> dict[str, Any]:
        if id_ in self.gone:
            raise docker.errors.NotFound("404 Client Error", explanation=f"service {id_} not found")
        return copy.deepcopy(self.services_[id_])

    def _url(self, path: str, id_: str) -> str:
        assert path == "/services/{0}/update"
        return id_

    def _post_json(
        self, url: str, data: Any, *, params: dict[str, Any], headers: dict[str, str]
    ) -> dict[str, Any]:
        self.before_update(url)
        raw = self.services_[url]
        if self.busy:
            self.busy -= 1
            raw["Version"]["Index"] += 1
        if params != {"version": raw["Version"]["Index"]}:
            return {"error": "rpc error: update out of sequence"}
        raw["Version"]["Index"] += 1
        self.specs[url] = data
        self.logins[url] = json.loads(base64.urlsafe_b64decode(headers["X-Registry-Auth"]))
        return {}

    def _raise_for_status(self, answer: dict[str, Any]) -> None:
        if answer:
            raise docker.errors.APIError("500 Server Error", explanation=answer["error"])


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    """One in which both tokens are good."""
    with serving(FakeRegistry(user="bot", password=NEW)) as found:
        found.more = {OLD}
        yield found


class World:
    """Two services with an image of the registry, one with another, and one of somebody else."""

    def __init__(
        self, patch: pytest.MonkeyPatch, boundaries: Boundaries, registry: FakeRegistry, secrets: list[Secret]
    ) -> None:
        self.registry = registry
        self.boundaries = boundaries
        images = {
            name: f"{registry.host}/org/{name}:1@{registry.image(f'org/{name}', '1')}"
            for name in ("core", "web")
        }
        self.engine = Engine({**images, "redis": "redis:8", "foreign": images["web"]})
        login = RegistryLogin(registry=registry.host, user="bot")
        settings = LOCAL.model_copy(update={"platform": LOCAL.platform.model_copy(update={"login": login})})
        patch.setattr(targets_module, "load_environment", lambda name: settings)
        stacks = {LOCAL.services_stack: documents_of(LOCAL)[LOCAL.services_stack]}
        patch.setattr(
            targets_module,
            "synthesize",
            lambda environment, off=False: Synthesized(out=boundaries.root, stacks=stacks),
        )
        patch.setattr(rotating, "secrets_of", lambda environment: secrets)
        patch.setattr(rotating, "obstacles", lambda target: [])
        boundaries.swarm._api = self.engine
        patch.setattr(boundaries.swarm, "services", lambda: Swarm(cast(Any, self.engine)).services())
        boundaries.swarm.tasks_ = [task(f"task-{name}", name) for name in ("core", "web", "redis")]
        boundaries.services.resources = [
            resource(f"docker_service.{name}", id=name, name=name) for name in ("core", "web", "redis")
        ]

    @property
    def tokens(self) -> dict[str, str]:
        """What each service pulls with; only those that were given something."""
        return {name: login["password"] for name, login in self.engine.logins.items()}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, boundaries: Boundaries, registry: FakeRegistry) -> World:
    monkeypatch.setenv("TF_VAR_registry_token", NEW)
    monkeypatch.setenv(OLD_VARIABLE, OLD)
    monkeypatch.setattr(registry_token, "_MADE_AT", {registry.host: "GitHub"})
    return World(monkeypatch, boundaries, registry, [TOKEN])


def run(*, plan_only: bool = False, ask: Callable[[str], bool] | None = None) -> None:
    rotating.rotate("local", ["registry-token"], plan_only=plan_only, stable_s=1, parallelism=1, ask=ask)


def refused(**options: Any) -> str:
    with pytest.raises(Refused) as caught:
        run(**options)
    return str(caught.value)


def test_every_service_that_pulls_with_it_gets_the_new_one_and_no_task_ends(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    specs = copy.deepcopy(world.engine.specs)
    asked: list[str] = []
    world.registry.more = set()

    def yes(question: str) -> bool:
        asked.append(question)
        assert world.tokens == {}
        return True

    run(ask=yes)
    assert world.tokens == {"core": NEW, "web": NEW}
    assert world.engine.logins["web"] == {
        "username": "bot",
        "password": NEW,
        "serveraddress": world.registry.host,
    }
    assert world.engine.specs == specs
    assert asked == ["rotate 1 secret of local?"]
    # Terraform has nothing to do with it.
    assert (world.boundaries.done, world.boundaries.services.planned) == ([], [])
    told = capsys.readouterr()
    host = world.registry.host
    assert (
        f"new login at {host} for later pulls of 2 services, no task restarts: core, web\n"
        "  registry-token: replace it in CI, too\n"
    ) in told.out
    assert (
        f"registry-token: {host} accepts the new value and refuses the old one; 2 services have it"
        in told.err
    )
    assert OLD not in told.out + told.err and NEW not in told.out + told.err


def test_an_old_one_that_is_not_revoked_yet_is_not_done_and_another_run_says_when_it_is(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(OpsError) as caught:
        run()
    assert world.tokens == {"core": NEW, "web": NEW}
    assert (
        f"registry-token: 2 services have it, but it is not done: {world.registry.host} still accepts the old value. Next: revoke the "
        "old one where it was made (GitHub), and run the same command again"
    ) in str(caught.value)
    world.registry.more = set()
    run()
    assert "accepts the new value and refuses the old one" in capsys.readouterr().err


def test_an_image_that_the_registry_has_no_more_keeps_no_token_from_being_rotated(world: World) -> None:
    world.registry.more = set()
    world.registry.tags.pop("org/core")
    run()
    assert world.tokens == {"core": NEW, "web": NEW}


def test_where_the_registry_has_none_of_the_images_nothing_tells_whether_the_token_is_good(
    world: World,
) -> None:
    for repository in ("org/core", "org/web"):
        world.registry.tags.pop(repository)
    assert "registry-token: " in (told := refused()) and "has no image" in told
    assert world.tokens == {}


def test_a_service_that_goes_meanwhile_needs_no_login(world: World) -> None:
    world.registry.more = set()

    def go(name: str) -> None:
        world.engine.gone.add("web")

    world.engine.before_update = go
    run()
    assert world.tokens == {"core": NEW}


def test_without_the_old_one_it_says_what_is_left_and_how_to_see_it(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(OLD_VARIABLE)
    run()
    told = capsys.readouterr().err
    assert "accepts the new value, and 2 services have it; the old one was not tried" in told
    assert (
        "next: revoke the old one where it was made (GitHub); to see that it is refused, export it as "
        "SPROCKET_OLD_REGISTRY_TOKEN and run the same command again"
    ) in told
    assert "refuses the old one" not in told


def test_the_old_one_is_tried_as_its_own_user(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With another user's name it would be refused although nobody has revoked it."""
    monkeypatch.setenv(OLD_USER, "somebody")
    world.registry.more = set()
    world.registry.others = {("somebody", OLD)}
    with pytest.raises(OpsError, match="still accepts the old value"):
        run()
    monkeypatch.delenv(OLD_USER)
    run()


def test_the_plan_and_a_no_change_nothing(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    run(plan_only=True)
    assert "no task restarts: core, web" in capsys.readouterr().out
    with pytest.raises(OpsError, match="not approved; nothing was changed"):
        run(ask=lambda question: False)
    assert world.tokens == {}


def test_a_new_one_that_does_not_open_every_image_is_refused_before_anything_is_changed(world: World) -> None:
    world.registry.password = "something else"
    said = refused()
    assert (
        f"registry-token: the registry does not let bot read {world.registry.host}/org/core (token from TF_VAR_registry_token)"
        in said
    )
    assert "export a token that may read these packages as TF_VAR_registry_token (GitHub)" in said
    assert NEW not in said
    assert world.tokens == {}


def test_the_same_value_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OLD_VARIABLE, NEW)
    assert "TF_VAR_registry_token and SPROCKET_OLD_REGISTRY_TOKEN have the same value" in refused()


def test_a_registry_that_asks_nobody_says_nothing_about_a_token(world: World) -> None:
    world.registry.user = ""
    assert "gives " in (said := refused()) and "to everybody, without a login" in said


@pytest.mark.parametrize("state", ["updating", "paused", "rollback_started", "rollback_paused"])
def test_an_update_that_is_under_way_is_not_cut_off(world: World, state: str) -> None:
    world.engine.services_["web"]["UpdateStatus"] = {"State": state}
    assert (
        "registry-token: the last update of web has not come to its end\n    make up ENV=local" in refused()
    )
    assert world.tokens == {}


def test_without_a_service_of_the_registry_there_is_nothing_to_rotate(world: World) -> None:
    world.boundaries.services.resources = []
    assert "no service that runs has an image at" in refused()


def test_one_that_is_killed_half_way_is_finished_by_the_same_command(world: World) -> None:
    world.registry.more = set()

    def killed(name: str) -> None:
        if name == "web":
            raise KeyboardInterrupt

    world.engine.before_update = killed
    with pytest.raises(KeyboardInterrupt):
        run()
    assert world.tokens == {"core": NEW}
    world.engine.before_update = lambda name: None
    run()
    assert world.tokens == {"core": NEW, "web": NEW}


def test_a_service_that_somebody_changes_meanwhile_is_tried_again_then_said(world: World) -> None:
    world.registry.more = set()
    world.engine.busy = 2
    run()
    assert world.tokens == {"core": NEW, "web": NEW}
    world.engine.busy = 4
    with pytest.raises(OpsError) as caught:
        run()
    assert "0 of 2 services have the new value; service core: rpc error: update out of sequence" in str(
        caught.value
    )
    assert caught.value.fix == "do not revoke the old one yet, and run the same command again"


def test_a_task_that_ended_is_said(world: World) -> None:
    world.registry.more = set()

    def restarts(name: str) -> None:
        world.boundaries.swarm.tasks_ = [task(f"second-{each}", each) for each in ("core", "web", "redis")]

    world.engine.before_update = restarts
    with pytest.raises(OpsError, match="registry-token: tasks of core, web ended meanwhile"):
        run()


def test_among_all_it_is_given_after_terraform_has_restarted_what_it_does(
    monkeypatch: pytest.MonkeyPatch,
    boundaries: Boundaries,
    registry: FakeRegistry,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Tasks that Terraform restarts are no reason to complain about the new login. Without a new one, nothing is given."""
    monkeypatch.setenv("TF_VAR_registry_token", NEW)
    monkeypatch.setenv(OLD_VARIABLE, OLD)
    registry.more = set()
    world = World(monkeypatch, boundaries, registry, [TOKEN, generated()])
    swarm, terraform = boundaries.swarm, boundaries.services
    monkeypatch.setattr(rotating, "report_of_plan", lambda target, plan: effect(*new_value()).report)
    monkeypatch.setattr(proof, "engines", lambda target: nullcontext([swarm]))
    servers = Scripted("new-redis")
    monkeypatch.setattr(proof, "Logins", lambda target, tasks, secrets: servers)
    terraform.resources.append(resource(VALUE, result="old-redis"))
    terraform.changes, terraform.context = new_value(), {"prior_state": None}

    def applied() -> None:
        assert world.tokens == {}
        swarm.tasks_ = [task(f"second-{name}", name) for name in ("core", "web", "redis")]
        terraform.resources[-1] = resource(VALUE, result="new-redis")

    terraform.on_apply = applied
    asked: list[str] = []

    def yes(question: str) -> bool:
        asked.append(question)
        return True

    rotating.rotate("local", [], plan_only=False, stable_s=1, parallelism=1, ask=yes)
    assert asked == ["rotate 2 secrets of local?"]
    assert terraform.planned == [((VALUE,), ())]
    assert world.tokens == {"core": NEW, "web": NEW}
    told = capsys.readouterr()
    assert "new values: redis-password\n" in told.out and "no task restarts: core, web" in told.out
    assert "accepts the new value and refuses the old one; 2 services have it\n1 secret rotated\n" in told.err

    world.engine.logins.clear()
    for old, reason in (
        ("", "OLD_REGISTRY_TOKEN is not set, and nothing else tells"),
        (NEW, "the same value"),
    ):
        monkeypatch.setenv(OLD_VARIABLE, old)
        terraform.changes = new_value()
        rotating.rotate("local", [], plan_only=True, stable_s=1, parallelism=1, ask=None)
        told = capsys.readouterr()
        assert "left as it is: registry-token; " in told.err and reason in told.err
        assert "new login" not in told.out
    assert world.tokens == {}
