"""Small stacks for tests: declare, synthesize, look at the JSON that Terraform would get."""

from __future__ import annotations

import atexit
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from sprocket_constructs import (
    Access,
    Construct,
    Gateway,
    GeneratedSecret,
    HealthCheck,
    Image,
    LocalVolume,
    Lock,
    NoBackup,
    NodeSelector,
    Resources,
    SuppliedSecret,
    SwarmApp,
    SwarmConfig,
    SwarmSecret,
    SwarmService,
    SwarmStack,
    TerraformOutput,
    UpdatePolicy,
)

Json = dict[str, Any]

_FOLDER = tempfile.TemporaryDirectory(prefix="sprocket-unit-")
atexit.register(_FOLDER.cleanup)

SOCKET = "unix:///var/run/docker.sock"
IMAGE = Image(name="ghcr.io/example/app", tag="1.2", digest=f"sha256:{'a' * 64}")
HEALTH = HealthCheck.command("/app", "check")
RESOURCES = Resources(cpu_limit=0.5, memory_limit="128MiB", cpu_reservation=0.1, memory_reservation="64MiB")


def new_stack(id_: str = "test", **options: Any) -> SwarmStack:
    """An empty stack in an app of its own."""
    app = SwarmApp(outdir=tempfile.mkdtemp(dir=_FOLDER.name))
    return SwarmStack(app, id_, **{"docker_host": SOCKET, **options})


def declare(scope: Construct, id_: str, **options: Any) -> SwarmService:
    """A service with as little said about it as is allowed; updates stop-first, so it may store and
    publish."""
    least = {"image": IMAGE, "health": HEALTH, "resources": RESOURCES, "update": UpdatePolicy.stop_first()}
    return SwarmService(scope, id_, **{**least, **options})


def written(stack: SwarmStack) -> Path:
    """Synthesizes by the same way as ``cdktf synth``, validations included; the stack's folder."""
    app = stack.node.root
    assert isinstance(app, SwarmApp)
    app.synth()
    return Path(app.outdir, "stacks", stack.node.id)


def synth(stack: SwarmStack) -> Json:
    """The stack as Terraform reads it."""
    document: Json = json.loads((written(stack) / "cdk.tf.json").read_text())
    return document


def every(document: Json, kind: str) -> list[Json]:
    """All resources of a kind, without cdktf's metadata."""
    found = document.get("resource", {}).get(kind, {}).values()
    return [{key: value for key, value in each.items() if key != "//"} for each in found]


def only(document: Json, kind: str, **attributes: object) -> Json:
    """The one resource of a kind that has these attributes; fails with what each candidate has instead."""
    candidates = every(document, kind)
    found = [each for each in candidates if all(each.get(k) == v for k, v in attributes.items())]
    if len(found) == 1:
        return found[0]
    lines = [f"{len(found)} of {len(candidates)} {kind} match {attributes}"]
    for number, each in enumerate(candidates):
        lines += [
            f"  #{number} {key}: wanted {value!r}, has {each.get(key)!r}"
            for key, value in attributes.items()
            if each.get(key) != value
        ]
    if not candidates:
        kinds = ", ".join(sorted(document.get("resource", {}))) or "none"
        lines.append(f"  there are resources of kinds: {kinds}")
    pytest.fail("\n".join(lines), pytrace=False)


def service(stack: SwarmStack, name: str) -> Json:
    """The ``docker_service`` of that name."""
    return only(synth(stack), "docker_service", name=name)


def task(stack: SwarmStack, name: str) -> Json:
    """Its task."""
    spec: Json = service(stack, name)["task_spec"]
    return spec


def container(stack: SwarmStack, name: str) -> Json:
    """Its container."""
    spec: Json = task(stack, name)["container_spec"]
    return spec


def furnished(stack: SwarmStack) -> SwarmStack:
    """One of everything that a stack can hold."""
    layer = Construct(stack, "data")
    password = GeneratedSecret(layer, "password", name="password")
    token = SuppliedSecret(layer, "token", name="bot-token", description="a token")
    redis = declare(layer, "redis", listens={"redis": 6379})
    redis.stores(
        LocalVolume(layer, "volume", name="redis", held_by=NodeSelector.managers()),
        at="/data",
        backup=NoBackup(because="test"),
        lock=Lock.none(because="test"),
    )
    redis.reads(SwarmConfig(layer, "conf", name="conf", content="x"), at="/etc/redis.conf")
    redis.reads(SwarmSecret(layer, "key", name="key", content=f"{password}{token}"), at="/run/secrets/key")
    web = declare(stack, "web", listens={"http": 80})
    web.connect_to(redis)
    gateway = Gateway(stack, "gateway")
    web.expose_via(gateway, host="x.test", access=Access.public(because="test"))
    TerraformOutput(stack, "addresses", value="https://x.test")
    return stack
