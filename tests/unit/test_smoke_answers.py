"""What smoke makes of answers: where a visit ended, redirects, headers, probes of the tasks."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode

import pytest

from ops.model.service import PublishedPort, Service
from ops.smoke.checks_addresses import headers_outcome
from ops.smoke.checks_dependencies import Dependency, judged, parsed, wait_for_dependencies
from ops.smoke.checks_services import Observation, check_ports
from ops.smoke.checks_sign_in import wrong_in_session
from ops.smoke.expectation import (
    Answer,
    Arrival,
    arrival,
    wrong_in_alias,
    wrong_in_authorize,
    wrong_in_redirect,
)
from ops.smoke.graph import by_name
from ops.smoke.outcome import Outcome, Status
from ops.smoke.route import Route
from ops.swarm.containers import Tasks, listening_in
from tests.unit.ops_swarm import FakeSwarm, on_swarm, task
from tests.unit.smoke_scene import inventory

AUTHORIZE = "https://discord.example.org/oauth2/authorize"
CALLBACK = "https://auth.example.org/_oauth"
PAGE = Route(host="page.example.org", service="page", role="admin")
API = Route(host="api.example.org", service="core", role=None, page="/healthz", answers=200)


def answer(status: int, url: str = PAGE.url, **more: Any) -> Answer:
    return Answer(status=status, url=url, **more)


@pytest.mark.parametrize(
    ("found", "means"),
    [
        (answer(200), Arrival.PAGE),
        (answer(307, location=f"{AUTHORIZE}?client_id=1"), Arrival.DISCORD),
        (answer(301, "http://page.example.org/", location="https://page.example.org/"), Arrival.HTTPS),
        (answer(401), Arrival.REFUSED),
        (answer(403), Arrival.REFUSED),
        (answer(500, f"{CALLBACK}?code=1"), Arrival.REFUSED),
        (answer(500), Arrival.BROKEN),
        (answer(404), Arrival.BROKEN),
        (answer(200, "https://other.example.org/"), Arrival.BROKEN),
        # A redirect that nobody followed further, to another Discord than this environment's.
        (answer(307, location="https://discord.com/oauth2/authorize?client_id=1"), Arrival.PAGE),
    ],
)
def test_where_a_visit_ended(found: Answer, means: Arrival) -> None:
    assert arrival(found, asked=PAGE, authorize=AUTHORIZE, callback=CALLBACK) is means


@pytest.mark.parametrize("status", [404, 503, 302])
def test_a_page_with_a_health_check_must_give_its_status(status: int) -> None:
    found = answer(status, API.url)
    assert arrival(found, asked=API, authorize=AUTHORIZE, callback=CALLBACK) is Arrival.BROKEN


ALIAS = Route(host="www.example.org", service="web", role=None, redirects_to="example.org")
ASKED = f"{ALIAS.url}a?b=%2F"


@pytest.mark.parametrize(
    ("found", "means"),
    [
        (answer(301, ASKED, location="https://example.org/a?b=%2F"), Arrival.HOST),
        (answer(301, "http://www.example.org/", location="https://www.example.org/"), Arrival.HTTPS),
        # The page itself under the alias, and no answer at all.
        (answer(200, ASKED), Arrival.BROKEN),
        (answer(404, ASKED, body="404 page not found"), Arrival.BROKEN),
    ],
)
def test_where_an_alias_leads(found: Answer, means: Arrival) -> None:
    assert arrival(found, asked=ALIAS, authorize=AUTHORIZE, callback=CALLBACK) is means


@pytest.mark.parametrize(
    ("status", "location", "wrong"),
    [
        (301, "https://example.org/a?b=%2F", ""),
        (308, "https://example.org/a?b=%2F", ""),
        (302, "https://example.org/a?b=%2F", "is a temporary redirect (302), not a permanent one"),
        (301, "https://example.org/", "leads to https://example.org/, not to https://example.org/a?b=%2F"),
        (
            301,
            "http://example.org/a?b=%2F",
            "leads to http://example.org/a?b=%2F, not to https://example.org/a?b=%2F",
        ),
    ],
)
def test_an_alias_changes_nothing_but_the_host(status: int, location: str, wrong: str) -> None:
    assert wrong_in_alias(answer(status, ASKED, location=location), ASKED, "example.org") == wrong


def test_the_gateways_own_404_is_nobodys_page() -> None:
    own = answer(404, body="404 page not found\n")
    assert own.from_proxy and str(own) == "404 by the gateway itself"
    assert not answer(404, body="Cannot GET /").from_proxy


def test_http_must_lead_to_the_same_page_by_https() -> None:
    assert wrong_in_redirect("https://a.example/b?c=1", "http://a.example/b?c=1") == ""
    assert wrong_in_redirect("https://a.example/", "http://a.example/b?c=1") == (
        "leads to https://a.example/, not to https://a.example/b?c=1"
    )


def authorize(**changed: str) -> str:
    query = {
        "client_id": "7",
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "identify guilds.members.read",
        "state": f"{'0' * 32}:generic-oauth:{PAGE.url}",
    }
    return f"{AUTHORIZE}?{urlencode(query | changed)}"


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({}, ""),
        (
            {"redirect_uri": "https://evil.example/"},
            f"redirect_uri is 'https://evil.example/', not {CALLBACK!r}",
        ),
        ({"client_id": "8"}, "client_id is '8', not '7'"),
        ({"scope": "identify"}, "scope lacks guilds.members.read"),
        ({"state": "0:x:https://evil.example/"}, f"state does not lead back to {PAGE.url}"),
    ],
)
def test_what_visitors_are_sent_to_discord_with(changed: dict[str, str], wrong: str) -> None:
    found = wrong_in_authorize(authorize(**changed), client_id="7", redirect_uri=CALLBACK, page=PAGE.url)
    assert found == wrong


SAFE = {
    "strict-transport-security": "max-age=31536000",
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
    "x-frame-options": "SAMEORIGIN",
}


@pytest.mark.parametrize("missing", SAFE)
def test_each_security_header_is_missed(missing: str) -> None:
    assert headers_outcome("a.example", answer(200, headers=SAFE)).status is Status.PASSED
    without = {name: value for name, value in SAFE.items() if name != missing}
    assert headers_outcome("a.example", answer(200, headers=without)).status is Status.FAILED


@pytest.mark.parametrize(
    ("attributes", "wrong"),
    [
        ("Path=/; Domain=admin.a.example; HttpOnly; Secure", ""),
        ("domain=.admin.a.example; httponly; secure; Max-Age=9", ""),
        ("Domain=a.example; HttpOnly; Secure", "is for a.example"),
        ("HttpOnly; Secure", "is for its own host"),
        ("Domain=admin.a.example; Secure", "lacks HttpOnly"),
        ("Domain=b.admin.a.example", "lacks HttpOnly, lacks Secure, is for b.admin.a.example"),
    ],
)
def test_a_session_is_for_admin_pages_alone(attributes: str, wrong: str) -> None:
    assert wrong_in_session(f"c=eyJ.x.y; {attributes}", domain="admin.a.example") == wrong


def test_no_session_is_no_right_one() -> None:
    assert wrong_in_session("", domain="admin.a.example") == "no cookie"


@pytest.mark.parametrize(
    "value", ["max-age=31536000; includeSubDomains", "max-age=1;INCLUDESUBDOMAINS; preload"]
)
def test_a_host_must_not_speak_for_hosts_below_it(value: str) -> None:
    """Other environments are there, whose certificates no browser trusts."""
    found = headers_outcome("a.example", answer(200, headers=SAFE | {"strict-transport-security": value}))
    assert (found.status, found.found) == (
        Status.FAILED,
        f"strict-transport-security is {value!r}, which reaches hosts below this one",
    )


def test_a_program_must_not_say_its_name() -> None:
    found = headers_outcome("a.example", answer(200, headers=SAFE | {"x-powered-by": "Express"}))
    assert (found.status, found.found) == (Status.FAILED, "x-powered-by says 'Express'")


# -- tasks -------------------------------------------------------------------------------------------------

PROC_NET_TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0B00007F:9C4B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1
   1: 00000000:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2
   2: 0100007F:0BC8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3
   3: 0200000A:8F2E 0300000A:18EB 01 00000000:00000000 00:00000000 00000000     0        0 4
  sl  local_address                         remote_address                        st
   0: 00000000000000000000000000000000:0BB8 00000000000000000000000000000000:0000 0A 0 0 0 0 0 5
"""


def test_listening_ports_are_read_without_the_engines_resolver() -> None:
    assert listening_in(PROC_NET_TCP) == [3000, 3016]
    assert listening_in(PROC_NET_TCP, loopback=False) == [3000]


def test_healthz_without_a_list_is_no_list() -> None:
    assert parsed('{"status": "ok"}') is None
    assert parsed("wget: unrecognized option") is None
    assert parsed('{"dependencies": {"redis": {"ok": false, "target": "redis:6379"}}}') == [
        Dependency(name="redis", target="redis:6379", error="fails")
    ]


def test_a_declared_connection_that_nothing_uses_is_a_failure() -> None:
    services = by_name(inventory())
    used = [Dependency(name="cache", target="redis:6379/1")]
    assert _verdicts(judged(services["core"], used, services, {})) == {
        "core: cache": Status.PASSED,
        "core -> redis": Status.PASSED,
    }
    others = [Dependency(name="x", target="redis-replica:6379", error="refused")]
    assert _verdicts(judged(services["core"], others, services, {})) == {
        "core: x": Status.FAILED,
        "core -> redis": Status.FAILED,
    }


def test_a_server_may_be_asked_by_its_public_name() -> None:
    services = by_name(inventory())
    asked = [Dependency(name="api", target="http://api.example.org/refresh")]
    found = _verdicts(judged(services["core"], asked, services, {"redis": ["api.example.org"]}))
    assert found["core -> redis"] is Status.PASSED


def test_a_dependency_that_is_late_is_asked_again_and_says_so() -> None:
    answers = iter(
        [
            [
                Dependency(name="cache", target="redis:6379"),
                Dependency(name="celery", target="queue", error="late"),
            ],
            [Dependency(name="cache", target="redis:6379"), Dependency(name="celery", target="queue")],
        ]
    )
    found = wait_for_dependencies(
        lambda: next(answers), until=time.monotonic() + 60, wait=lambda seconds: False
    )
    assert found is not None and [each.error for each in found] == ["", ""]
    assert not found[0].waited and found[1].waited > 0


def test_a_red_one_whose_task_goes_away_meanwhile_stays_red() -> None:
    red = [Dependency(name="cache", target="redis:6379", error="refused")]
    answers = iter([red, None, None])
    waits = iter([False, False, True])
    found = wait_for_dependencies(
        lambda: next(answers), until=time.monotonic() + 60, wait=lambda seconds: next(waits)
    )
    assert found is not None and [each.error for each in found] == ["refused"]


@pytest.mark.parametrize(("patience_s", "ended"), [(0, False), (60, True)])
def test_a_dependency_that_stays_away_is_red(patience_s: float, ended: bool) -> None:
    red = [Dependency(name="cache", target="redis:6379", error="refused")]
    assert (
        wait_for_dependencies(lambda: red, until=time.monotonic() + patience_s, wait=lambda seconds: ended)
        == red
    )


def _verdicts(outcomes: Any) -> dict[str, Status]:
    return {outcome.name: outcome.status for outcome in outcomes}


def observed(*looks: FakeSwarm) -> Observation:
    seen = Observation({"web": 1})
    for look in looks:
        seen.look(look)
    return seen


def running(*ids: str, replicas: int = 1) -> FakeSwarm:
    return FakeSwarm(services_=[on_swarm("web", replicas=replicas)], tasks_=[task(id_, "web") for id_ in ids])


def test_the_same_task_at_each_look_is_well() -> None:
    assert observed(running("a"), running("a")).problem("web") == ""


@pytest.mark.parametrize(
    ("looks", "problem"),
    [
        ([FakeSwarm()], "does not exist on the swarm"),
        ([running("a"), running()], "0/1"),
        ([running("a", replicas=2)], "2 replicas on the swarm, 1 in the code"),
        ([running("a"), running("b")], "2 different tasks: it restarts or is being updated"),
    ],
)
def test_what_is_wrong_with_a_service(looks: list[FakeSwarm], problem: str) -> None:
    assert observed(*looks).problem("web") == problem


class _Published(Tasks):
    def __init__(self, ports: dict[str, list[int]]) -> None:
        self._ports = ports

    def published(self) -> dict[str, list[int]]:
        return self._ports


@pytest.mark.parametrize(
    ("ports", "status"),
    [
        ({"traefik": [80, 443]}, Status.PASSED),
        ({"traefik": [80, 443], "redis": [6379]}, Status.FAILED),
        ({"traefik": [80, 443, 8080]}, Status.FAILED),
        ({"traefik": [443]}, Status.FAILED),
        ({}, Status.FAILED),
    ],
)
def test_no_port_but_two_is_published_by_one_service(ports: dict[str, list[int]], status: Status) -> None:
    published = tuple(PublishedPort(published=port, target=port, mode="host") for port in (80, 443))
    declared = Service(address="docker_service.t", path="ingress/t", name="t", published=published)
    found: dict[str, Outcome] = {each.name: each for each in check_ports({"t": declared}, _Published(ports))}
    assert found["as declared"].status is Status.PASSED
    assert found["on the swarm"].status is status
