"""Which program runs in each service, and the table of them."""

from __future__ import annotations

from images.builder.lock import Entry
from ops.model.inventory import Inventory, from_synthesis
from ops.report.programs import Program, programs_of, table
from tests.unit.ops_fixtures import service

WEB = Entry(
    name="127.0.0.1:5000/sprocket/web",
    tag="1",
    digest="sha256:1",
    stands_in_for="ghcr.io/x/web:sha-1",
    kind="stand-in",
)


def inventory(**images: str) -> Inventory:
    """A stack with these services."""
    services = {name: service(f"data/{name}", name=name, image=image) for name, image in images.items()}
    return from_synthesis({"resource": {"docker_service": services}})


def test_what_was_built_here_is_what_its_lock_says_and_all_else_what_it_is_called() -> None:
    found = programs_of(inventory(web=WEB.reference, db="docker.io/x/postgres:17@sha256:2"), {"web": WEB})
    assert found == {
        "web": Program(name="web", pinned="ghcr.io/x/web:sha-1", runs="stand-in"),
        "db": Program(name="postgres", pinned="docker.io/x/postgres:17", runs="real"),
    }


def test_the_table_has_each_version_once() -> None:
    core = [Program(name="core", pinned=f"core:{version}", runs="real") for version in (1, 2)]
    web = Program(name="web", pinned="web:1", runs="stand-in")
    programs = {"main-web": web, "dev-core": core[0], "main-core": core[1], "migration": core[1]}
    assert list(table(programs)) == [
        "program  pinned  what runs",
        "core     core:1  real",
        "core     core:2  real",
        "web      web:1   stand-in",
        "stand-ins prove files, users, ports and credentials, and nothing of what a program does",
    ]
