"""Who gets to see a page: the rules that forward auth is given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sprocket_constructs import Access, ConstructError, HealthCheck

from images.standin.forward_auth import ForwardAuth
from tests.stacks.synthesis import altered
from tests.unit.ingress_stack import ADMIN, DESIGNER, IngressStack, ingress, with_designers, with_tinyauth

FILE = "/run/secrets/forward-auth.yaml"
ROOT = Path(__file__).resolve().parents[2]


def decision(stack: IngressStack, host: str, path: str, roles: list[str]) -> str:
    """Whether the roles are among those in the rule for the page.

    As the gate in place of the real program picks the rule; what the language of rules means to that program itself, a
    smoke test with the program shows.
    """
    gate = ForwardAuth(stack.yaml("forward-auth", FILE))
    return "allowed" if gate.allowed(f"{host}.admin.sprocket.localhost", path) & set(roles) else "refused"


# -- traefik-forward-auth ------------------------------------------------------------------------------------


def test_prod_asks_the_real_discord_and_has_no_fake() -> None:
    stack = ingress("prod")
    provider = stack.yaml("forward-auth", FILE)["providers"]["generic-oauth"]
    assert (provider["auth-url"], provider["token-url"], provider["user-url"]) == (
        "https://discord.com/oauth2/authorize",
        "https://discord.com/api/oauth2/token",
        "https://discord.com/api/v10/users/@me/guilds/000000000000000000/member",
    )
    assert "fake-discord" not in {s.name for s in stack.services}


def test_secrets_are_in_that_file_alone() -> None:
    stack = ingress("prod")
    carriers = {file.name: file.secret_names for file in stack.files if file.secret_names}
    assert carriers == {
        "forward-auth-config": ["sign-in-cookie-key", "discord-sign-in-secret"],
        "backup-sender-main-password": ["restic-password"],
        "backup-sender-main-keys": ["backup-access-key", "backup-secret-key"],
    }
    assert [s.environment for s in stack.services if s.environment] == []


def test_its_image_has_no_check_and_traefik_asks_it_instead() -> None:
    service = ingress().service("forward-auth")
    assert service.health == HealthCheck.none(because=service.health.because or "")
    probe = "traefik.http.services.forward-auth.loadbalancer.healthcheck"
    assert {k: v for k, v in service.labels.items() if k.startswith(probe)} == {
        f"{probe}.path": "/healthz",
        f"{probe}.interval": "10s",
        f"{probe}.timeout": "3s",
    }


def test_the_sign_in_stands_behind_itself_and_is_neither_public_nor_for_a_role() -> None:
    stack = ingress()
    route = next(r for r in stack.layer.gateway.routes if r.host == "auth.admin.sprocket.localhost")
    assert (str(route.access), route.access.is_public, route.access.role) == ("sign-in", False, None)
    assert route.service.labels["traefik.http.routers.forward-auth.middlewares"] == "guarded@file"


@pytest.mark.parametrize(
    ("host", "path", "roles", "expected"),
    [
        ("grafana", "/", [ADMIN], "allowed"),
        ("grafana", "/", ["1", ADMIN, "2"], "allowed"),
        ("grafana", "/", [], "refused"),
        ("grafana", "/", [f"1{ADMIN}", f"{ADMIN}1"], "refused"),
        ("grafana", "/", [DESIGNER], "refused"),
        ("anything", "/", [], "refused"),
        ("cards", "/", [DESIGNER], "allowed"),
        ("cards", "/", ["200000000000000003"], "allowed"),
        ("cards", "/", [ADMIN], "refused"),
        ("mixed", "/", [DESIGNER], "allowed"),
        ("mixed", "/admin/x", [DESIGNER], "refused"),
        ("mixed", "/admin/x", [ADMIN], "allowed"),
    ],
)
def test_who_gets_in(host: str, path: str, roles: list[str], expected: str) -> None:
    stack = ingress("local", with_designers)
    stack.page("grafana", stack.layer.admin)
    stack.page("cards", Access.only("designer"))
    stack.page("mixed", Access.only("designer"))
    stack.page("mixed-admin", stack.layer.admin, host="mixed.admin.sprocket.localhost", path="/admin")
    assert decision(stack, host, path, roles) == expected


def test_pages_for_the_admin_role_need_no_rule_of_their_own() -> None:
    stack = ingress()
    before = stack.yaml("forward-auth", FILE)
    other = ingress()
    other.page("grafana", other.layer.admin)
    assert other.yaml("forward-auth", FILE) == before


def test_a_role_that_nobody_can_hold_is_refused() -> None:
    stack = ingress()
    stack.page("cards", Access.only("designer"))
    with pytest.raises(ConstructError) as error:
        stack.finish()
    assert str(error.value) == (
        "ingress-alone/cards: Host(`cards.admin.sprocket.localhost`) is for role 'designer', which ingress/sign_in/roles "
        "does not have; use one of admin, or add it with its Discord role ids"
    )


def test_a_page_that_the_cookie_never_reaches_is_refused() -> None:
    stack = ingress()
    stack.page("cards", stack.layer.admin, host="cards.example.org")
    with pytest.raises(ConstructError) as error:
        stack.finish()
    assert str(error.value) == (
        "ingress-alone/cards: Host(`cards.example.org`) needs a role, and the sign-in's cookie is for "
        "admin.sprocket.localhost only, so signing in would never end; use a host below admin.sprocket.localhost"
    )


def test_a_guarded_page_on_the_host_of_the_sign_in_is_refused() -> None:
    stack = ingress()
    stack.page("cards", stack.layer.admin, host="auth.admin.sprocket.localhost", path="/cards")
    with pytest.raises(
        ConstructError, match="is on the host of the sign-in itself; give the page a host of its own"
    ):
        stack.finish()


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("open.admin", None),
        ("admin", None),
        ("a.b.admin", None),
        ("traefik.admin", "/open"),
        ("auth.admin", "/open"),
    ],
)
@pytest.mark.parametrize("change", [lambda document: None, with_tinyauth])
def test_a_public_page_that_the_cookie_would_reach_is_refused(
    host: str, path: str | None, change: Callable[[dict[str, Any]], object]
) -> None:
    stack = ingress("prod", change)
    page = stack.page(
        "cards", Access.public(because="a test"), host=f"{host}.sprocket.mlesports.gg", path=path
    )
    with pytest.raises(ConstructError) as error:
        stack.finish()
    rule = page.labels["traefik.http.routers.cards.rule"]
    assert str(error.value) == (
        f"ingress-alone/cards: {rule} is public, and browsers send it the cookie of admins, which is for "
        "admin.sprocket.mlesports.gg; use a host that is not below admin.sprocket.mlesports.gg, or Access.only(...)"
    )


def test_the_cookie_is_for_admin_pages_of_that_environment() -> None:
    content = ingress("prod").yaml("forward-auth", FILE)
    assert content["cookie-domains"] == ["admin.sprocket.mlesports.gg"]
    assert content["auth-host"] == ["auth.admin.sprocket.mlesports.gg"]
    assert (content["cookie-name"], content["csrf-cookie-name"]) == (
        "_sprocket_prod_admin",
        "_sprocket_prod_admin_csrf",
    )


@pytest.mark.parametrize("roles", [{}, {"admin": []}])
def test_an_empty_list_of_roles_is_refused(roles: dict[str, list[str]]) -> None:
    def change(document: dict[str, Any]) -> None:
        document["ingress"]["sign_in"]["roles"] = roles

    with pytest.raises(ValidationError, match="at least 1 item"):
        altered("local", change)


def test_a_session_is_a_day_at_most_since_a_role_taken_away_opens_pages_until_it_ends() -> None:
    def change(document: dict[str, Any]) -> None:
        document["ingress"]["sign_in"]["session"] = 86401

    with pytest.raises(ValidationError, match="less than or equal to 86400"):
        altered("local", change)


@pytest.mark.parametrize("environment", ["local", "staging", "prod"])
def test_sessions_end_when_the_runbook_says(environment: str) -> None:
    seconds = ingress(environment).yaml("forward-auth", FILE)["lifetime"]
    said = (ROOT / "docs" / "runbooks" / "access.md").read_text()
    assert f"until the session is over: {seconds // 3600} hours after that person signed in" in said
    assert seconds % 3600 == 0
