"""What decision records and the pages beside them claim of every environment, where no other test holds it."""

from __future__ import annotations

import ast
import base64
import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sprocket_constructs import GeneratedSecret

from layers.loading import load_environment
from tests.stacks.synthesis import ALL, CLOUDS, cloud, synthesized

ROOT = Path(__file__).parents[2]
MIB = 1024**2


@pytest.mark.parametrize("environment", ALL)
def test_no_stack_reads_the_state_of_another(environment: str) -> None:
    """Record 2: each stack can be planned before the other was applied."""
    stacks = [synthesized(environment).document]
    if environment in CLOUDS:
        stacks.append(cloud(environment).document)
    for document in stacks:
        assert "terraform_remote_state" not in json.dumps(document)


@pytest.mark.parametrize("environment", ALL)
def test_who_is_on_the_one_network_of_pages_that_leads_out(environment: str) -> None:
    """Records 5 and 9: public pages, the sign-in, and Traefik."""
    stack = synthesized(environment).stack
    routes = stack.ingress.gateway.routes
    guarded = {route.service.name for route in routes if route.access.role is not None}
    routed = {route.service.name for route in routes} - guarded
    members = {each.name for each in stack.services if "edge" in each.attachments}
    assert members == routed | {"traefik"}


@pytest.mark.parametrize("environment", ALL)
def test_what_keepers_reserve(environment: str) -> None:
    """Record 12."""
    keepers = [each for each in synthesized(environment).stack.services if each.name.endswith("-keeper")]
    assert keepers
    for keeper in keepers:
        assert 16 * MIB <= keeper.resources.memory_reservation_bytes <= 32 * MIB, keeper.name


@pytest.mark.parametrize("environment", ALL)
def test_how_many_services_make_backups(environment: str) -> None:
    """Record 19: eight to eleven."""
    names = [each.name for each in synthesized(environment).stack.services]
    found = [name for name in names if name.endswith("-backup") or name.startswith("backup-")]
    assert 8 <= len(found) <= 11, found


@pytest.mark.parametrize("environment", ALL)
def test_what_opens_backups_elsewhere_is_not_in_the_state(environment: str) -> None:
    """docs/secrets.md: a backup that only the lost state can open is none."""
    stack = synthesized(environment).stack
    three = {"restic-password", "backup-access-key", "backup-secret-key"}
    generated = {each.name for each in stack.node.find_all() if isinstance(each, GeneratedSecret)}
    if load_environment(environment).backups.where == "s3":
        assert three <= {each.name for each in stack.supplied_secrets}
        assert not three & generated
    else:
        assert three <= generated


@pytest.mark.parametrize("environment", ["local", "rehearsal", "rehearsal-3", "rehearsal-4"])
def test_a_simulated_world_needs_no_secret(environment: str) -> None:
    """docs/secrets.md. The box gives rehearsal-managed the password of its own managed database."""
    assert list(synthesized(environment).stack.supplied_secrets) == []


@pytest.mark.parametrize("environment", CLOUDS)
def test_nothing_makes_swap(environment: str) -> None:
    """Record 14: what a limit does not stop, the kernel ends."""
    for droplet in cloud(environment).resources("digitalocean_droplet").values():
        text = str(droplet["user_data"])
        files = [text, *map(opened, re.findall(r"[A-Za-z0-9+/]{40,}={0,2}", text))]
        assert any("mkfs.ext4" in each for each in files), "the search finds no scripts"
        assert not any(re.search(r"\bmkswap\b|\bswapon\b|^swap:", each, re.M) for each in files)


def opened(text: str) -> str:
    """A file of user data that is packed; empty where it is no such."""
    try:
        content = base64.b64decode(text)
        return (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).decode(errors="replace")
    except (ValueError, OSError, EOFError):
        return ""


def names_of_environments_in(source: str) -> Iterator[str]:
    """Names that code compares something with, or matches."""
    for node in ast.walk(ast.parse(source)):
        asked: list[ast.AST] = []
        if isinstance(node, ast.Compare):
            asked = [node.left, *node.comparators]
        elif isinstance(node, ast.MatchValue):
            asked = [node.value]
        for each in asked:
            for part in ast.walk(each):
                if isinstance(part, ast.Constant) and part.value in ENVIRONMENTS:
                    yield str(part.value)


ENVIRONMENTS = set(ALL) - {"local"}
"""The word local is also the kind of a backend, whose state is in a file."""


def test_no_code_asks_what_an_environment_is_called() -> None:
    """CONTRIBUTING.md: environments differ by their settings."""
    files = [
        path
        for folder in ("constructs/sprocket_constructs", "layers", "ops", "images")
        for path in (ROOT / folder).rglob("*.py")
    ]
    assert len(files) > 200
    asking = {
        str(path.relative_to(ROOT)) for path in files if list(names_of_environments_in(path.read_text()))
    }
    assert asking == set()


@pytest.mark.parametrize(
    "source",
    ["if name == 'prod': pass", "x = name in ('staging', 'a')", "match name:\n  case 'prod':\n    pass"],
)
def test_code_that_asks_is_found(source: str) -> None:
    assert list(names_of_environments_in(source))
