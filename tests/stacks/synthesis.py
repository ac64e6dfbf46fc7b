"""Builds and synthesizes environments for tests, with image locks that neither a registry nor a build had a hand in."""

from __future__ import annotations

import atexit
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from ruamel.yaml import YAML
from sprocket_constructs import SwarmApp, SwarmService, TerraformStack

from images.builder.paths import ACME_CA_FILE, RECIPES
from images.builder.recipe import read_all
from layers.cloud.stack import EnvironmentCloud
from layers.images import LOCK, ImageCatalog
from layers.loading import ENVIRONMENTS, environment_names, load_environment, read_environment
from layers.services import ServicesStack
from layers.settings.environment import Environment
from layers.site import Site

Stack = TypeVar("Stack", bound=TerraformStack)

ALL = tuple(environment_names(ENVIRONMENTS))
"""Environments whose services are looked at."""

CLOUDS = tuple(name for name in ALL if "cloud" in read_environment(name, ENVIRONMENTS))
"""Environments whose nodes we order."""


def temporary_folder() -> Path:
    """A folder that is there until the tests end: stacks that several tests look at outlive each of them."""
    folder = Path(tempfile.mkdtemp(prefix="sprocket-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def placeholder_lock() -> Path:
    """A lock of images built from packages, with digests made of the images' names.

    The generated one is different on every machine, and not there on most. What an image lacks is read where the
    builder reads it.
    """
    images = {
        recipe.name: {
            "name": f"127.0.0.1:5000/sprocket/{recipe.name}",
            "tag": "placeholder",
            "digest": f"sha256:{hashlib.sha256(recipe.name.encode()).hexdigest()}",
            "lacks": list(recipe.lacks),
        }
        for recipe in read_all(RECIPES).values()
        if not recipe.internal
    }
    path = temporary_folder() / "images.packages.lock.yaml"
    YAML().dump({"images": images}, path)
    path.with_name(ACME_CA_FILE.name).write_text("placeholder of a certificate\n")
    return path


def altered(name: str, change: Callable[[dict[str, Any]], object]) -> Environment:
    """An environment whose file was changed before it was read; without its cloud, which would have to fit."""
    document = read_environment(name)
    document.pop("cloud", None)
    change(document)
    for pool in document["nodes"].values():
        pool.pop("size", None)
    return Environment.model_validate({"name": name, **document})


def altered_cloud(name: str, change: Callable[[dict[str, Any]], object]) -> Environment:
    """The same with its cloud."""
    document = read_environment(name)
    change(document)
    return Environment.model_validate({"name": name, **document})


def with_ratings(document: dict[str, Any], **settings: Any) -> None:
    """Switches elo-service on in all instances, with an image of one's own: nobody publishes one."""
    own = {"name": "registry.example.org/elo-service", "tag": "1.0", "digest": f"sha256:{'e' * 64}"}
    document["images"].setdefault("overrides", {})["elo-service"] = own
    for instance in document["platform"]["instances"].values():
        instance.update(elo=True, **settings)


def built(settings: Environment, *, into: Path | None = None) -> ServicesStack:
    """The services stack, declared and not yet checked or rendered."""
    catalog = ImageCatalog(settings, lock=LOCK, packages_lock=placeholder_lock())
    outdir = into or temporary_folder()
    return ServicesStack(SwarmApp(outdir=str(outdir)), Site(settings, images=catalog))


@cache
def declared(name: str) -> ServicesStack:
    """The stack of an environment as its file stands; built once, so nobody may add to it."""
    return built(load_environment(name))


@dataclass(frozen=True, kw_only=True)
class Synthesized(Generic[Stack]):
    """A stack, rendered, and the JSON that Terraform gets."""

    stack: Stack
    document: dict[str, Any]

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """All resources of a kind by their Terraform name."""
        found: dict[str, dict[str, Any]] = self.document["resource"].get(kind, {})
        return found


def ordered(settings: Environment) -> Synthesized[EnvironmentCloud]:
    """An environment's cloud stack, synthesized."""
    assert settings.cloud is not None
    app = SwarmApp(outdir=str(temporary_folder()))
    stack = EnvironmentCloud(app, settings, settings.cloud)
    app.synth()
    document = json.loads((Path(app.outdir) / "stacks" / stack.node.id / "cdk.tf.json").read_text())
    return Synthesized(stack=stack, document=document)


@cache
def cloud(name: str) -> Synthesized[EnvironmentCloud]:
    """The cloud stack of an environment as its file stands."""
    return ordered(load_environment(name))


@cache
def synthesized(name: str) -> Synthesized[ServicesStack]:
    """An environment as ``cdktf synth`` would write it."""
    return finished(load_environment(name))


def finished(settings: Environment) -> Synthesized[ServicesStack]:
    """The same for settings of a test's own."""
    folder = temporary_folder()
    stack = built(settings, into=folder)
    stack.finish()
    app = stack.node.root
    assert isinstance(app, SwarmApp)
    app.synth()
    document = json.loads((folder / "stacks" / stack.node.id / "cdk.tf.json").read_text())
    return Synthesized(stack=stack, document=document)


def service(stack: ServicesStack, name: str) -> SwarmService:
    """The service of that name."""
    found = {each.name: each for each in stack.services}
    assert name in found, f"no service {name}; there are {', '.join(sorted(found))}"
    return found[name]


def text_at(stack: ServicesStack, name: str, path: str) -> str:
    """What a service reads at a path; secret values as placeholders."""
    mounts = {mount.at: mount.file.text for mount in service(stack, name).file_mounts}
    assert path in mounts, f"{name} reads nothing at {path}; it reads {', '.join(sorted(mounts))}"
    return mounts[path]


def json_at(stack: ServicesStack, name: str, path: str) -> Any:
    """The same, parsed."""
    return json.loads(text_at(stack, name, path))
