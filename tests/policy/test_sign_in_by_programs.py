"""The real Traefik and the real forward-auth, with what is rendered for them, when Discord refuses, fails or hangs.

Where they are looked for: tests/programs.py.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.loopback_ingress import ADMIN, AUTH, PAGE, PUBLIC, Answer, Cookies, Fault, Ingress, on_loopback

LIMITED = json.dumps({"message": "You are being rate limited.", "retry_after": 64.57, "global": False})
"""Discord's own words (docs.discord.com, Rate Limits)."""
MOST_ROLES = 250
"""Of a Discord server (docs.discord.com, Guild: 30005)."""
COOKIE_BYTES = 4096
"""Name, value and attributes of one cookie that every browser takes at least (RFC 6265, 6.1)."""

FAULTS = {
    "429": Fault(status=429, body=LIMITED),
    "500": Fault(status=500, body='{"message": "500: Internal Server Error", "code": 0}'),
    "502 as HTML": Fault(status=502, body="<html>Bad Gateway</html>"),
    "nothing": Fault(status=503, body=""),
}


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingress]:
    with on_loopback(tmp_path_factory.mktemp("ingress")) as running:
        yield running


@pytest.fixture
def pair(started: Ingress) -> Ingress:
    discord = started.discord
    discord.roles, discord.token, discord.member = [ADMIN], None, None
    # The rate limit of one address, for all that one test asks.
    time.sleep(0.2)
    return started


def shows_a_way_on(answer: Answer) -> None:
    assert answer.headers["content-type"] == "text/html; charset=utf-8", answer
    assert answer.headers["cache-control"] == "no-store"
    assert f'<a href="http://{PAGE}/d/home">Try again</a>' in answer.body, answer.body
    assert not signed_in(answer)


def signed_in(answer: Answer) -> bool:
    return any("=ey" in line for line in answer.cookies)


def roles(count: int, last: str) -> list[str]:
    """So many, the one that counts at the end."""
    return [str(1_200_000_000_000_000_000 + number) for number in range(count - 1)] + [last]


# -- Discord refuses, fails, hangs ---------------------------------------------------------------------------


def test_somebody_with_the_role_gets_in(pair: Ingress) -> None:
    cookies = Cookies()
    answer = pair.callback(cookies)
    assert (answer.status, answer.location) == (307, f"http://{PAGE}/d/home")
    assert pair.ask(PAGE, cookies=cookies).status == 200


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", ["token", "member"])
def test_a_fault_of_discord_is_a_page_with_a_way_on(pair: Ingress, call: str, fault: str) -> None:
    setattr(pair.discord, call, FAULTS[fault])
    cookies = Cookies()
    answer = pair.callback(cookies)
    assert (answer.status, answer.headers["retry-after"]) == (503, "60")
    assert "Discord, or the sign-in itself, gave no answer that signs you in" in answer.body
    shows_a_way_on(answer)

    setattr(pair.discord, call, None)
    assert pair.callback(cookies).status == 307, "and trying again signs in"


def test_whoever_is_not_in_the_server_is_told_so(pair: Ingress) -> None:
    pair.discord.member = Fault(status=404, body='{"message": "Unknown Guild", "code": 10004}')
    answer = pair.callback(Cookies())
    assert "not be a member of the Discord server 000000000000000000" in answer.body
    shows_a_way_on(answer)


def test_whoever_cancels_is_told_so(pair: Ingress) -> None:
    answer = pair.callback(Cookies(), error="access_denied")
    assert answer.status == 403
    assert "You chose at Discord not to sign in" in answer.body
    shows_a_way_on(answer)


def test_a_sign_in_that_was_begun_elsewhere_is_a_page_too(pair: Ingress) -> None:
    answer = pair.ask(AUTH, f"/_oauth?code=1&state={'0' * 32}:generic-oauth:http://{PAGE}/d/home")
    assert answer.status == 401
    shows_a_way_on(answer)


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/",
        "javascript:alert(1)",
        f"http://{PAGE}.evil.example/",
        f"http://{PAGE}@evil.example/",
        "//evil.example/",
    ],
)
def test_try_again_leads_to_admin_pages_only(pair: Ingress, address: str) -> None:
    answer = pair.ask(AUTH, f"/_oauth?code=1&state={'0' * 32}:generic-oauth:{address}")
    assert answer.status == 401
    assert "href" not in answer.body
    assert "evil" not in answer.body


def test_a_discord_that_hangs_ends_in_the_page_and_holds_up_nobody_else(pair: Ingress) -> None:
    inside = Cookies()
    pair.callback(inside)
    pair.discord.member = Fault(hangs=True)
    ended: list[Answer] = []
    waiting = threading.Thread(target=lambda: ended.append(pair.callback(Cookies())))
    waiting.start()
    time.sleep(1)
    meanwhile = pair.ask(PAGE, cookies=inside)
    assert (meanwhile.status, meanwhile.seconds < 1) == (200, True)
    waiting.join(60)
    # 30 s are Traefik's own (pkg/middlewares/auth/forward.go).
    assert (ended[0].status, 29 < ended[0].seconds < 35) == (503, True), ended[0]
    shows_a_way_on(ended[0])


# -- the session ---------------------------------------------------------------------------------------------


def test_more_roles_than_a_cookie_holds_do_not_lock_anybody_out(pair: Ingress) -> None:
    pair.discord.roles = roles(MOST_ROLES, ADMIN)
    cookies = Cookies()
    answer = pair.callback(cookies)
    assert answer.status == 307
    assert all(len(line) <= COOKIE_BYTES for line in answer.cookies)
    assert len([name for name in cookies if name.startswith(pair.cookie)]) == 2, list(cookies)
    assert pair.ask(PAGE, cookies=cookies).status == 200


def test_so_many_roles_without_the_right_one_open_nothing(pair: Ingress) -> None:
    pair.discord.roles = roles(MOST_ROLES, "1")
    cookies = Cookies()
    pair.callback(cookies)
    assert pair.ask(PAGE, cookies=cookies).status == 401


@pytest.mark.parametrize("count", range(110, 150, 3))
def test_every_size_around_that_of_one_cookie(pair: Ingress, count: int) -> None:
    time.sleep(0.1)
    pair.discord.roles = roles(count, ADMIN)
    cookies = Cookies()
    answer = pair.callback(cookies)
    assert all(len(line) <= COOKIE_BYTES for line in answer.cookies)
    assert pair.ask(PAGE, cookies=cookies).status == 200


def test_what_is_left_of_a_larger_session_is_not_in_the_way(pair: Ingress) -> None:
    pair.discord.roles = roles(MOST_ROLES, ADMIN)
    cookies = Cookies()
    pair.callback(cookies)
    left = {name: value for name, value in cookies.items() if name.endswith("_2")}
    pair.discord.roles = [ADMIN]
    fresh = Cookies()
    pair.callback(fresh)
    assert left
    assert pair.ask(PAGE, cookies=Cookies({**fresh, **left})).status == 200


def test_a_session_with_a_foreign_part_opens_nothing(pair: Ingress) -> None:
    pair.discord.roles = roles(MOST_ROLES, ADMIN)
    cookies = Cookies()
    pair.callback(cookies)
    second = f"{pair.cookie}_2"
    changed = "A" if cookies[second][10] != "A" else "B"
    for value in ("", cookies[second][:10] + changed + cookies[second][11:]):
        assert pair.ask(PAGE, cookies=Cookies({**cookies, second: value})).status == 307


def test_pages_do_not_get_the_session(pair: Ingress) -> None:
    pair.discord.roles = roles(MOST_ROLES, ADMIN)
    cookies = Cookies()
    pair.callback(cookies)
    heard = json.loads(pair.ask(PAGE, cookies=Cookies({"a": "1", **cookies, "b": "2"})).body)
    assert heard == {"Cookie": ["a=1; b=2"], "X-Forwarded-User": ["300000000000000001"]}


def test_try_again_keeps_the_query_of_the_page(pair: Ingress) -> None:
    state = quote(f"{'0' * 32}:generic-oauth:http://{PAGE}/explore?left=1&right=2", safe="")
    answer = pair.ask(AUTH, f"/_oauth?error=access_denied&state={state}")
    assert f'<a href="http://{PAGE}/explore?left=1&amp;right=2">Try again</a>' in answer.body, answer.body


@pytest.mark.parametrize("count", [1, MOST_ROLES])
def test_the_page_of_the_sign_in_itself_knows_who_is_signed_in(pair: Ingress, count: int) -> None:
    pair.discord.roles = roles(count, ADMIN)
    cookies = Cookies()
    pair.callback(cookies)
    assert (pair.ask(AUTH, cookies=cookies).status, pair.ask(AUTH).status) == (200, 307)


def test_a_websocket_passes(pair: Ingress) -> None:
    cookies = Cookies()
    pair.callback(cookies)
    assert pair.echo(PAGE, b"1234", cookies) == b"4321"


def test_a_session_ends_when_the_setting_says_and_no_request_prolongs_it(pair: Ingress) -> None:
    """What a role taken away in Discord waits for, at most."""
    cookies = Cookies()
    pair.callback(cookies)
    payload = cookies[pair.cookie].split(".")[1]
    ends = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["exp"]
    lasts = pair.stack.site.settings.ingress.sign_in.session
    assert lasts - 30 <= ends - time.time() <= lasts
    assert pair.ask(PAGE, cookies=cookies).cookies == []


@pytest.mark.parametrize(("seconds", "status"), [(60, 200), (-1, 307)])
def test_a_session_that_is_over_opens_nothing_whatever_the_browser_keeps(
    pair: Ingress, seconds: int, status: int
) -> None:
    claims = {"roles": f"[{ADMIN}]", "user": {"id": "300000000000000001"}}
    cookies = Cookies({pair.cookie: pair.signed(claims, seconds)})
    assert pair.ask(PAGE, cookies=cookies).status == status


def test_traefik_took_all_of_it(pair: Ingress) -> None:
    assert '"message":"Plugins loaded."' in pair.log
    # Of a Discord that hangs it says more.
    errors = [line for line in pair.log.splitlines() if '"level":"error"' in line and "Timeout" not in line]
    assert not errors


def test_without_its_plugin_traefik_opens_no_guarded_page_and_goes_on_serving_public_ones(
    tmp_path: Path,
) -> None:
    with on_loopback(tmp_path, plugin=False) as running:
        assert '"message":"Plugins are disabled because an error has occurred."' in running.log, running.log
        claims = {"roles": f"[{ADMIN}]", "user": {"id": "300000000000000001"}}
        cookies = Cookies({running.cookie: running.signed(claims, 60)})
        assert running.ask(PUBLIC).status == 200
        assert [running.ask(host, cookies=cookies).status for host in (PAGE, AUTH)] == [404, 404]
