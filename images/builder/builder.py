"""Builds what changed, pushes it, writes the lock, and removes what is outdated."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from images.builder import acme, debian, engine, gateway, golang, lock, tools, version, wheels
from images.builder.paths import LOCK_FILE, RECIPES, exclusively, programs_dir
from images.builder.plan import Step, steps
from images.builder.recipe import PREFIX, ROOT, Recipe, read_all
from images.builder.registry import Registry, chosen_port

VERSION_FILE = "program/VERSION"

Say = Callable[[str, str], None]
"""Hears (image, what is being done to it); an empty text means the image is done."""


def _silent(image: str, text: str) -> None:
    """Say nothing."""


@dataclass
class Built:
    """What a run did: images built and pushed, by name, and the lock's entries after it."""

    built: dict[str, float] = field(default_factory=dict)
    pushed: list[str] = field(default_factory=list)
    entries: dict[str, lock.Entry] = field(default_factory=dict)
    lock_changed: bool = False


def build_all(
    only: Collection[str] = (), *, force: bool = False, say: Say = _silent, port: int | None = None
) -> Built:
    """Builds, pushes and locks all images (or `only` those and their parents); unchanged images are kept.

    `force` rebuilds although nothing changed here, to include newer Debian packages. About a second when there is
    nothing to do. Raises ImagesError; even then the lock names only images that are completely in the registry.
    """
    recipes = read_all(RECIPES, programs_dir())
    root_tag = debian.recipe_hash()
    plan = steps(recipes, root_tag, only)
    registry = Registry(port or chosen_port())
    tools.require(root_image=False)
    present = {f"{image.repository}:{image.tag}" for image in engine.tagged()}
    result = Built()
    if force or any(step.local not in present for step in plan):
        _build_missing(plan, root_tag, present, force, say, result)
    registry.start()
    _publish(plan, registry, say, result)
    _write_lock(plan, recipes, registry, result)
    _clear_old(recipes, registry, result)
    return result


def _build_missing(
    plan: list[Step], root_tag: str, present: set[str], force: bool, say: Say, result: Built
) -> None:
    sites = debian.apt_sites()
    _have_root(f"{PREFIX}{ROOT}:{root_tag}", sites, say)
    tags = {ROOT: root_tag} | {step.recipe.name: step.tag for step in plan}
    # Images of the same content, such as the application's services in one tree, are made once.
    made = {} if force else {step.tag: step.local for step in plan if step.local in present}
    for step in plan:
        if not force and step.local in present:
            continue
        started = time.monotonic()
        if twin := made.get(step.tag):
            engine.docker("tag", twin, step.local)
        else:
            _build(step, tags, sites, force, say)
        made[step.tag] = step.local
        result.built[step.recipe.name] = time.monotonic() - started
        say(step.recipe.name, "")


def _have_root(tag: str, sites: Mapping[str, str], say: Say) -> None:
    with exclusively("debian"):
        if any(f"{image.repository}:{image.tag}" == tag for image in engine.tagged()):
            return
        tools.require(root_image=True)
        debian.import_root(tag, dict(sites), lambda text: say(ROOT, text))
        say(ROOT, "")


def _build(step: Step, tags: Mapping[str, str], sites: Mapping[str, str], force: bool, say: Say) -> None:
    recipe = step.recipe

    def tell(text: str) -> None:
        say(recipe.name, text)

    tell("starts")
    found = wheels.download(recipe.wheels, engine.architecture(), tell) if recipe.wheels else {}
    programs = {name: golang.program(package, recipe.tags, tell) for name, package in recipe.go.items()}
    with gateway.serve(sites, found) as proxy, recipe.context(tags, programs) as context:
        options = ["--build-arg", f"http_proxy={proxy}"]
        options += ["--no-cache"] if force else []
        engine.build(recipe.name, context, [step.local, f"{PREFIX}{recipe.name}:latest"], options, tell)


def _publish(plan: list[Step], registry: Registry, say: Say, result: Built) -> None:
    before = lock.load(LOCK_FILE)
    for step in plan:
        name = step.recipe.name
        if step.recipe.internal:
            continue
        digest = None if name in result.built else registry.digest(name, step.tag)
        if digest is None:
            say(name, "push")
            remote = f"{registry.namespace}/{name}:{step.tag}"
            engine.docker("tag", step.local, remote)
            engine.docker("push", "--quiet", remote, timeout=1200)
            digest = registry.digest(name, step.tag) or ""
            result.pushed.append(name)
            say(name, "")
        result.entries[name] = _entry(step, registry, digest, before.get(name))


def _entry(step: Step, registry: Registry, digest: str, before: lock.Entry | None) -> lock.Entry:
    recipe = step.recipe
    known = before.version if before and (before.tag, before.digest) == (step.tag, digest) else ""
    return lock.Entry(
        name=f"{registry.namespace}/{recipe.name}", tag=step.tag, digest=digest,
        stands_in_for=version.pinned().get(recipe.name, "no published image"), kind=recipe.kind, lacks=recipe.lacks,
        version=known or _version(step),
    )  # fmt: skip


def _version(step: Step) -> str:
    """The version as the program prints it. What Go installed knows none: its module's version is the one. Where a found program has no
    way to say it, a file VERSION beside it may.
    """
    recipe = step.recipe
    if recipe.go:
        found = version.in_text(next(iter(recipe.go.values())).partition("@")[2])
    elif recipe.version:
        found = version.asked(step.local, recipe.version)
    else:
        told = recipe.files.get(VERSION_FILE)
        found = version.in_text(told.read_text()) if isinstance(told, Path) else ""
    return f"{recipe.product} {found}".strip()


def _write_lock(
    plan: list[Step], recipes: Mapping[str, Recipe], registry: Registry, result: Built, path: Path = LOCK_FILE
) -> None:
    with exclusively("lock"):
        before = lock.load(path)
        kept = {
            name: entry
            for name, entry in before.items()
            if name in recipes
            and not recipes[name].internal
            and entry.name.startswith(f"{registry.namespace}/")
        }
        result.entries = kept | result.entries
        result.lock_changed = lock.save(path, result.entries)
    if any(step.recipe.name == acme.IMAGE for step in plan):
        acme.write(result.entries[acme.IMAGE])


def _clear_old(recipes: Mapping[str, Recipe], registry: Registry, result: Built) -> None:
    if not result.built:
        return
    images = engine.tagged()
    locked = {entry.tag for entry in result.entries.values()}
    old: list[str] = []
    for name in recipes:
        for repository in (f"{PREFIX}{name}", f"{registry.namespace}/{name}"):
            old += engine.outdated(images, repository, locked)
    engine.remove(old)
