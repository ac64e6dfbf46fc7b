"""Ways back between real environments: nothing refers to what is not there, and what is the same stays the same."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from ops.errors import Refused
from ops.model.inventory import from_synthesis
from ops.model.services import services_of
from ops.release.combination import one_service, whole
from ops.release.stack_file import key_of
from tests.stacks.synthesis import ALL, altered, finished, synthesized, with_ratings

ADDRESS = re.compile(r"\b((?:docker|random|terraform)_[a-z]+\.[A-Za-z0-9_-]+)")
LOCAL = re.compile(r"\blocal\.([A-Za-z0-9_-]+)")
VARIABLE = re.compile(r"\bvar\.([A-Za-z0-9_-]+)")


def dangling(document: dict[str, Any]) -> set[str]:
    """What Terraform would not find."""
    text = json.dumps(document)
    there = {f"{type_}.{name}" for type_, group in document["resource"].items() for name in group}
    return {
        *(set(ADDRESS.findall(text)) - there),
        *(set(LOCAL.findall(text)) - document.get("locals", {}).keys()),
        *(set(VARIABLE.findall(text)) ^ document.get("variable", {}).keys()),
    }


def names(document: dict[str, Any]) -> list[str]:
    return [service.name for service in services_of(from_synthesis(document))]


@pytest.mark.parametrize("name", ALL)
def test_going_back_to_the_same_changes_nothing(name: str) -> None:
    document = synthesized(name).document
    assert dangling(document) == set(), "the test knows every reference"
    assert whole(document, document) == document
    assert key_of(whole(document, document)) == key_of(document)
    for service in names(document):
        assert one_service(document, document, service, number=1) == document, service


def test_between_two_releases_of_which_one_has_more() -> None:
    less = synthesized("staging").document
    more = finished(altered("staging", with_ratings)).document
    assert set(names(more)) > set(names(less))
    back, forward = whole(more, less), whole(less, more)
    assert names(back) == names(less) and names(forward) == names(more)
    assert dangling(back) == dangling(forward) == set()
    for kept in ("random_password", "docker_volume", "terraform_data"):
        have = set(back["resource"].get(kept, {}))
        assert have == set(less["resource"].get(kept, {})) | set(more["resource"].get(kept, {})), kept
    # Its accounts are those of all its clients, so it goes back with them, or not at all.
    with pytest.raises(Refused, match="rabbitmq cannot go back alone"):
        one_service(less, more, "rabbitmq", number=1)
    for service in set(names(less)) & set(names(more)) - {"rabbitmq"}:
        assert dangling(one_service(less, more, service, number=1)) == set(), service
