"""The gate in place of forward-auth and the fake Discord, talking to each other over HTTP on loopback."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest

from images.standin.fake_discord import FakeDiscord
from images.standin.forward_auth import ForwardAuth
from tests.unit.standin_browser import Browser
from tests.unit.standin_code import ask, serving

DOMAIN = "example.org"
AUTH = f"auth.{DOMAIN}"
ADMIN = f"grafana.{DOMAIN}"
REDIRECT_URI = f"https://{AUTH}/_oauth"
GUILD = "4242"
ADMINS = "1001"
SECRET = "k" * 64
COOKIE = "_sprocket_auth"


def discord_config() -> dict[str, Any]:
    return {
        "clients": [{"id": "77", "secret": "client-secret", "redirect_uris": [REDIRECT_URI]}],
        "guild": GUILD,
        "users": [
            {"id": "1", "username": "admin", "roles": ["9", ADMINS]},
            {"id": "2", "username": "member", "roles": ["9", "10011"]},
            {"id": "3", "username": "stranger", "roles": None},
        ],
    }


def gate_config(discord: str) -> dict[str, Any]:
    return {
        "secret": SECRET,
        "auth-host": [AUTH],
        "cookie-domains": [DOMAIN],
        "cookie-name": COOKIE,
        "csrf-cookie-name": f"{COOKIE}_csrf",
        "lifetime": "12h",
        "info-fields": ["roles", "user.id"],
        "provider": "generic-oauth",
        "providers": {
            "generic-oauth": {
                "auth-url": f"http://{discord}/oauth2/authorize",
                "token-url": f"http://{discord}/api/oauth2/token",
                "user-url": f"http://{discord}/api/v10/users/@me/guilds/{GUILD}/member",
                "client-id": "77",
                "client-secret": "client-secret",
                "scopes": ["identify", "guilds.members.read"],
            }
        },
        "rules": {
            "default": {
                "action": "auth",
                "route-rule": "",
                "priority": -10000,
                "auth-rule": rf"Regexp(`roles`, `\b({ADMINS})\b`)",
            },
            "players": {
                "action": "auth",
                "route-rule": f"Host(`play.{DOMAIN}`)",
                "auth-rule": r"Regexp(`roles`, `\b(10011|5)\b`)",
            },
            "logout": {
                "action": "logout",
                "route-rule": f"Host(`{AUTH}`) && Path(`/logout`)",
                "priority": 2,
            },
        },
        "headers": {"default": {"name": "X-Forwarded-User", "source": "user.id"}},
    }


@pytest.fixture(scope="module")
def discord() -> Iterator[str]:
    with serving(FakeDiscord(discord_config())) as address:
        yield address


@pytest.fixture(scope="module")
def gate(discord: str) -> Iterator[str]:
    with serving(ForwardAuth(gate_config(discord))) as address:
        yield address


@pytest.fixture
def browser(gate: str, discord: str) -> Browser:
    return Browser(gate, discord)


PAGE = f"https://{ADMIN}/d/board"


def test_anonymous_is_sent_to_discord_with_state_and_exact_redirect(browser: Browser, discord: str) -> None:
    reply = browser.visit(PAGE)

    login = urlsplit(reply.headers["Location"])
    query = parse_qs(login.query)
    assert (reply.status, login.netloc, login.path) == (307, discord, "/oauth2/authorize")
    assert query["redirect_uri"] == [REDIRECT_URI]
    assert query["scope"] == ["identify guilds.members.read"]
    nonce, provider, back = query["state"][0].split(":", 2)
    assert (len(nonce), provider, back) == (32, "generic-oauth", PAGE)
    assert browser.cookies == {f"_sprocket_auth_csrf_{nonce[:6]}": nonce}
    line = reply.headers["Set-Cookie"]
    assert f"Domain={DOMAIN}" in line and "HttpOnly" in line and "Secure" in line


def test_right_role_arrives_at_the_page_asked_for(browser: Browser) -> None:
    reply = browser.sign_in(PAGE, "admin")

    assert (reply.status, reply.headers["Location"]) == (307, PAGE)
    allowed = browser.visit(PAGE)
    assert (allowed.status, allowed.headers["X-Forwarded-User"]) == (200, "1")


def test_cookie_works_on_the_next_admin_host_and_not_under_another_domain(browser: Browser) -> None:
    reply = browser.sign_in(PAGE, "admin")

    session = [c for c in reply.headers.get_all("Set-Cookie") or [] if c.startswith(f"{COOKIE}=")]
    assert f"Domain={DOMAIN}" in session[0]
    assert browser.visit(f"https://rabbitmq.{DOMAIN}/").status == 200


def test_wrong_role_is_refused_and_keeps_its_cookie(browser: Browser) -> None:
    assert browser.sign_in(PAGE, "member").status == 307

    refused = browser.visit(PAGE)
    assert (refused.status, refused.body) == (401, b"Unauthorized\n")
    assert COOKIE in browser.cookies


def test_a_page_for_another_role_has_its_own_rule(browser: Browser) -> None:
    page = f"https://play.{DOMAIN}/scrims"
    browser.sign_in(page, "member")
    assert browser.visit(page).status == 200
    browser.cookies.clear()
    browser.sign_in(page, "admin")
    assert browser.visit(page).status == 401


def test_someone_outside_the_guild_gets_no_cookie(browser: Browser) -> None:
    reply = browser.sign_in(PAGE, "stranger")

    assert reply.status == 403
    assert COOKIE not in browser.cookies


def test_logout_ends_the_session(browser: Browser) -> None:
    browser.sign_in(PAGE, "admin")

    reply = browser.visit(f"https://{AUTH}/logout")
    assert (reply.status, reply.headers["Location"]) == (307, f"https://{AUTH}/")
    assert COOKIE not in browser.cookies
    assert browser.visit(PAGE).status == 307


@pytest.mark.parametrize("target", ["https://evil.test/", "//evil.test/", "http://auth.example.org/"])
def test_logout_does_not_redirect_elsewhere(browser: Browser, target: str) -> None:
    reply = browser.visit(f"https://{AUTH}/logout?{urlencode({'redirect': target})}")

    assert reply.status == 400
    assert "Location" not in reply.headers


def token(
    userinfo: Any, *, secret: str | None = SECRET, lifetime: float = 600, algorithm: str = "HS256"
) -> str:
    claims = {"exp": int(time.time() + lifetime), "tfa": userinfo}
    return jwt.encode(claims, secret, algorithm=algorithm)


def unsigned(userinfo: Any) -> str:
    return token(userinfo, secret=None, algorithm="none")


ADMIN_INFO = {"roles": f"[{ADMINS}]", "user": {"id": "1"}}


def test_a_token_made_with_the_secret_is_accepted(browser: Browser) -> None:
    browser.cookies[COOKIE] = token(ADMIN_INFO)

    assert browser.visit(PAGE).status == 200


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(token(ADMIN_INFO, secret="x" * 40), id="foreign: signed with another secret"),
        pytest.param(token(ADMIN_INFO, lifetime=-1), id="expired"),
        pytest.param(unsigned(ADMIN_INFO), id="forged: algorithm none"),
        pytest.param(token(ADMIN_INFO, algorithm="HS512"), id="forged: another algorithm"),
        pytest.param(token(ADMIN_INFO)[:-4] + "AAAA", id="forged: signature changed"),
        pytest.param("[1001]", id="forged: no token"),
        pytest.param("", id="empty"),
        pytest.param("a.b.c", id="forged: three words"),
    ],
)
def test_bad_cookies_lead_back_to_discord(browser: Browser, value: str) -> None:
    browser.cookies[COOKIE] = value

    assert browser.visit(PAGE).status == 307


def test_claims_of_another_user_cannot_be_put_under_a_good_signature(browser: Browser) -> None:
    browser.sign_in(PAGE, "member")
    head, _, signature = browser.cookies[COOKIE].split(".")
    browser.cookies[COOKIE] = f"{head}.{token(ADMIN_INFO).split('.')[1]}.{signature}"

    assert browser.visit(PAGE).status == 307


def test_a_forged_user_header_changes_nothing(browser: Browser) -> None:
    assert browser.visit(PAGE, **{"X-Forwarded-User": "1"}).status == 307


def test_a_state_that_was_used_is_refused(browser: Browser) -> None:
    callback = browser.choose(browser.start(PAGE), "admin")
    assert browser.visit(callback).status == 307

    replayed = browser.visit(callback)
    assert (replayed.status, replayed.body) == (401, b"Not authorized\n")


def test_a_callback_in_another_browser_is_refused(browser: Browser, gate: str, discord: str) -> None:
    callback = browser.choose(browser.start(PAGE), "admin")

    other = Browser(gate, discord)
    assert other.visit(callback).status == 401
    assert COOKIE not in other.cookies


def test_a_used_code_is_refused_even_with_the_nonce(browser: Browser) -> None:
    callback = browser.choose(browser.start(PAGE), "admin")
    kept = dict(browser.cookies)
    assert browser.visit(callback).status == 307
    browser.cookies = kept

    reply = browser.visit(callback)
    assert (reply.status, reply.body) == (503, b"Service unavailable\n")
    assert COOKIE not in browser.cookies


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.test/",
        "javascript:alert(1)",
        "ftp://grafana.example.org/",
        "https://example.org@evil.test/",
    ],
)
def test_a_state_that_leads_elsewhere_is_refused(browser: Browser, target: str) -> None:
    callback = browser.choose(browser.start(PAGE), "admin")
    query = {key: values[0] for key, values in parse_qs(urlsplit(callback).query).items()}
    query["state"] = query["state"].replace(PAGE, target)

    reply = browser.visit(f"{REDIRECT_URI}?{urlencode(query)}")
    assert (reply.status, reply.body) == (401, b"Not authorized\n")
    assert "Location" not in reply.headers


def test_cancelling_at_discord_signs_nobody_in(browser: Browser) -> None:
    parts = urlsplit(browser.start(PAGE))
    back = ask(browser.discord, f"{parts.path}?{parts.query}&deny=1").headers["Location"]

    assert parse_qs(urlsplit(back).query)["error"] == ["access_denied"]
    assert browser.visit(back).status == 401
    assert COOKIE not in browser.cookies


def test_health_is_answered_only_without_a_proxy(gate: str, browser: Browser) -> None:
    assert ask(gate, "/healthz").status == 200
    assert browser.visit(f"https://{ADMIN}/healthz").status == 307
