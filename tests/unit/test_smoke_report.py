"""Smoke's report, its certificate judgement, and the table of cold starts."""

from __future__ import annotations

import ssl
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import CliRunner

from ops.cli.app import app
from ops.errors import WrongUse
from ops.report.programs import Program
from ops.smoke.authority import Certificate, Trust, described
from ops.smoke.outcome import Outcome
from ops.smoke.report import render
from ops.smoke.result import Result
from ops.smoke.soak import Round, TaskExits, table

RESULT = Result(
    environment="local",
    seconds=41.6,
    tested={"Discord": "a fake one"},
    outcomes=[
        Outcome.of("addresses", "https://a.example/ as anonymous", True, expected="page", found="200"),
        replace(
            Outcome.of(
                "addresses", "https://a.example/ as admin", False, expected="page", found="401", fix="roles"
            ),
            ran="real",
        ),
        Outcome.skipped("addresses", "https://b.example/ as admin", because="needs a Discord account"),
        replace(
            Outcome.of("services", "web", True, expected="1/1", found="1/1", fix="never shown"),
            ran="stand-in",
        ),
    ],
    programs={
        "web": Program(name="web", pinned="ghcr.io/x/web:sha-1", runs="stand-in"),
        "traefik": Program(name="traefik", pinned="traefik:v3.7.15", runs="real"),
    },
)


def test_the_report_ends_with_the_counts_and_shows_each_failure_with_its_fix() -> None:
    assert (
        render(RESULT)
        == """\
smoke test of local, 42 s

  Discord: a fake one

address             anonymous  admin        program
https://a.example/  page 200   FAILED       real
https://b.example/             not checked

area       passed  of them on stand-ins  failed  not checked
addresses  1                             1       1
services   1       1

not checked here
  needs a Discord account: addresses: https://b.example/ as admin

FAILED addresses: https://a.example/ as admin (real)
  expected: page
  found:    401
  look at:  roles

program  pinned               what runs
traefik  traefik:v3.7.15      real
web      ghcr.io/x/web:sha-1  stand-in
stand-ins prove files, users, ports and credentials, and nothing of what a program does

2 passed, 1 failed"""
    )


def test_the_same_for_programs() -> None:
    data = RESULT.as_data()
    assert (data["passed"], data["failed"], data["not_checked"], data["seconds"]) == (2, 1, 1, 41.6)
    assert data["checks"][1] == {
        "area": "addresses",
        "name": "https://a.example/ as admin",
        "status": "failed",
        "expected": "page",
        "found": "401",
        "fix": "roles",
        "ran": "real",
    }
    assert data["programs"]["web"] == {"name": "web", "pinned": "ghcr.io/x/web:sha-1", "runs": "stand-in"}


# -- certificates ------------------------------------------------------------------------------------------

DECODED: dict[str, Any] = {
    "issuer": ((("commonName", "Pebble Intermediate CA 1"),),),
    "notAfter": "Jan 31 00:00:00 2026 GMT",
}
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def trust(issuer: str = "") -> Trust:
    return Trust(context=ssl.create_default_context(), verifies=not issuer, described="x", issuer=issuer)


def test_a_certificate_says_its_issuer_and_its_days() -> None:
    assert described(DECODED, trust("pebble"), NOW) == Certificate(
        issuer="Pebble Intermediate CA 1", days_left=30
    )


@pytest.mark.parametrize(
    ("decoded", "issuer", "problem"),
    [
        (DECODED, "STAGING", "issued by Pebble Intermediate CA 1"),
        (
            DECODED | {"notAfter": "Jan  5 00:00:00 2026 GMT"},
            "",
            "expires in 4 days; it should have been renewed by now",
        ),
    ],
)
def test_what_is_wrong_with_a_certificate(decoded: dict[str, Any], issuer: str, problem: str) -> None:
    assert described(decoded, trust(issuer), NOW).problem == problem


# -- cold starts -------------------------------------------------------------------------------------------


def a_round(**changed: Any) -> Round:
    base = {"number": 1, "seconds": {"purge": 20.4, "up": 90.0, "smoke": 40.0}, "passed": 200, "failed": 0}
    return Round(**{**base, **changed})


def test_the_table_of_cold_starts() -> None:
    rounds = [
        a_round(),
        a_round(number=2, restarts={"core": 4}),
        a_round(number=3, seconds={}, problem="up failed"),
    ]
    assert table(rounds) == [
        "round  purge  up    smoke  passed  failed  restarts",
        "1      20 s   90 s  40 s   200     0       none      ok",
        "2      20 s   90 s  40 s   200     0       core 4    FAILED",
        "3      0 s    0 s   0 s    200     0       none      FAILED",
        "most restarts of one service in one round: 4 (3 allowed)",
        "1 of 3 cold starts passed",
    ]


@pytest.mark.parametrize(
    ("changed", "ok"),
    [
        ({}, True),
        ({"restarts": {"core": 3}}, True),
        ({"restarts": {"core": 4}}, False),
        ({"failed": 1}, False),
        ({"problem": "up ended with 1"}, False),
    ],
)
def test_when_a_cold_start_is_whole(changed: dict[str, Any], ok: bool) -> None:
    assert a_round(**changed).ok is ok


def test_only_containers_of_services_that_end_are_counted() -> None:
    deaths = TaskExits()
    named = {"Attributes": {"com.docker.swarm.service.name": "core"}}
    for event in (
        {"Action": "die", "Actor": named},
        {"Action": "start", "Actor": named},
        {"Action": "die", "Actor": {"Attributes": {"name": "by-hand"}}},
    ):
        deaths.take(event)
    assert deaths.by_service == {"core": 1}


def test_soak_wants_the_name_typed() -> None:
    result = CliRunner().invoke(app, ["soak", "--env", "local", "--times", "1"])
    assert isinstance(result.exception, WrongUse)
    assert "--confirm local" in str(result.exception)
