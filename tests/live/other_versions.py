"""Images of other versions of the stores' programs, for upgrades between real versions.

The programs lie in the folder that SPROCKET_OTHER_PROGRAMS names, as those of SPROCKET_PROGRAMS do (images/README.md): Postgres 18
beside 17, Redis 7 beside 8. They are built by the same recipes, under tags of their own; no lock names them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from images import LOCK_FILE
from images.builder import debian, engine, gateway, lock, version
from images.builder.paths import RECIPES
from images.builder.plan import Step, steps
from images.builder.recipe import read_all
from images.builder.registry import Registry, chosen_port

FOLDER = "SPROCKET_OTHER_PROGRAMS"


def two_versions(name: str) -> tuple[lock.Entry, lock.Entry]:
    """An image in an older and in a newer version; skips where there is one only."""
    locked = lock.load(LOCK_FILE).get(name)
    if locked is None or locked.kind != "real" or not locked.version:
        pytest.skip(f"the image {name} is not built, or a stand-in; images/README.md")
    other = _other(name)
    first, second = sorted((locked, other), key=_numbers)
    if _numbers(first) == _numbers(second):
        pytest.skip(f"{FOLDER} has {name} in the version of the image that is built, {locked.version}")
    return first, second


def _other(name: str) -> lock.Entry:
    folder = os.environ.get(FOLDER, "")
    if not folder or not (Path(folder) / name).is_dir():
        pytest.skip(f"no other version of {name}: {FOLDER} names no folder that has one")
    registry = Registry(chosen_port())
    if not registry.answers():
        pytest.skip(f"no registry answers on port {registry.port}; run `python -m images build`")
    *parents, step = steps(read_all(RECIPES, Path(folder)), debian.recipe_hash(), [name])
    remote = f"{registry.namespace}/{name}"
    digest = registry.digest(name, step.tag)
    if digest is None:
        _build(step, parents)
        engine.docker("tag", step.local, f"{remote}:{step.tag}")
        engine.docker("push", "--quiet", f"{remote}:{step.tag}", timeout=1200)
        digest = registry.digest(name, step.tag)
    assert digest is not None
    # What Go installs does not know its own version.
    told = Path(folder) / name / "VERSION"
    found = (
        told.read_text().strip()
        if told.exists()
        else version.asked(f"{remote}@{digest}", step.recipe.version)
    )
    return lock.Entry(
        name=remote, tag=step.tag, digest=digest, stands_in_for=name, kind="real", version=found
    )


def _build(step: Step, parents: Sequence[Step]) -> None:
    there = {f"{image.repository}:{image.tag}" for image in engine.tagged()}
    missing = [each.local for each in parents if each.local not in there]
    if missing:
        pytest.skip(f"{', '.join(missing)} is not built; run `python -m images build`")
    tags = {each.recipe.name: each.tag for each in parents}
    with gateway.serve(debian.apt_sites(), {}) as proxy, step.recipe.context(tags) as context:
        options = ["--build-arg", f"http_proxy={proxy}"]
        engine.build(step.recipe.name, context, [step.local], options, lambda text: None)


def _numbers(entry: lock.Entry) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", entry.version)))
