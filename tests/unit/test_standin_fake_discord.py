"""The fake Discord by itself: what it must refuse."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from images.standin.fake_discord import FakeDiscord
from tests.unit.standin_code import Reply, ask, serving

REDIRECT = "https://auth.example.org/_oauth"
GOOD: dict[str, Any] = {
    "clients": [
        {"id": "77", "secret": "right", "redirect_uris": [REDIRECT]},
        {"id": "78", "secret": "other", "redirect_uris": [REDIRECT]},
    ],
    "guild": "4242",
    "users": [
        {"id": "1", "username": "admin", "roles": ["9"]},
        {"id": "3", "username": "stranger", "roles": None},
    ],
}


@pytest.fixture
def discord() -> Iterator[str]:
    with serving(FakeDiscord(GOOD)) as address:
        yield address


def authorize(discord: str, **changes: str) -> Reply:
    query = {
        "client_id": "77",
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "scope": "identify guilds.members.read",
        "state": "s",
        "as": "admin",
    }
    return ask(discord, f"/oauth2/authorize?{urlencode(query | changes)}")


def code(discord: str, **changes: str) -> str:
    return parse_qs(urlsplit(authorize(discord, **changes).headers["Location"]).query)["code"][0]


def post(discord: str, path: str, form: dict[str, str], **headers: str) -> Reply:
    sent = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    return ask(discord, path, method="POST", headers=sent, body=urlencode(form))


def exchange(discord: str, value: str, **changes: str) -> Reply:
    form = {"grant_type": "authorization_code", "code": value, "redirect_uri": REDIRECT}
    return post(discord, "/api/oauth2/token", form | {"client_id": "77", "client_secret": "right"} | changes)


def token(discord: str, **changes: str) -> str:
    return str(json.loads(exchange(discord, code(discord, **changes)).body)["access_token"])


def member(discord: str, value: str, guild: str = "4242") -> Reply:
    path = f"/api/v10/users/@me/guilds/{guild}/member"
    return ask(discord, path, headers={"Authorization": f"Bearer {value}"})


def test_the_page_says_that_it_is_a_fake_and_has_a_button_per_user(discord: str) -> None:
    path = "/oauth2/authorize?client_id=77&response_type=code&scope=identify&state=%22%3E%3Cscript%3E&"
    page = ask(discord, path + urlencode({"redirect_uri": REDIRECT})).body.decode()

    assert "This is a fake Discord" in page
    assert page.count('name="as"') == 2
    assert "<script>" not in page


def test_code_for_token_for_roles(discord: str) -> None:
    answer = json.loads(member(discord, token(discord)).body)

    assert (answer["roles"], answer["user"]["id"]) == (["9"], "1")


@pytest.mark.parametrize(
    "uri", ["https://auth.example.org/_oauth/", "http://auth.example.org/_oauth", "", f"{REDIRECT}?a=b"]
)
def test_a_redirect_uri_that_differs_in_one_letter_is_not_redirected_to(discord: str, uri: str) -> None:
    reply = authorize(discord, redirect_uri=uri)

    assert reply.status == 400
    assert "Location" not in reply.headers


def test_an_unknown_application_is_refused(discord: str) -> None:
    assert authorize(discord, client_id="79").status == 404


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": "admin"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"deny": "1"}, "access_denied"),
    ],
)
def test_other_errors_go_back_with_the_state(discord: str, changes: dict[str, str], error: str) -> None:
    query = parse_qs(urlsplit(authorize(discord, **changes).headers["Location"]).query)

    assert (query["error"], query["state"]) == ([error], ["s"])


def test_a_code_counts_once(discord: str) -> None:
    value = code(discord)

    assert exchange(discord, value).status == 200
    second = exchange(discord, value)
    assert (second.status, json.loads(second.body)["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "79"}, 401, "invalid_client"),
        ({"client_id": "78", "client_secret": "other"}, 400, "invalid_grant"),
        ({"redirect_uri": "https://auth.example.org/"}, 400, "invalid_grant"),
        ({"code": "guessed"}, 400, "invalid_grant"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_wrong_exchanges_are_refused(discord: str, changes: dict[str, str], status: int, error: str) -> None:
    reply = exchange(discord, code(discord), **changes)

    assert (reply.status, json.loads(reply.body)["error"]) == (status, error)


def test_basic_authentication_of_the_application(discord: str) -> None:
    pair = base64.b64encode(b"77:right").decode()
    form = {"grant_type": "authorization_code", "code": code(discord), "redirect_uri": REDIRECT}

    assert post(discord, "/api/oauth2/token", form, Authorization=f"Basic {pair}").status == 200
    wrong = base64.b64encode(b"77:wrong").decode()
    assert post(discord, "/api/oauth2/token", form, Authorization=f"Basic {wrong}").status == 401


def test_someone_outside_the_guild_is_unknown_there(discord: str) -> None:
    value = token(discord, **{"as": "stranger"})

    reply = member(discord, value)
    assert (reply.status, json.loads(reply.body)) == (404, {"message": "Unknown Guild", "code": 10004})
    assert member(discord, token(discord), guild="1").status == 404


def test_each_call_needs_its_scope_and_a_valid_token(discord: str) -> None:
    only_identify = token(discord, scope="identify")

    assert member(discord, only_identify).status == 401
    assert ask(discord, "/api/users/@me", headers={"Authorization": f"Bearer {only_identify}"}).status == 200
    assert member(discord, "guessed").status == 401
    assert ask(discord, "/api/users/@me").status == 401
