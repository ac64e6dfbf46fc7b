"""Which steps between versions a store's data takes by itself, and which have to be acknowledged."""

from __future__ import annotations

import pytest
from sprocket_constructs import Image

from layers.data.upgrades import PROGRAMS, DataVersion, Kind, Step, step_between
from layers.images import LOCK, read_lock
from layers.stores import STORES


def step(program: str, before: str, after: str) -> Step | None:
    return step_between(
        DataVersion(program=program, version=before), DataVersion(program=program, version=after)
    )


@pytest.mark.parametrize(
    ("program", "before", "after"),
    [
        ("postgres", "17.11", "17.11"),
        ("postgres", "17.11", "17.12"),
        ("postgres", "17.11", "17.10"),
        ("redis", "8.2.9", "8.4.1"),
        ("redis", "8.2.9", "8.2.3"),
        ("rabbitmq", "4.0.9", "4.0.10"),
        ("influxdb", "2.9.1", "2.10.0"),
        ("grafana", "13.2.3", "13.3.0"),
        ("loki", "3.7.6", "3.8.0"),
        ("minio", "2025-10-15T17-29-55Z", "2026-09-16T00-00-00Z"),
        ("dgraph", "21.12.0", "21.12.1"),
        ("traefik", "3.7.15", "3.6.0"),
        ("n8n", "1.2.0", "1.3.0"),
        ("redis", "Valkey 9.1.2", "Valkey 9.1.2"),
    ],
)
def test_the_data_takes_it_by_itself(program: str, before: str, after: str) -> None:
    assert step(program, before, after) is None


@pytest.mark.parametrize(
    ("program", "before", "after", "names"),
    [
        ("postgres", "17.11", "18.1", ("17", "18")),
        ("redis", "8.2.9", "9.0.0", ("8", "9")),
        ("rabbitmq", "4.0.9", "4.1.8", ("4.0", "4.1")),
        ("rabbitmq", "4.2.9", "4.3.5", ("4.2", "4.3")),
        ("influxdb", "2.9.1", "3.9.0", ("2", "3")),
        ("grafana", "13.2.3", "14.0.0", ("13", "14")),
        ("loki", "3.7.6", "4.0.0", ("3", "4")),
        ("dgraph", "21.12.0", "25.3.0", ("21", "25")),
        ("traefik", "3.7.15", "4.0.0", ("3", "4")),
        ("n8n", "1.2.0", "2.0.0", ("1", "2")),
    ],
)
def test_a_major_version(program: str, before: str, after: str, names: tuple[str, str]) -> None:
    found = step(program, before, after)
    assert found and (found.kind, found.from_, found.to) == (Kind.UPGRADE, *names)
    assert PROGRAMS[program].takes in found.why if program in PROGRAMS else "release notes" in found.why


@pytest.mark.parametrize(
    ("before", "after", "supported"),
    [("4.0.9", "4.3.5", "4.2"), ("3.12.14", "4.2.9", "3.13 or 4.0 or 4.1"), ("3.12.14", "4.0.9", "3.13")],
)
def test_a_step_that_upstream_does_not_support_names_those_that_it_does(
    before: str, after: str, supported: str
) -> None:
    found = step("rabbitmq", before, after)
    assert found and f"from {supported} only, so deploy one of those first" in found.why


@pytest.mark.parametrize(
    ("program", "before", "after"),
    [
        ("postgres", "18.1", "17.11"),
        ("redis", "8.4.1", "8.2.9"),
        ("rabbitmq", "4.1.0", "4.0.9"),
        ("influxdb", "2.9.1", "2.8.0"),
        ("grafana", "13.2.3", "13.1.0"),
        ("loki", "3.7.6", "3.6.0"),
        ("minio", "2026-09-16T00-00-00Z", "2026-09-15T00-00-00Z"),
    ],
)
def test_a_downgrade_below_what_wrote_the_data(program: str, before: str, after: str) -> None:
    found = step(program, before, after)
    assert found and (found.kind, found.from_, found.to) == (Kind.DOWNGRADE, before, after)
    assert found.why == f"{program} {after} may not open what {before} wrote"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("17.11", "latest@sha256:1"),
        ("latest@sha256:1", "17.11"),
        ("latest@sha256:1", "latest@sha256:2"),
        ("8.2.3", "Valkey 9.1.2"),
    ],
)
def test_a_version_that_cannot_be_read_is_asked_about(before: str, after: str) -> None:
    found = step("postgres", before, after)
    assert found and (found.kind, found.from_, found.to) == (Kind.UNKNOWN, before, after)


def test_another_program_is_asked_about() -> None:
    old = DataVersion(program="minio", version="2025-10-15T17-29-55Z")
    found = step_between(old, DataVersion(program="silo", version="2026-09-16T00-00-00Z"))
    assert found and found.kind is Kind.OTHER_PROGRAM
    assert (found.from_, found.to) == ("minio 2025-10-15T17-29-55Z", "silo 2026-09-16T00-00-00Z")


@pytest.mark.parametrize("store", [*STORES, "dgraph", "traefik"])
def test_the_program_of_every_store_is_in_the_table_and_its_pinned_version_can_be_read(store: str) -> None:
    entry = read_lock(LOCK).images[store]
    image = Image(name=entry.name or "", tag=entry.tag)
    assert image.program in PROGRAMS
    assert DataVersion(program=image.program, version=image.program_version).numbers
