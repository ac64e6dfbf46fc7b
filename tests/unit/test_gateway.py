"""Routes, who may use them, and the labels that Traefik reads."""

import re

import pytest
from sprocket_constructs import Access, ConstructError, Gateway, SwarmService, SwarmStack, UpdatePolicy
from sprocket_constructs.graph import sharing

from tests.synthesis import Json, declare, only, service, synth

PUBLIC = Access.public(because="the site itself")


def labels(rendered: Json) -> dict[str, str]:
    return {each["label"]: each["value"] for each in rendered["labels"]}


def test_a_public_route(stack: SwarmStack) -> None:
    gateway = Gateway(stack, "gateway", public_middlewares=("headers@file", "limit@file"))
    web = declare(stack, "web", listens={"http": 3000}, update=UpdatePolicy.start_first())
    assert web.expose_via(gateway, host="example.test", access=PUBLIC) == "https://example.test"
    assert labels(service(stack, "web")) == {
        "traefik.enable": "true",
        "traefik.swarm.network": "edge",
        "traefik.http.routers.web.rule": "Host(`example.test`)",
        "traefik.http.routers.web.entrypoints": "websecure",
        "traefik.http.routers.web.service": "web",
        "traefik.http.routers.web.middlewares": "headers@file,limit@file",
        "traefik.http.services.web.loadbalancer.server.port": "3000",
    }


def test_a_route_for_a_role_goes_through_the_guard(stack: SwarmStack) -> None:
    gateway = Gateway(
        stack, "gateway", public_middlewares=("headers@file",), guarded_middlewares=("guard@file",)
    )
    grafana = declare(stack, "grafana", listens={"http": 3000})
    grafana.expose_via(gateway, host="grafana.example.test", access=Access.only("admin"))
    assert labels(service(stack, "grafana"))["traefik.http.routers.grafana.middlewares"] == "guard@file"


def test_all_settings(stack: SwarmStack) -> None:
    gateway = Gateway(stack, "gateway", name="front", entry_point="https", resolver="acme")
    api = declare(stack, "api", listens={"http": 3000, "admin": 9000})
    api.expose_via(
        gateway, host="x.test", access=PUBLIC, port="admin", path="/dash", internal_service="api@internal"
    )
    found = labels(service(stack, "api"))
    assert found["traefik.swarm.network"] == "front"
    assert found["traefik.http.routers.api.rule"] == "Host(`x.test`) && PathPrefix(`/dash`)"
    assert found["traefik.http.routers.api.entrypoints"] == "https"
    assert found["traefik.http.routers.api.tls.certresolver"] == "acme"
    assert found["traefik.http.routers.api.service"] == "api@internal"
    assert found["traefik.http.services.api.loadbalancer.server.port"] == "9000"


def test_without_a_resolver_no_label_speaks_of_tls(stack: SwarmStack) -> None:
    """A router with TLS settings of its own gets none of the entry point's, and so no certificate."""
    web = declare(stack, "web", listens={"http": 80})
    web.expose_via(Gateway(stack, "gateway"), host="x.test", access=PUBLIC)
    assert not [name for name in labels(service(stack, "web")) if ".tls" in name]


def test_both_ends_are_on_the_gateways_network_which_has_a_way_out(stack: SwarmStack) -> None:
    gateway = Gateway(stack, "gateway")
    traefik = declare(stack, "traefik")
    traefik.joins(gateway.network)
    web = declare(stack, "web", listens={"http": 80})
    web.expose_via(gateway, host="x.test", access=PUBLIC)
    document = synth(stack)
    assert only(document, "docker_network", name="edge")["internal"] is False
    networks = [
        only(document, "docker_service", name=name)["task_spec"]["networks_advanced"]
        for name in ("traefik", "web")
    ]
    (address,) = document["resource"]["docker_network"]
    assert networks[0] == networks[1] == [{"name": f"${{docker_network.{address}.id}}"}]


def networks(rendered: SwarmService) -> set[str]:
    return set(rendered.attachments)


def test_a_guarded_page_shares_a_network_with_the_proxy_alone(stack: SwarmStack) -> None:
    """Declared before and after the proxy: both are found."""
    gateway = Gateway(stack, "gateway")
    early = declare(stack, "early", listens={"http": 80})
    early.expose_via(gateway, host="early.test", access=Access.only("admin"))
    traefik = declare(stack, "traefik", listens={"http": 80})
    gateway.answered_by(traefik)
    late = declare(stack, "late", listens={"http": 80})
    late.expose_via(gateway, host="late.test", access=Access.only("admin"))
    web = declare(stack, "web", listens={"http": 80})
    web.expose_via(gateway, host="x.test", access=PUBLIC)
    assert sharing(stack.services) == {
        "early-page": ["early", "traefik"],
        "edge": ["traefik", "web"],
        "late-page": ["late", "traefik"],
    }
    document = synth(stack)
    assert only(document, "docker_network", name="late-page")["internal"] is True
    assert labels(service(stack, "late"))["traefik.swarm.network"] == "late-page"


@pytest.mark.parametrize("order", [("public", "guarded"), ("guarded", "public")])
def test_one_guarded_route_keeps_the_whole_service_off_the_public_network(
    stack: SwarmStack, order: tuple[str, str]
) -> None:
    gateway = Gateway(stack, "gateway")
    minio = declare(stack, "minio", listens={"http": 80})
    for kind in order:
        access = PUBLIC if kind == "public" else Access.only("admin")
        minio.expose_via(gateway, host=f"{kind}.test", access=access)
    assert networks(minio) == {"minio-page"}
    assert labels(service(stack, "minio"))["traefik.swarm.network"] == "minio-page"


def test_the_proxys_own_page_needs_no_network(stack: SwarmStack) -> None:
    gateway = Gateway(stack, "gateway")
    traefik = declare(stack, "traefik", listens={"http": 80})
    gateway.answered_by(traefik)
    traefik.expose_via(gateway, host="x.test", access=Access.only("admin"), internal_service="api@internal")
    assert networks(traefik) == {"edge"}


def test_a_second_route_of_a_service_gets_a_router_of_its_own(stack: SwarmStack) -> None:
    gateway = Gateway(stack, "gateway")
    minio = declare(stack, "minio", listens={"api": 9000, "console": 9001})
    minio.expose_via(gateway, host="s3.test", access=PUBLIC)
    minio.expose_via(gateway, host="console.test", access=Access.only("admin"), port="console")
    found = labels(service(stack, "minio"))
    assert found["traefik.http.routers.minio.service"] == "minio"
    assert found["traefik.http.routers.minio-2.rule"] == "Host(`console.test`)"
    assert found["traefik.http.routers.minio-2.service"] == "minio-2"
    assert found["traefik.http.services.minio-2.loadbalancer.server.port"] == "9001"
    assert [route.host for route in gateway.routes] == ["s3.test", "console.test"]


def test_two_routes_to_one_address_are_refused(stack: SwarmStack) -> None:
    gateway = Gateway(stack, "gateway")
    declare(stack, "a", listens={"http": 80}).expose_via(gateway, host="x.test", path="/p", access=PUBLIC)
    b = declare(stack, "b", listens={"http": 80})
    b.expose_via(gateway, host="x.test", access=PUBLIC)
    with pytest.raises(ConstructError) as caught:
        b.expose_via(gateway, host="x.test", path="/p", access=PUBLIC)
    assert str(caught.value) == (
        "test/b: Host(`x.test`) && PathPrefix(`/p`) already leads to test/a; "
        "give each service a host or path of its own"
    )


def test_two_services_whose_routers_would_have_one_name_are_refused(stack: SwarmStack) -> None:
    gateway = Gateway(stack, "gateway")
    web = declare(stack, "web", listens={"http": 80})
    web.expose_via(gateway, host="a.test", access=PUBLIC)
    web.expose_via(gateway, host="b.test", access=PUBLIC)
    with pytest.raises(ConstructError) as caught:
        declare(stack, "web-2", listens={"http": 80}).expose_via(gateway, host="c.test", access=PUBLIC)
    assert str(caught.value) == (
        "test/web-2: router web-2 is taken by test/web, and Traefik would serve neither; "
        "give one of the services another name"
    )


def test_a_relative_path_is_refused(stack: SwarmStack) -> None:
    web = declare(stack, "web", listens={"http": 80})
    with pytest.raises(ConstructError) as caught:
        web.expose_via(Gateway(stack, "gateway"), host="x.test", path="api", access=PUBLIC)
    assert str(caught.value) == "test/web: path 'api' is not absolute; start it with /"


def test_a_service_without_a_port_cannot_be_exposed(stack: SwarmStack) -> None:
    gateway = Gateway(stack, "gateway")
    with pytest.raises(ConstructError) as caught:
        declare(stack, "web").expose_via(gateway, host="x.test", access=PUBLIC)
    assert str(caught.value) == "test/web: listens on no port; name its ports with listens={...}"
    assert gateway.routes == []


def test_access_says_who(stack: SwarmStack) -> None:
    assert (str(PUBLIC), PUBLIC.is_public, PUBLIC.because) == ("public", True, "the site itself")
    only_admins = Access.only("admin")
    assert (str(only_admins), only_admins.is_public, only_admins.role) == ("role admin", False, "admin")
    assert (str(Access.sign_in()), Access.sign_in().is_public) == ("sign-in", False)


def test_an_alias_sends_browsers_on(stack: SwarmStack) -> None:
    gateway = Gateway(stack, "gateway", public_middlewares=("headers@file",))
    web = declare(stack, "web", listens={"http": 3000})
    web.expose_via(gateway, host="example.test", access=PUBLIC, aliases=("www.example.test", "old.test"))
    found = labels(service(stack, "web"))
    router, redirect = (
        "traefik.http.routers.web-alias",
        "traefik.http.middlewares.web-alias-redirect.redirectregex",
    )
    assert found[f"{router}.rule"] == "Host(`www.example.test`)"
    assert found[f"{router}-2.rule"] == "Host(`old.test`)"
    assert found[f"{router}.middlewares"] == "headers@file,web-alias-redirect"
    assert found[f"{redirect}.permanent"] == "true"
    assert found["traefik.http.routers.web.middlewares"] == "headers@file"
    # What Traefik does with both: Go's regexp, on the whole address.
    pattern, to = found[f"{redirect}.regex"], found[f"{redirect}.replacement"].replace("$1", r"\1")
    for asked, wanted in {
        "https://www.example.test/": "https://example.test/",
        "https://www.example.test:443/a/b?c=d&e=%2F": "https://example.test/a/b?c=d&e=%2F",
        "https://www.example.test//other.test": "https://example.test//other.test",
    }.items():
        assert re.sub(pattern, to, asked) == wanted
    assert [route.redirects_to for route in gateway.routes] == [None, "example.test", "example.test"]


def test_an_alias_is_for_public_pages(stack: SwarmStack) -> None:
    grafana = declare(stack, "grafana", listens={"http": 3000})
    with pytest.raises(
        ConstructError, match=r"has aliases www\.x\.test for a page that is not public: role admin"
    ):
        grafana.expose_via(
            Gateway(stack, "gateway"), host="x.test", access=Access.only("admin"), aliases=("www.x.test",)
        )


def test_an_alias_that_leads_elsewhere_already(stack: SwarmStack) -> None:
    gateway = Gateway(stack, "gateway")
    declare(stack, "api", listens={"http": 3000}).expose_via(gateway, host="api.test", access=PUBLIC)
    web = declare(stack, "web", listens={"http": 3000})
    with pytest.raises(ConstructError, match="already leads to"):
        web.expose_via(gateway, host="example.test", access=PUBLIC, aliases=("api.test",))
