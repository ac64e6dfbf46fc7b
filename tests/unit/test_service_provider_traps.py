"""What the Docker provider gets wrong when it is told less, each trap by its name.

They were found on a live swarm with provider 3.9.0 and are explained in
docs/decisions/0003-provider-traps.md.
"""

from collections.abc import Callable
from functools import partial

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

from tests.synthesis import Json, container, declare, every, new_stack, only, service, synth, task


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


def test_trap_a_ratio_is_printed_with_one_decimal(platform: Json) -> None:
    for each in every(platform, "docker_service"):
        assert each["update_config"]["max_failure_ratio"] == "0.0"
        assert each["rollback_config"]["max_failure_ratio"] == "0.0"


def test_trap_without_a_stop_grace_period_a_task_is_killed_at_once(platform: Json) -> None:
    for each in every(platform, "docker_service"):
        assert each["task_spec"]["container_spec"]["stop_grace_period"] == "10s"


def test_trap_an_incomplete_restart_policy_becomes_a_crash_loop_without_a_pause(platform: Json) -> None:
    for each in every(platform, "docker_service"):
        assert each["task_spec"]["restart_policy"].keys() == {"condition", "delay", "window", "max_attempts"}


def test_trap_a_failed_update_that_pauses_is_no_change_in_the_next_plan(platform: Json) -> None:
    for each in every(platform, "docker_service"):
        assert each["update_config"]["failure_action"] == "rollback"


def test_trap_a_network_by_name_replaces_the_service_in_every_plan(platform: Json) -> None:
    names = [
        network["name"]
        for each in every(platform, "docker_service")
        for network in each["task_spec"].get("networks_advanced", [])
    ]
    ids = {f"${{docker_network.{address}.id}}" for address in platform["resource"]["docker_network"]}
    assert len(names) == 5
    assert set(names) == ids


def test_trap_without_platforms_the_second_plan_takes_the_recorded_ones_away(platform: Json) -> None:
    for each in every(platform, "docker_service"):
        platforms = each["task_spec"]["placement"]["platforms"]
        assert platforms == [{"architecture": "amd64", "os": "linux"}]


def test_trap_a_changed_container_label_replaces_the_service(platform: Json) -> None:
    assert "labels" in only(platform, "docker_service", name="api")
    for each in every(platform, "docker_service"):
        assert "labels" not in each["task_spec"]["container_spec"]


def test_trap_blocks_left_out_keep_what_was_there_before(platform: Json) -> None:
    """They are optional and computed: taking one out of the code changes nothing on the swarm."""
    for each in every(platform, "docker_service"):
        blocks = {"healthcheck", "stop_grace_period"}
        assert blocks <= each["task_spec"]["container_spec"].keys()
        blocks = {"resources", "restart_policy", "placement", "log_driver", "runtime", "force_update"}
        assert blocks <= each["task_spec"].keys()
        assert {"mode", "endpoint_spec", "update_config", "rollback_config"} <= each.keys()
        assert each["task_spec"]["placement"].keys() >= {"max_replicas", "platforms"}


def test_trap_virtual_addresses_need_ipvs_and_hide_tasks_from_the_proxy(platform: Json) -> None:
    for each in every(platform, "docker_service"):
        assert each["endpoint_spec"]["mode"] == "dnsrr"


def test_trap_ports_are_a_list_and_are_read_back_in_one_order(platform: Json) -> None:
    ports = only(platform, "docker_service", name="traefik")["endpoint_spec"]["ports"]
    assert [port["published_port"] for port in ports] == [80, 443]
    assert {port["publish_mode"] for port in ports} == {"host"}


def test_trap_a_global_service_counts_as_deployed_while_it_crashes(platform: Json) -> None:
    for each in every(platform, "docker_service"):
        assert each["mode"].keys() == {"replicated"}


def test_trap_without_converging_an_apply_does_not_wait(platform: Json) -> None:
    for each in every(platform, "docker_service"):
        assert each["converge_config"] == {"delay": "7s", "timeout": "5m"}


def test_trap_credentials_in_the_service_would_replace_it_when_they_rotate(platform: Json) -> None:
    for each in every(platform, "docker_service"):
        assert "auth" not in each


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
            partial(made.runs_on, NodeSelector.engine_label("role", "data")),
            partial(made.publishes, 1),
            partial(made.publishes, 2, target="y"),
        ]
        for step in reversed(steps) if backwards else steps:
            step()
        return service(stack, "client")

    assert client(backwards=True) == client(backwards=False)


def test_the_tasks_runtime_is_said(stack: SwarmStack) -> None:
    declare(stack, "api")
    assert (task(stack, "api")["runtime"], task(stack, "api")["force_update"]) == ("container", 0)
