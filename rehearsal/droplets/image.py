"""The two images of the box, built as the platform's own are: on the Debian root, tagged by a hash of their recipe.

A managed database is one of the platform's images, which the box does not build.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from images.builder import debian, engine, gateway, tools, wheels
from images.builder.paths import RECIPES, exclusively, programs_dir
from images.builder.plan import Step, steps
from images.builder.recipe import PREFIX, ROOT, read_all
from rehearsal.emulator import MachineError

Say = Callable[[str], None]

FOLDER = Path(__file__).resolve().parent / "images"
DROPLET, INTERNET = "droplet", "internet"


def have_images(say: Say) -> dict[str, str]:
    """References of both images by name; builds missing ones first (two minutes, once; then half a second)."""
    root_tag = debian.recipe_hash()
    plan = steps(read_all(RECIPES) | read_all(FOLDER), root_tag, (DROPLET, INTERNET))
    tools.require(root_image=False)
    with exclusively("droplets-image"):
        if any(step.local not in _present() for step in plan):
            _build(plan, root_tag, say)
    return {step.recipe.name: step.local for step in plan}


def of_platform(name: str) -> str:
    """Reference of one of the platform's own images in this machine's engine, of the recipe as it is now."""
    step = steps(read_all(RECIPES, programs_dir()), debian.recipe_hash(), (name,))[-1]
    if step.local not in _present():
        raise MachineError(f"image {step.local} is not built; run `python -m images build`")
    return step.local


def _present() -> set[str]:
    return {f"{one.repository}:{one.tag}" for one in engine.tagged()}


def _build(plan: list[Step], root_tag: str, say: Say) -> None:
    sites, root = debian.apt_sites(), f"{PREFIX}{ROOT}:{root_tag}"
    with exclusively("debian"):  # the same lock as the platform's images: one run makes the root
        if root not in _present():
            tools.require(root_image=True)
            debian.import_root(root, sites, lambda text: say(f"image {ROOT}: {text}"))
    tags = {ROOT: root_tag} | {step.recipe.name: step.tag for step in plan}
    present = _present()
    for step in plan:
        if step.local not in present:
            started = time.monotonic()
            _build_one(step, tags, sites, say)
            say(f"image {step.recipe.name} built in {time.monotonic() - started:.0f} s")


def _build_one(step: Step, tags: dict[str, str], sites: dict[str, str], say: Say) -> None:
    recipe = step.recipe

    def tell(text: str) -> None:
        say(f"image {recipe.name}: {text}")

    found = wheels.download(recipe.wheels, engine.architecture(), tell) if recipe.wheels else {}
    with gateway.serve(sites, found) as proxy:
        options = ["--build-arg", f"http_proxy={proxy}", "--label", "sprocket.internal=true"]
        engine.build(
            recipe.name, recipe.context(tags), [step.local, f"{PREFIX}{recipe.name}:latest"], options, tell
        )
