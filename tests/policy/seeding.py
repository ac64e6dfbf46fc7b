"""Puts faults into an environment: into its settings, into a layer, or into what was synthesized."""

from __future__ import annotations

import base64
import copy
import json
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from sprocket_constructs import ConstructError, SwarmApp

from layers.errors import SettingsError
from layers.loading import ENVIRONMENTS, load_environment, read_yaml
from layers.services import ServicesStack
from ops.check.finding import Finding
from ops.check.platform import Platform
from ops.check.runner import findings_in, refusals
from tests.stacks.synthesis import built, synthesized

SETTINGS = "/app/config/production.json"
Json = dict[str, Any]


class Seeded:
    """A copy of what was synthesized, to be spoilt."""

    def __init__(self, environment: str) -> None:
        self.document: Json = copy.deepcopy(synthesized(environment).document)

    def resources(self, kind: str) -> dict[str, Json]:
        found: dict[str, Json] = self.document["resource"][kind]
        return found

    def service(self, name: str) -> Json:
        return next(s for s in self.resources("docker_service").values() if s["name"] == name)

    def container(self, name: str) -> Json:
        found: Json = self.service(name)["task_spec"]["container_spec"]
        return found

    def mount(self, service: str, at: str) -> Json:
        container = self.container(service)
        mounts = [*container.get("configs", []), *container.get("secrets", [])]
        return next(mount for mount in mounts if mount["file_name"] == at)

    def unmount(self, service: str, at: str) -> None:
        for kind in ("configs", "secrets"):
            kept = [m for m in self.container(service).get(kind, []) if m["file_name"] != at]
            self.container(service)[kind] = kept

    def edit(self, service: str, at: str, change: Callable[[str], str]) -> None:
        """Changes the text of a file that a service reads."""
        mount = self.mount(service, at)
        kind = "config" if "config_id" in mount else "secret"
        resource = self.resources(f"docker_{kind}")[mount[f"{kind}_id"].split(".")[1]]
        if kind == "config":
            text = base64.b64decode(resource["data"]).decode()
            resource["data"] = base64.b64encode(_changed(text, change).encode()).decode()
        else:
            local = resource["data"].removeprefix("${base64encode(local.").removesuffix(")}")
            self.document["locals"][local] = _changed(self.document["locals"][local], change)

    def replace(self, service: str, at: str, old: str, new: str) -> None:
        self.edit(service, at, lambda text: text.replace(old, new))

    def put(self, service: str, key: str, value: object, *, at: str = SETTINGS) -> None:
        """Sets a key such as ``redis/port`` of a JSON file; ``...`` removes it."""

        def change(text: str) -> str:
            data = json.loads(text)
            holder = data
            *parents, last = key.split("/")
            for parent in parents:
                holder = holder[parent]
            if value is ...:
                del holder[last]
            else:
                holder[last] = value
            return json.dumps(data)

        self.edit(service, at, change)

    def leave(self, service: str, network: str) -> None:
        """Takes a service off a network."""
        names = {key: value["name"] for key, value in self.resources("docker_network").items()}
        spec = self.service(service)["task_spec"]
        kept = [n for n in spec["networks_advanced"] if names[n["name"].split(".")[1]] != network]
        assert len(kept) < len(spec["networks_advanced"]), f"{service} is not on {network}"
        spec["networks_advanced"] = kept

    def label(self, service: str, name: str, value: str) -> None:
        for label in self.service(service)["labels"]:
            if label["label"] == name:
                label["value"] = value
                return
        raise AssertionError(f"{service} has no label {name}")


def _changed(text: str, change: Callable[[str], str]) -> str:
    changed = change(text)
    assert changed != text, "the fault was not seeded"
    return changed


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault, and what must be said about it.

    Args:
        seed: puts it there.
        rule: finds it.
        path: end of the finding's path, without the environment's stack.
        cause: words of the finding, and ``fix`` words of its fix.
    """

    name: str
    seed: Callable[[Seeded], object]
    rule: str
    path: str
    cause: str
    fix: str
    environment: str = "local"
    severity: str = "error"


def findings_after(environment: str, seed: Callable[[Seeded], object]) -> list[Finding]:
    """What the check finds once something was spoilt."""
    seeded = Seeded(environment)
    seed(seeded)
    return list(findings_in(Platform.of(synthesized(environment).stack, seeded.document)))


def findings_with_settings(name: str, change: Callable[[Json], object]) -> list[Finding]:
    """What reading, synthesizing and checking an environment find, whose file was changed.

    Without its cloud: that a change of the services has to be one of the cloud too is for test_cloud_settings.py.
    """
    document = read_yaml(ENVIRONMENTS / f"{name}.yaml")
    document.pop("cloud", None)
    change(document)
    for pool in document["nodes"].values():
        pool.pop("size", None)
    with tempfile.TemporaryDirectory(prefix="sprocket-faults-") as folder:
        YAML().dump(document, Path(folder) / f"{name}.yaml")
        try:
            return _of_stack(lambda out: built(load_environment(name, Path(folder)), into=out))
        except (SettingsError, ConstructError) as error:
            return list(refusals(error, name))


def findings_of_layers(name: str) -> list[Finding]:
    """The same for an environment as it stands, with whatever was patched into the layers."""
    try:
        return _of_stack(lambda out: built(load_environment(name), into=out))
    except (SettingsError, ConstructError) as error:
        return list(refusals(error, name))


def _of_stack(build: Callable[[Path], ServicesStack]) -> list[Finding]:
    with tempfile.TemporaryDirectory(prefix="sprocket-faults-") as folder:
        stack = build(Path(folder))
        stack.finish()
        app = stack.node.root
        assert isinstance(app, SwarmApp)
        app.synth()
        document = json.loads((Path(folder) / "stacks" / stack.node.id / "cdk.tf.json").read_text())
    return list(findings_in(Platform.of(stack, document)))


def said(findings: Iterable[Finding]) -> str:
    """All findings but what a deploy lacks, for a failed test to show."""
    lines = [f"{finding.rule}: {finding}" for finding in findings if finding.severity == "error"]
    return "\n".join(lines) or "nothing was found"
