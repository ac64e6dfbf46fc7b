"""What the Docker provider gets wrong when it is told less, each trap by its name.

They were found on a live swarm with provider 3.9.0 and are explained in
docs/decisions/0003-provider-traps.md.
"""

from collections.abc import Callable
from functools import partial, reduce

import pytest
from sprocket_constructs import (
    Access,
    Gateway,
    HealthCheck,
    NodeSelector,
    RestartPolicy,
    Scale,
    Stop,
    SwarmStack,
    UpdatePolicy,
)

from tests.synthesis import Json, container, declare, every, new_stack, only, service, synth


@pytest.fixture
def platform(stack: SwarmStack) -> Json:
    """Four services that are connected, exposed, scaled and published, synthesized."""
    gateway = Gateway(stack, "gateway")
    redis = declare(stack, "redis", listens={"redis": 6379})
    api = declare(stack, "api", listens={"http": 80}, update=UpdatePolicy.start_first())
    api.connect_to(redis)
    api.expose_via(gateway, host="x.test", access=Access.public(because="test"))
    declare(stack, "collector", scale=Scale.one_per_node(nodes=2)).connect_to(redis)
    traefik = declare(stack, "traefik", listens={"http": 80, "https": 443})
    traefik.joins(gateway.network)
    traefik.publishes(443, target="https")
    traefik.publishes(80)
    return synth(stack)


ALIKE = {
    "a ratio in another spelling than with one decimal": ("update_config.max_failure_ratio", "0.0"),
    "the same of the way back": ("rollback_config.max_failure_ratio", "0.0"),
    "without a stop grace period a task is killed at once": (
        "task_spec.container_spec.stop_grace_period",
        "10s",
    ),
    "an incomplete restart policy becomes a crash loop without a pause": (
        "task_spec.restart_policy",
        {"condition": "any", "delay": "10s", "window": "2m", "max_attempts": 0},
    ),
    "a failed update that pauses is no change in the next plan": ("update_config.failure_action", "rollback"),
    "without platforms the second plan takes the recorded ones away": (
        "task_spec.placement.platforms",
        [{"architecture": "amd64", "os": "linux"}],
    ),
    "a changed container label replaces the service": ("task_spec.container_spec.labels", None),
    "virtual addresses need IPVS and hide tasks from the proxy": ("endpoint_spec.mode", "dnsrr"),
    "a global service counts as deployed while it crashes": ("mode.global", None),
    "without converging an apply does not wait": ("converge_config.timeout", "5m"),
    "credentials in the service would replace it when they rotate": ("auth", None),
}
"""Traps that one value avoids in every service; ``None`` where it must not be there."""


@pytest.mark.parametrize("trap", ALIKE)
def test_trap_that_one_value_avoids(platform: Json, trap: str) -> None:
    path, value = ALIKE[trap]
    for each in every(platform, "docker_service"):
        *folders, last = path.split(".")
        found = reduce(lambda part, key: part[key], folders, each)
        assert found.get(last) == value, each["name"]


def test_trap_a_duration_in_any_other_spelling_differs_in_every_plan(stack: SwarmStack) -> None:
    health = HealthCheck.shell("true").every("60s", timeout="120s", retries=1, start_period="3605s")
    declare(
        stack,
        "api",
        health=health,
        update=UpdatePolicy.stop_first().watched_for("60s"),
        stop=Stop(grace="120s"),
        restart=RestartPolicy(delay="60s", window="3600s"),
        converges_within="300s",
    )
    rendered = service(stack, "api")
    check = rendered["task_spec"]["container_spec"]["healthcheck"]
    assert (check["interval"], check["timeout"], check["start_period"]) == ("1m", "2m", "1h0m5s")
    assert rendered["task_spec"]["container_spec"]["stop_grace_period"] == "2m"
    restart = rendered["task_spec"]["restart_policy"]
    assert (restart["delay"], restart["window"]) == ("1m", "1h")
    assert rendered["update_config"]["monitor"] == rendered["rollback_config"]["monitor"] == "1m"
    assert rendered["converge_config"]["timeout"] == "5m"


@pytest.mark.parametrize(
    ("health", "looks"),
    [
        (HealthCheck.shell("true"), "13s"),
        (HealthCheck.shell("true").every("5s", timeout="1s", retries=1, start_period="1s"), "8s"),
        (HealthCheck.shell("true").every("1s", timeout="1s", retries=1, start_period="1s"), "7s"),
        (HealthCheck.shell("true").every("1m", timeout="1s", retries=1, start_period="1s"), "1m3s"),
        (HealthCheck.none(because="no shell"), "7s"),
    ],
)
def test_trap_a_first_look_before_the_first_check_costs_what_waits_ten_seconds(
    stack: SwarmStack, health: HealthCheck, looks: str
) -> None:
    """The provider looks again 5, 15 and 25 s after its first look."""
    declare(stack, "api", health=health)
    assert service(stack, "api")["converge_config"]["delay"] == looks


def test_trap_a_network_by_name_replaces_the_service_in_every_plan(platform: Json) -> None:
    names = [
        network["name"]
        for each in every(platform, "docker_service")
        for network in each["task_spec"].get("networks_advanced", [])
    ]
    ids = {f"${{docker_network.{address}.id}}" for address in platform["resource"]["docker_network"]}
    assert len(names) == 5
    assert set(names) == ids


def test_trap_blocks_left_out_keep_what_was_there_before(platform: Json) -> None:
    """They are optional and computed: taking one out of the code changes nothing on the swarm."""
    for each in every(platform, "docker_service"):
        blocks = {"healthcheck", "stop_grace_period"}
        assert blocks <= each["task_spec"]["container_spec"].keys()
        blocks = {"resources", "restart_policy", "placement", "log_driver", "runtime", "force_update"}
        assert blocks <= each["task_spec"].keys()
        assert {"mode", "endpoint_spec", "update_config", "rollback_config"} <= each.keys()
        assert each["task_spec"]["placement"].keys() >= {"max_replicas", "platforms"}


def test_trap_ports_are_a_list_and_are_read_back_in_one_order(platform: Json) -> None:
    ports = only(platform, "docker_service", name="traefik")["endpoint_spec"]["ports"]
    assert [port["published_port"] for port in ports] == [80, 443]
    assert {port["publish_mode"] for port in ports} == {"host"}


def test_trap_a_shells_variables_are_no_references_of_terraform(stack: SwarmStack) -> None:
    line = "echo ${HOME} %{x} $1 100%"
    escaped = "echo $${HOME} %%{x} $1 100%"
    api = declare(stack, "api", command=("sh", "-c", line), args=(line,), health=HealthCheck.shell(line))
    api.sets("PROMPT", line)
    api.label("rule", line)
    rendered = service(stack, "api")
    spec = rendered["task_spec"]["container_spec"]
    assert spec["command"] == ["sh", "-c", escaped]
    assert spec["args"] == [escaped]
    assert spec["healthcheck"]["test"] == ["CMD-SHELL", escaped]
    assert spec["env"] == {"PROMPT": escaped}
    assert rendered["labels"] == [{"label": "rule", "value": escaped}]


def test_trap_templates_of_docker_are_left_to_docker(stack: SwarmStack) -> None:
    declare(stack, "api", hostname="{{.Node.Hostname}}", args=("{{.Task.Slot}}",))
    spec = container(stack, "api")
    assert (spec["hostname"], spec["args"]) == ("{{.Node.Hostname}}", ["{{.Task.Slot}}"])


def test_trap_lists_are_sorted_so_that_moving_a_line_in_a_layer_is_no_change() -> None:
    def client(*, backwards: bool) -> Json:
        stack = new_stack()
        gateway = Gateway(stack, "gateway")
        made = declare(stack, "client", listens={"x": 1, "y": 2})
        servers = [declare(stack, name, listens={"x": 1}) for name in ("a", "b", "c")]
        steps: list[Callable[[], object]] = [
            *(partial(made.connect_to, server, waits=False) for server in servers),
            partial(made.joins, gateway.network),
            partial(made.label, "k", "v"),
            partial(made.label, "a", "v"),
            partial(made.runs_on, NodeSelector.managers()),
            partial(made.runs_on, NodeSelector.node_label("role", "data")),
            partial(made.publishes, 1),
            partial(made.publishes, 2, target="y"),
        ]
        for step in reversed(steps) if backwards else steps:
            step()
        return service(stack, "client")

    assert client(backwards=True) == client(backwards=False)
