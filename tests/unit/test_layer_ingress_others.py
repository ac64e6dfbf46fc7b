"""Signing in by other means: tinyauth in place of forward auth, a fake Discord in place of the real one."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from pydantic import ValidationError
from sprocket_constructs import Access, ConstructError

from layers.ingress.traefik import DYNAMIC_FILE, PLUGIN, STATIC_FILE
from tests.stacks.synthesis import altered
from tests.unit.ingress_stack import ADMIN, DESIGNER, ingress, with_designers, with_tinyauth

# -- the fake Discord ----------------------------------------------------------------------------------------


def test_the_fake_discord_knows_a_person_for_each_role_and_those_whom_no_page_may_let_in() -> None:
    stack = ingress("local", with_designers)
    content = stack.yaml("fake-discord", "/etc/fake-discord/config.yaml")
    assert content == {
        "clients": [
            {
                "id": "sprocket-local",
                "secret": "@@secret:discord-sign-in-secret@@",
                "redirect_uris": ["https://auth.admin.sprocket.localhost/_oauth"],
            }
        ],
        "guild": "100000000000000001",
        "users": [
            {"id": "300000000000000001", "username": "admin", "roles": [ADMIN]},
            {"id": "300000000000000002", "username": "designer", "roles": [DESIGNER]},
            {"id": "300000000000000003", "username": "without_role", "roles": []},
            {"id": "300000000000000004", "username": "not_a_member", "roles": None},
            {"id": "300000000000000005", "username": "another_role", "roles": [f"{ADMIN}0"]},
        ],
    }


# -- tinyauth ------------------------------------------------------------------------------------------------


def test_tinyauth_takes_the_place_of_forward_auth_by_one_setting() -> None:
    stack = ingress("prod", with_tinyauth)
    service = stack.service("forward-auth")
    assert service.image.name == "ghcr.io/tinyauthapp/tinyauth"
    assert service.command == ("/bin/sh", "-c", "set -a; . /run/secrets/tinyauth.env; exec tinyauth")
    assert service.environment == {}
    assert service.constraints == ("node.role==manager",), "it makes the sessions of admins"
    assert (
        stack.text("forward-auth", "/run/secrets/discord-sign-in-secret")
        == "@@secret:discord-sign-in-secret@@"
    )
    middlewares = stack.yaml("traefik", "/etc/traefik/dynamic.yml")["http"]["middlewares"]
    asked = middlewares["sign-in"]["forwardAuth"]
    assert asked["address"] == "http://forward-auth:3000/api/auth/traefik"
    assert asked["authResponseHeaders"] == ["Remote-User", "Remote-Email"]
    assert service.labels["traefik.http.routers.forward-auth.middlewares"] == "public@file"


def test_tinyauth_needs_no_plugin_since_its_cookie_is_a_number() -> None:
    stack = ingress("prod", with_tinyauth)
    assert "experimental" not in stack.yaml("traefik", STATIC_FILE)
    middlewares = stack.yaml("traefik", DYNAMIC_FILE)["http"]["middlewares"]
    assert middlewares["guarded"]["chain"]["middlewares"] == [
        "security-headers",
        "rate-limit",
        "sign-in",
        "compress",
    ]
    assert "session" not in middlewares
    assert not [m.at for m in stack.service("traefik").file_mounts if m.at.startswith(PLUGIN)]


def test_tinyauths_variables_in_full() -> None:
    stack = ingress("prod", with_tinyauth)
    stack.page("grafana", stack.layer.admin)
    text = stack.text("forward-auth", "/run/secrets/tinyauth.env")
    prefix = "TINYAUTH_OAUTH_PROVIDERS_discord_"
    assert dict(word.split("=", 1) for line in text.splitlines() for word in shlex.split(line)) == {
        "TINYAUTH_APPURL": "https://auth.admin.sprocket.mlesports.gg",
        "TINYAUTH_ANALYTICS_ENABLED": "false",
        "TINYAUTH_LABELPROVIDER": "none",
        "TINYAUTH_AUTH_SECURECOOKIE": "true",
        "TINYAUTH_AUTH_SESSIONEXPIRY": "43200",
        "TINYAUTH_AUTH_ACLS_POLICY": "deny",
        "TINYAUTH_OAUTH_WHITELIST": "a@example.org,b@example.org",
        "TINYAUTH_APPS_page0_CONFIG_DOMAIN": "traefik.admin.sprocket.mlesports.gg",
        "TINYAUTH_APPS_page0_OAUTH_WHITELIST": "a@example.org,b@example.org",
        "TINYAUTH_APPS_page1_CONFIG_DOMAIN": "grafana.admin.sprocket.mlesports.gg",
        "TINYAUTH_APPS_page1_OAUTH_WHITELIST": "a@example.org,b@example.org",
        "TINYAUTH_OAUTH_AUTOREDIRECT": "discord",
        f"{prefix}CLIENTID": "000000000000000000",
        f"{prefix}CLIENTSECRETFILE": "/run/secrets/discord-sign-in-secret",
        f"{prefix}AUTHURL": "https://discord.com/oauth2/authorize",
        f"{prefix}TOKENURL": "https://discord.com/api/oauth2/token",
        f"{prefix}USERINFOURL": "https://discord.com/api/v10/users/@me",
        f"{prefix}REDIRECTURL": "https://auth.admin.sprocket.mlesports.gg/api/oauth/callback/discord",
        f"{prefix}SCOPES": "identify,email",
        f"{prefix}NAME": "Discord",
    }


def test_tinyauth_without_a_list_is_refused() -> None:
    def change(document: dict[str, Any]) -> None:
        document["ingress"]["sign_in"]["proxy"] = "tinyauth"

    with pytest.raises(
        ValidationError, match="tinyauth without emails would let everybody with a Discord account in"
    ):
        altered("prod", change)


def test_tinyauth_refuses_a_page_for_another_role_than_the_admins() -> None:
    def change(document: dict[str, Any]) -> None:
        with_designers(document)
        with_tinyauth(document)

    stack = ingress("prod", change)
    stack.page("cards", Access.only("designer"))
    with pytest.raises(ConstructError) as error:
        stack.finish()
    assert str(error.value) == (
        "ingress-alone/cards: Host(`cards.admin.sprocket.mlesports.gg`) is for role 'designer', and tinyauth tells no roles "
        "apart; use role 'admin', or set ingress/sign_in/proxy to traefik-forward-auth"
    )
