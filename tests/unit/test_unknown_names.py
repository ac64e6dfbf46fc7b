"""Names in settings that nothing has: each would do nothing, and is told with the nearest name that has a meaning."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from images.builder.paths import RECIPES
from images.builder.recipe import read_all
from layers.errors import SettingsError
from layers.images import LOCK, ImageCatalog, missing_recipes, unknown_promotions
from layers.loading import environment_names, load_environment, load_resources, table_names
from layers.platform.lines import optional_shares
from layers.site import Site, unused_shares
from tests.stacks.synthesis import ALL, altered, built, declared, with_ratings

Document = dict[str, Any]
SHARE = {"cpu": 1, "memory": "64MiB", "reserve_cpu": 0.1, "reserve_memory": "64MiB"}
PIN = {"name": "registry.example.org/x", "tag": "1.0", "digest": f"sha256:{'e' * 64}"}


def refused(change: Callable[[Document], object]) -> list[str]:
    stack = built(altered("local", change))
    with pytest.raises(SettingsError) as caught:
        stack.finish()
    return [f"{problem.path}: {problem.problem}; {problem.fix}" for problem in caught.value.problems]


def test_exceptions_for_what_is_not_there_are_refused_together() -> None:
    def change(document: Document) -> None:
        document["resources"] = {"cor": SHARE, "elo-service": SHARE, "core": SHARE}
        document["images"]["overrides"] = {"rediss": PIN, "quite-another": PIN}

    nothing = "of that name, so it would have no effect"
    assert refused(change) == [
        f"local.yaml: resources/cor: the environment has no service {nothing}; did you mean core?",
        f"local.yaml: resources/elo-service: the environment has no service {nothing}; remove it",
        f"local.yaml: images/overrides/rediss: the environment has no image {nothing}; did you mean redis?",
        f"local.yaml: images/overrides/quite-another: the environment has no image {nothing}; remove it",
    ]


def test_a_role_that_no_page_asks_for_is_refused() -> None:
    def change(document: Document) -> None:
        document["ingress"]["sign_in"]["roles"].update(
            {"amdin": ["200000000000000002"], "designer": ["200000000000000003"]}
        )

    nothing = "no page asks for that role, so it would have no effect"
    assert refused(change) == [
        f"local.yaml: ingress/sign_in/roles/amdin: {nothing}; did you mean admin?",
        f"local.yaml: ingress/sign_in/roles/designer: {nothing}; remove it",
    ]


def test_an_exception_changes_the_keys_that_it_gives() -> None:
    table = load_resources("small")
    site = Site(altered("local", lambda d: d.update(resources={"web": {"cpu": 2}})))
    assert site.resources("web") == table["web"].model_copy(update={"cpu": 2}).resources()
    assert site.resources("core") == table["core"].resources()


def test_exceptions_that_cannot_be_are_told_together_unknown_names_as_such() -> None:
    resources = {"webb": {"cpu": 1}, "quite-another": {"cpu": 1}, "web": {"memory": "1KiB"}}
    settings = altered("local", lambda d: d.update(resources=resources))
    with pytest.raises(SettingsError) as caught:
        Site(settings)
    assert [str(problem) for problem in caught.value.problems] == [
        "local.yaml: resources/webb: resources/small.yaml has no such entry to change; did you mean web?",
        "local.yaml: resources/quite-another: resources/small.yaml has no such entry to change; "
        "remove it, or give all of cpu, memory, reserve_cpu, reserve_memory",
        "local.yaml: resources/web: memory limit 1KiB is below the reservation "
        f"{load_resources('small')['web'].reserve_memory}; raise the limit or reserve less",
    ]


def test_exceptions_for_what_an_option_switches_on_are_fine() -> None:
    def change(document: Document) -> None:
        with_ratings(document)
        document["resources"] = {"elo-service": SHARE}
        document["images"]["overrides"]["dgraph"] = PIN

    built(altered("local", change)).finish()


def test_a_service_without_limits_says_what_may_have_been_meant() -> None:
    settings = load_environment("local")
    with pytest.raises(SettingsError) as caught:
        Site(settings, images=ImageCatalog(settings)).resources("redi")
    assert str(caught.value) == (
        "resources/small.yaml: redi: is missing; every service needs limits and reservations; "
        "add it (or rename redis, if that is it)"
    )


# -- tables that several environments use -----------------------------------------------------------------------


@pytest.mark.parametrize("table", table_names())
def test_every_entry_of_every_table_is_for_some_service(table: str) -> None:
    asked = optional_shares().union(*(declared(name).site.asked_shares for name in ALL))
    assert unused_shares(table, load_resources(table), asked) == []


def test_an_entry_for_no_service_is_told() -> None:
    asked = declared("local").site.asked_shares
    assert [str(problem) for problem in unused_shares("small", ["core", "webb", "mongo"], asked)] == [
        "resources/small.yaml: webb: no environment has a service of that name; did you mean web?",
        "resources/small.yaml: mongo: no environment has a service of that name; remove it",
    ]


def test_what_is_optional_is_what_an_option_really_asks_for() -> None:
    without = declared("local").site.asked_shares
    assert built(altered("local", with_ratings)).site.asked_shares - without == optional_shares()


# -- images -----------------------------------------------------------------------------------------------------


def test_what_runs_from_packages_has_a_recipe() -> None:
    recipes = {recipe.name for recipe in read_all(RECIPES).values() if not recipe.internal}
    for name in environment_names():
        settings = load_environment(name)
        assert missing_recipes(settings, declared(name).site.asked_images, recipes) == []


def test_an_image_without_a_recipe_needs_one_or_an_override() -> None:
    settings = altered("local", lambda d: d["images"].update(overrides={"mine": PIN}))
    (problem,) = missing_recipes(settings, ["redis", "n8n", "mine"], ["redis"])
    assert str(problem) == (
        "local.yaml: images: a service runs image 'n8n', images come from packages, and no recipe builds it; "
        "write images/recipes/n8n/recipe.yaml, or name an image under images/overrides/n8n"
    )
    assert missing_recipes(load_environment("prod"), ["n8n"], []) == []


def test_a_lock_of_packages_that_has_no_such_image_says_the_same(tmp_path: Path) -> None:
    lock = tmp_path / "images.packages.lock.yaml"
    lock.write_text("images: {redis: {name: 127.0.0.1:5000/sprocket/redis, tag: a}}\n")
    with pytest.raises(
        SettingsError, match=r"^local\.yaml: images: a service runs image 'n8n', .* no recipe"
    ):
        ImageCatalog(load_environment("local"), packages_lock=lock).image("n8n")


def test_promotions_to_nowhere_are_told(tmp_path: Path) -> None:
    lock = tmp_path / "images.lock.yaml"
    entry = "{web: {tag: sha-1}}"
    lock.write_text(
        f"images: {{}}\npromoted:\n  staging/dve: {entry}\n  staging: {entry}\n  staging/dev: {entry}\n"
    )
    environments = [load_environment(name) for name in environment_names()]
    assert [str(problem) for problem in unknown_promotions(lock, environments)] == [
        "images.lock.yaml: promoted/staging/dve: is no environment, and no instance of one, so nothing is promoted; "
        "write the name of an environment, or environment/instance; did you mean staging/dev?"
    ]
    assert unknown_promotions(LOCK, environments) == []
