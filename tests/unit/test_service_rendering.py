"""A service as the provider gets it: every default, then everything that can be said."""

import pytest
from sprocket_constructs import (
    ConstructError,
    Lock,
    LogRotation,
    NoBackup,
    NodeDirectory,
    NodeSelector,
    RestartPolicy,
    Scale,
    Stop,
    SwarmConfig,
    SwarmSecret,
    SwarmStack,
)

from tests.synthesis import declare, service, task


def test_every_default(stack: SwarmStack) -> None:
    declare(stack, "api")
    assert service(stack, "api") == {
        "name": "api",
        "mode": {"replicated": {"replicas": 1}},
        "task_spec": {
            "container_spec": {
                "image": f"ghcr.io/example/app:1.2@sha256:{'a' * 64}",
                "isolation": "default",
                "stop_grace_period": "10s",
                "healthcheck": {
                    "test": ["CMD", "/app", "check"],
                    "interval": "10s",
                    "timeout": "5s",
                    "retries": 3,
                    "start_period": "1m",
                },
            },
            "resources": {
                "limits": {"memory_bytes": 134_217_728, "nano_cpus": 500_000_000},
                "reservation": {"memory_bytes": 67_108_864, "nano_cpus": 100_000_000},
            },
            "restart_policy": {"condition": "any", "delay": "10s", "window": "2m", "max_attempts": 0},
            "placement": {"max_replicas": 0, "platforms": [{"architecture": "amd64", "os": "linux"}]},
            "log_driver": {"name": "json-file", "options": {"max-size": "10m", "max-file": "3"}},
            "networks_advanced": [{"name": "${docker_network.api_network_7F62EC1C.id}"}],
            "runtime": "container",
            "force_update": 0,
        },
        "endpoint_spec": {"mode": "dnsrr"},
        "update_config": {
            "parallelism": 1,
            "delay": "0s",
            "monitor": "15s",
            "order": "stop-first",
            "max_failure_ratio": "0.0",
            "failure_action": "rollback",
        },
        "rollback_config": {
            "parallelism": 1,
            "delay": "0s",
            "monitor": "15s",
            "order": "stop-first",
            "max_failure_ratio": "0.0",
            "failure_action": "pause",
        },
        "converge_config": {"delay": "13s", "timeout": "5m"},
    }


def test_the_main_child_is_called_resource(stack: SwarmStack) -> None:
    made = declare(stack, "api")
    assert service(stack, "api")
    assert made.node.default_child is made.node.find_child("Resource")


def test_what_is_said_at_the_beginning(stack: SwarmStack) -> None:
    declare(
        stack,
        "api",
        name="dev-api",
        scale=Scale(replicas=3, max_per_node=2),
        stop=Stop(grace="90s", signal="SIGINT"),
        restart=RestartPolicy(delay="60s", window="300s"),
        logs=LogRotation(max_size="50m", max_file=5),
        command=("/bin/sh", "-c"),
        args=("exec /app",),
        user="1000:1000",
        groups=("999",),
        working_directory="/srv",
        hostname="rabbit-{{.Task.Slot}}",
        converges_within="600s",
    )
    rendered = service(stack, "dev-api")
    spec = rendered["task_spec"]
    said = {
        "command": ["/bin/sh", "-c"],
        "args": ["exec /app"],
        "user": "1000:1000",
        "groups": ["999"],
        "dir": "/srv",
        "hostname": "rabbit-{{.Task.Slot}}",
        "stop_grace_period": "1m30s",
        "stop_signal": "SIGINT",
    }
    assert said.items() <= spec["container_spec"].items()
    assert rendered["mode"] == {"replicated": {"replicas": 3}}
    assert spec["placement"]["max_replicas"] == 2
    assert (spec["restart_policy"]["delay"], spec["restart_policy"]["window"]) == ("1m", "5m")
    assert spec["log_driver"]["options"] == {"max-size": "50m", "max-file": "5"}
    assert rendered["converge_config"]["timeout"] == "10m"


def test_what_is_said_by_verbs(stack: SwarmStack) -> None:
    api = declare(stack, "api", listens={"http": 8080})
    config = SwarmConfig(stack, "conf", name="conf", content="x")
    secret = SwarmSecret(stack, "key", name="key", content="x")
    data_node = NodeSelector.node_label("role", "data")
    assert api.reads(config, at="/etc/conf") == "/etc/conf"
    api.reads(secret, at="/run/secrets/key", mode=0o400, uid=70, gid=71)
    api.stores(
        NodeDirectory(path="/mnt/api", held_by=data_node),
        at="/data",
        backup=NoBackup(because="test"),
        lock=Lock.none(because="test"),
    )
    api.binds("/var/run/docker.sock", at="/docker.sock", read_only=True, because="lists the services")
    api.sets("NODE_ENV", "production")
    api.publishes(80)
    api.label("z", "2")
    api.label("a", "1")
    rendered = service(stack, "api")
    spec = rendered["task_spec"]["container_spec"]
    (conf,), (key,) = spec["configs"], spec["secrets"]
    owner = {"file_name": "/etc/conf", "file_mode": 0o444, "file_uid": "0", "file_gid": "0"}
    assert owner.items() <= conf.items()
    owner = {"file_name": "/run/secrets/key", "file_mode": 0o400, "file_uid": "70", "file_gid": "71"}
    assert owner.items() <= key.items()
    assert spec["mounts"] == [
        {"type": "bind", "source": "/mnt/api", "target": "/data", "read_only": False},
        {"type": "bind", "source": "/var/run/docker.sock", "target": "/docker.sock", "read_only": True},
    ]
    assert spec["env"] == {"NODE_ENV": "production"}
    assert rendered["labels"] == [{"label": "a", "value": "1"}, {"label": "z", "value": "2"}]
    assert rendered["endpoint_spec"]["ports"] == [
        {"protocol": "tcp", "published_port": 80, "target_port": 8080, "publish_mode": "host"}
    ]


def test_constraints_are_sorted_and_said_once(stack: SwarmStack) -> None:
    api = declare(stack, "api")
    for _ in range(2):
        api.runs_on(NodeSelector.managers())
        api.runs_on(NodeSelector.node_label("role", "data"))
    assert task(stack, "api")["placement"]["constraints"] == [
        "node.labels.role==data",
        "node.role==manager",
    ]


def test_a_task_on_each_node_is_counted_and_not_global(stack: SwarmStack) -> None:
    declare(stack, "collector", scale=Scale.one_per_node(nodes=3))
    rendered = service(stack, "collector")
    assert rendered["mode"] == {"replicated": {"replicas": 3}}
    assert rendered["task_spec"]["placement"]["max_replicas"] == 1


@pytest.mark.parametrize("name", ["", "Api", "a_b", "a.b", "-a", "a-", "x" * 57])
def test_a_name_that_swarm_or_a_resolver_would_not_take_is_refused(stack: SwarmStack, name: str) -> None:
    with pytest.raises(ConstructError) as caught:
        declare(stack, "x", name=name or " ")
    assert str(caught.value) == (
        f"test/x: service name {name or ' '!r} is not a name on a swarm; "
        "use at most 56 lower case letters, digits and inner dashes"
    )


def test_an_alias_that_a_resolver_would_not_take_is_refused(stack: SwarmStack) -> None:
    with pytest.raises(ConstructError) as caught:
        declare(stack, "core", alias="the core")
    assert str(caught.value) == (
        "test/core: alias 'the core' is not a name on a swarm; "
        "use at most 63 lower case letters, digits and inner dashes"
    )


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_out_of_range_is_refused(stack: SwarmStack, port: int) -> None:
    with pytest.raises(ConstructError) as caught:
        declare(stack, "api", listens={"http": port})
    assert str(caught.value) == f"test/api: port {port} is out of range; use 1 to 65535"


@pytest.mark.parametrize(("replicas", "per_node"), [(-1, 0), (1, -1)])
def test_less_than_nothing_is_refused(replicas: int, per_node: int) -> None:
    with pytest.raises(ValueError, match="scale") as caught:
        Scale(replicas=replicas, max_per_node=per_node)
    assert str(caught.value) == f"scale {replicas} with {per_node} per node is not possible; use 0 or more"


def test_no_time_to_stop_is_refused() -> None:
    with pytest.raises(
        ValueError, match="stop grace 0s is SIGKILL at once; use at least some seconds, such as 10s"
    ):
        Stop(grace="0m")
