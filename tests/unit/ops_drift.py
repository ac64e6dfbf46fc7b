"""One service as Terraform's state has it and as the engine has it, alike; and all else that drift is looked for in."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from layers.settings.environment import Environment
from ops.drift.finding import DriftReport
from ops.drift.run import drift_of
from tests.unit.ops_boundaries import Boundaries, targets_of
from tests.unit.ops_fixtures import DIGEST_1
from tests.unit.ops_swarm import FakeApi

IMAGE = f"example.org/app:1.2@{DIGEST_1}"
SECOND = 1_000_000_000

RECORDED: dict[str, Any] = {
    "id": "web-id",
    "name": "web",
    "labels": [{"label": "traefik.enable", "value": "true"}],
    "mode": [{"global": False, "replicated": [{"replicas": 2}]}],
    "task_spec": [
        {
            "container_spec": [
                {
                    "image": IMAGE,
                    "command": ["/bin/serve"],
                    "env": {"HOME": "/tmp"},
                    "stop_grace_period": "1m30s",
                    "healthcheck": [
                        {
                            "test": ["CMD", "true"],
                            "interval": "2s",
                            "timeout": "500ms",
                            "retries": 3,
                            "start_period": "1m",
                        }
                    ],
                    "configs": [
                        {
                            "config_id": "conf-id",
                            "config_name": "web-conf-00000001",
                            "file_name": "/app/config.yml",
                            "file_mode": 0o444,
                            "file_uid": "0",
                            "file_gid": "0",
                        }
                    ],
                    "mounts": [
                        {"type": "volume", "source": "web-data", "target": "/data", "read_only": False}
                    ],
                }
            ],
            "resources": [
                {"limits": [{"memory_bytes": 64 * 2**20, "nano_cpus": SECOND // 2}], "reservation": []}
            ],
            "restart_policy": [{"condition": "any", "delay": "5s", "max_attempts": 0, "window": "0s"}],
            "placement": [{"constraints": ["node.labels.a==b"], "max_replicas": 1, "platforms": []}],
            "log_driver": [{"name": "json-file", "options": {"max-size": "10m"}}],
            "networks_advanced": [{"name": "net-id", "aliases": ["www"], "driver_opts": []}],
            "force_update": 0,
        }
    ],
    "endpoint_spec": [{"mode": "dnsrr", "ports": []}],
    "update_config": [{"parallelism": 1, "delay": "0s", "max_failure_ratio": "0.0", "order": "start-first"}],
}

ON_SWARM: dict[str, Any] = {
    "ID": "web-id",
    "UpdatedAt": "2026-11-27T18:00:00.5Z",
    "Spec": {
        "Name": "web",
        "Labels": {"traefik.enable": "true"},
        "Mode": {"Replicated": {"Replicas": 2}},
        "TaskTemplate": {
            "ContainerSpec": {
                "Image": IMAGE,
                "Command": ["/bin/serve"],
                "Env": ["HOME=/tmp"],
                "StopGracePeriod": 90 * SECOND,
                "Healthcheck": {
                    "Test": ["CMD", "true"],
                    "Interval": 2 * SECOND,
                    "Timeout": SECOND // 2,
                    "Retries": 3,
                    "StartPeriod": 60 * SECOND,
                },
                "Configs": [
                    {
                        "ConfigID": "conf-id",
                        "ConfigName": "web-conf-00000001",
                        "File": {"Name": "/app/config.yml", "Mode": 0o444, "UID": "0", "GID": "0"},
                    }
                ],
                "Mounts": [{"Type": "volume", "Source": "web-data", "Target": "/data"}],
                "DNSConfig": {},
                "Isolation": "default",
            },
            "Resources": {"Limits": {"MemoryBytes": 64 * 2**20, "NanoCPUs": SECOND // 2}, "Reservations": {}},
            "RestartPolicy": {"Condition": "any", "Delay": 5 * SECOND, "MaxAttempts": 0, "Window": 0},
            "Placement": {
                "Constraints": ["node.labels.a==b"],
                "MaxReplicas": 1,
                "Platforms": [{"Architecture": "amd64", "OS": "linux"}],
            },
            "LogDriver": {"Name": "json-file", "Options": {"max-size": "10m"}},
            "Networks": [{"Target": "net-id", "Aliases": ["www"]}],
            "ForceUpdate": 0,
            "Runtime": "container",
        },
        "EndpointSpec": {"Mode": "dnsrr"},
        "UpdateConfig": {"Parallelism": 1, "MaxFailureRatio": 0, "Order": "start-first"},
    },
    "PreviousSpec": {"Name": "web", "Labels": {"old": "1"}},
    "UpdateStatus": {"State": "completed"},
}

STATE = {
    "docker_service.web": RECORDED,
    "docker_config.web_conf": {"id": "conf-id", "name": "web-conf-00000001", "data": "YTogMQo="},
    "docker_network.web_net": {"id": "net-id", "name": "web-net"},
    "docker_volume.web_data": {"id": "web-data", "name": "web-data"},
    "random_password.key": {"id": "none", "result": "the-generated-password"},
}


class SwarmApi(FakeApi):
    """Lists of an engine, as its API gives them."""

    def __init__(self) -> None:
        super().__init__([], [])
        node = {
            "ID": "n1",
            "Spec": {"Role": "manager", "Availability": "active", "Labels": {}},
            "Description": {"Hostname": "here", "Engine": {"Labels": {"disk": "ssd"}}},
            "Status": {"State": "ready"},
        }
        self.found: dict[str, list[dict[str, Any]]] = {
            "services": [copy.deepcopy(ON_SWARM)],
            "networks": [
                {"Id": "net-id", "Name": "web-net", "Scope": "swarm", "Driver": "overlay"},
                {"Id": "in", "Name": "ingress", "Scope": "swarm", "Driver": "overlay", "Ingress": True},
                {"Id": "br", "Name": "bridge", "Scope": "local", "Driver": "bridge"},
            ],
            "configs": [{"ID": "conf-id", "Spec": {"Name": "web-conf-00000001"}}],
            "secrets": [],
            "nodes": [node],
        }

    def nodes(self) -> list[dict[str, Any]]:
        return self.found["nodes"]

    def services(self) -> list[dict[str, Any]]:
        return self.found["services"]

    def networks(self, filters: dict[str, str] | None = None) -> list[dict[str, Any]]:
        return self.found["networks"]

    def configs(self) -> list[dict[str, Any]]:
        return self.found["configs"]

    def secrets(self) -> list[dict[str, Any]]:
        return self.found["secrets"]

    @property
    def service(self) -> dict[str, Any]:
        """The declared one."""
        return self.services()[0]

    @property
    def task(self) -> Any:
        """Its tasks' specification."""
        return self.service["Spec"]["TaskTemplate"]


def deployed(boundaries: Boundaries) -> SwarmApi:
    """A swarm on which the state's service runs as it was deployed."""
    boundaries.services.resources = [
        {
            "mode": "managed",
            "address": address,
            "type": address.partition(".")[0],
            "name": address.partition(".")[2],
        }
        | {"values": copy.deepcopy(values)}
        for address, values in STATE.items()
    ]
    api = SwarmApi()
    boundaries.swarm._api = api
    return api


def report(settings: Environment, **documents: Any) -> DriftReport:
    """What is found; in the services alone, where the environment has no cloud."""
    targets = targets_of(settings, **documents)
    return drift_of(targets if settings.cloud else replace(targets, cloud=None), lambda text: None)


def sentences(found: DriftReport) -> list[str]:
    """Where and what, of each."""
    return [f"{each.where}: {each.sentence}" for each in found.drift]
