"""What smoke reads from a synthesized stack: addresses, connections, and who must arrive where."""

from __future__ import annotations

import pytest

from layers.ingress.fake_discord import Person, people
from layers.loading import load_environment
from ops.errors import OpsError
from ops.model.inventory import from_synthesis
from ops.smoke.browser import Reach
from ops.smoke.expectation import Arrival, cases, expected
from ops.smoke.graph import by_name, clients_of, healthz_port, sharing
from ops.smoke.person import ANONYMOUS, people_of
from ops.smoke.route import Route, routes_of
from tests.unit.smoke_scene import document, inventory


def test_addresses_come_from_labels_with_the_access_of_the_output() -> None:
    assert routes_of(inventory(), admin_role="admin") == [
        # The health check of a public service says which page must answer, and how.
        Route(host="api.example.org", service="core", role=None, page="/healthz", answers=200),
        Route(host="auth.example.org", service="auth", role="admin", signs_in=True),
        Route(host="page.example.org", service="page", role="admin"),
        Route(host="web.example.org", service="web", role=None),
    ]


def test_an_alias_is_an_address_of_its_own() -> None:
    made = document()
    web = made["resource"]["docker_service"]["web"]
    router, redirect = "traefik.http.routers.web-alias", "traefik.http.middlewares.web-alias-redirect"
    for label, value in {
        f"{router}.rule": "Host(`www.example.org`)",
        f"{router}.middlewares": "public@file,web-alias-redirect",
        f"{redirect}.redirectregex.replacement": "https://web.example.org$1",
    }.items():
        web["labels"].append({"label": label, "value": value})
    (alias,) = [route for route in routes_of(from_synthesis(made), admin_role="admin") if route.redirects_to]
    assert alias == Route(host="www.example.org", service="web", role=None, redirects_to="web.example.org")
    settings = load_environment("local")
    assert expected(alias, ANONYMOUS, "https", settings) is Arrival.HOST
    assert expected(alias, ANONYMOUS, "http", settings) is Arrival.HTTPS


def test_a_route_without_a_known_role_is_for_admins_and_never_public() -> None:
    made = document()
    made["output"] = {}
    roles = {route.host: route.role for route in routes_of(from_synthesis(made), admin_role="boss")}
    assert roles["page.example.org"] == "boss"


def test_a_rule_of_another_form_is_an_error_and_no_address_that_nobody_tests() -> None:
    made = document()
    for label in made["resource"]["docker_service"]["web"]["labels"]:
        if label["label"].endswith(".rule"):
            label["value"] = "HostRegexp(`.+`)"
    with pytest.raises(OpsError, match=r"service web: router web has rule 'HostRegexp\(`\.\+`\)'"):
        routes_of(from_synthesis(made), admin_role="admin")


def test_connections_come_from_the_servers_own_networks() -> None:
    services = by_name(inventory())
    assert services["core"].servers == ("redis",)
    assert healthz_port(services["core"]) == 3001
    assert healthz_port(services["web"]) is None
    assert services["redis"].servers == ()
    assert [port.published for port in services["gateway"].published] == [443]
    assert clients_of(services, "redis") == ["core", "web"]
    assert sharing(services)["redis-net"] == ["core", "redis", "web"]
    # Everybody on the network of the gateway shares it, and nobody declared a connection by that.
    assert sharing(services)["edge"] == ["core", "gateway", "web"]


def test_people_are_one_per_role_and_three_whom_nothing_opens() -> None:
    found = people({"admin": ("111111111111111111", "2"), "designer": ("333333333333333333",)})
    assert [person.name for person in found] == [
        "admin",
        "designer",
        "without_role",
        "not_a_member",
        "another_role",
    ]
    assert found[-1].roles == ("1111111111111111110",)


def test_nobody_can_sign_in_where_discord_is_the_real_one() -> None:
    assert people_of(load_environment("prod")) == []
    assert people_of(load_environment("local"))[0].name == "admin"


ADMIN = Person(name="admin", roles=("200000000000000001",))
STRANGER = Person(name="not_a_member", roles=None)
PUBLIC = Route(host="web.example.org", service="web", role=None)
GUARDED = Route(host="page.example.org", service="page", role="admin")


@pytest.mark.parametrize(
    ("route", "person", "arrives"),
    [
        (PUBLIC, ANONYMOUS, Arrival.PAGE),
        (PUBLIC, STRANGER, Arrival.PAGE),
        (GUARDED, ANONYMOUS, Arrival.DISCORD),
        (GUARDED, ADMIN, Arrival.PAGE),
        (GUARDED, STRANGER, Arrival.REFUSED),
        (GUARDED, Person(name="without_role", roles=()), Arrival.REFUSED),
        (GUARDED, Person(name="another_role", roles=("2000000000000000010",)), Arrival.REFUSED),
    ],
)
def test_who_must_arrive_where(route: Route, person: Person, arrives: Arrival) -> None:
    settings = load_environment("local")
    assert expected(route, person, "https", settings) is arrives
    assert expected(route, person, "http", settings) is Arrival.HTTPS


def test_every_address_is_opened_by_everybody_by_both_schemes() -> None:
    settings = load_environment("local")
    routes = routes_of(inventory(), admin_role="admin")
    names = [case.name for case in cases(routes, people_of(settings), settings)]
    assert len(names) == len(set(names)) == len(routes) * 5 * 2
    assert "http://page.example.org/ as anonymous" in names
    assert "https://api.example.org/healthz as not_a_member" in names


@pytest.mark.parametrize(
    ("connect", "host", "address"),
    [
        (None, "grafana.sprocket.localhost", "127.0.0.1"),
        (None, "localhost.example.org", "localhost.example.org"),
        ("203.0.113.7", "grafana.sprocket.localhost", "203.0.113.7"),
        ("203.0.113.7", "example.org", "203.0.113.7"),
    ],
)
def test_where_a_name_leads(connect: str | None, host: str, address: str) -> None:
    assert Reach(connect).address(host) == address
