"""In which order images are built, and the tag of each."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from images.builder.errors import ImagesError
from images.builder.recipe import PREFIX, ROOT, Recipe


@dataclass(frozen=True)
class Step:
    """One image to have: its recipe and the tag that its content gives it."""

    recipe: Recipe
    tag: str

    @property
    def local(self) -> str:
        """Name in this machine's engine."""
        return f"{PREFIX}{self.recipe.name}:{self.tag}"


def ordered(recipes: Mapping[str, Recipe], only: Collection[str] = ()) -> list[Recipe]:
    """Parents before children, otherwise alphabetical; with `only`, those images and their parents."""
    for name in only:
        if name not in recipes:
            close = difflib.get_close_matches(name, recipes, 1)
            hint = f"; did you mean {close[0]}?" if close else f"; there are: {', '.join(sorted(recipes))}"
            raise ImagesError(f"no image is called {name}{hint}")
    done: dict[str, Recipe] = {}
    for name in sorted(only or recipes):
        _visit(name, recipes, done, ())
    return list(done.values())


def _visit(name: str, recipes: Mapping[str, Recipe], done: dict[str, Recipe], path: tuple[str, ...]) -> None:
    if name in done or name == ROOT:
        return
    if name in path:
        raise ImagesError(
            f"images depend on each other in a cycle: {' -> '.join((*path[path.index(name) :], name))}"
        )
    if name not in recipes:
        raise ImagesError(f"{path[-1]}/Dockerfile: FROM {PREFIX}{name}: there is no folder {name}")
    for parent in sorted(recipes[name].parents):
        _visit(parent, recipes, done, (*path, name))
    done[name] = recipes[name]


def steps(recipes: Mapping[str, Recipe], root_tag: str, only: Collection[str] = ()) -> list[Step]:
    """What to build, in order, with tags; a changed file changes the tags of its image and of all that build on it."""
    tags = {ROOT: root_tag}
    planned = []
    for recipe in ordered(recipes, only):
        tags[recipe.name] = recipe.digest(tags[parent] for parent in recipe.parents)
        planned.append(Step(recipe, tags[recipe.name]))
    return planned
