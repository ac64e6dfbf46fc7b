"""A difference is short, shows its place without line numbers, and gives the other stack back."""

from __future__ import annotations

import random

import pytest

from tests.stacks.difference import DoesNotFit, applied, changed, changed_lines, difference

BASE = {
    "docker_service.core": ['image: "core:1"', "replicas: 1", 'user: "node"'],
    "docker_service.web": ['image: "web:1"', "replicas: 2"],
    "docker_network.edge": ['name: "edge"'],
    "constructs": ["core Service", "web Service"],
}


@pytest.mark.parametrize(
    ("other", "lines"),
    [
        ({}, []),
        (
            {"docker_service.core": ['image: "core:1"', "replicas: 3", 'user: "node"']},
            ["@@ docker_service.core @@", "-replicas: 1", "+replicas: 3"],
        ),
        (
            {"docker_service.bot": ['image: "core:1"', "replicas: 1", 'user: "bot"']},
            ["@@ docker_service.bot @@ like docker_service.core", '-user: "node"', '+user: "bot"'],
        ),
        (
            {"docker_volume.redis": ['name: "redis"'], "constructs": ["core Service"]},
            ["@@ docker_volume.redis @@ added", '+name: "redis"', "@@ constructs @@", "-web Service"],
        ),
    ],
)
def test_what_a_difference_says(other: dict[str, list[str]], lines: list[str]) -> None:
    assert difference(BASE, {**BASE, **other}) == lines
    assert applied(BASE, lines) == {**BASE, **other}


def test_a_section_that_only_the_base_has_is_absent() -> None:
    other = {name: lines for name, lines in BASE.items() if name != "docker_network.edge"}
    assert difference(BASE, other) == ["@@ docker_network.edge @@ absent"]
    assert applied(BASE, ["@@ docker_network.edge @@ absent"]) == other


def test_lines_above_an_addition_make_its_place_certain() -> None:
    base = ["red:", "  end", "blue:", "  end", "green:", "  end"]
    other = ["red:", "  end", "blue:", "  end", "  more", "green:", "  end"]
    assert changed_lines(base, other) == [" blue:", "   end", "+  more"]


def test_any_two_texts_come_back() -> None:
    """Few different lines, so that most stand several times and an ambiguous place would be met."""
    chance = random.Random(1)
    for _ in range(3000):
        base, other = (chance.choices("abc", k=chance.randrange(8)) for _ in range(2))
        assert changed(base, changed_lines(base, other)) == other


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["@@ docker_service.core @@", "-replicas: 9"], "docker_service.core has no line 'replicas: 9'"),
        (["@@ docker_service.api @@ absent"], "there is no docker_service.api"),
        (["@@ docker_service.bot @@ like docker_service.api"], "there is no docker_service.api"),
        (["-replicas: 1"], "before the first section stands '-replicas: 1'"),
    ],
)
def test_a_difference_from_another_base_does_not_fit(lines: list[str], message: str) -> None:
    with pytest.raises(DoesNotFit) as raised:
        applied(BASE, lines)
    assert str(raised.value) == message
