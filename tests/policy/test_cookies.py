"""Cookies of admins stay with admin pages: every environment's, offered to every host of every environment file."""

from __future__ import annotations

from email.message import Message
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from typing import cast
from urllib.request import Request

import pytest

from tests.stacks.hosts import admin_hosts, every_host, hosts, receivers, session
from tests.stacks.synthesis import ALL


class _Answer:
    """What a cookie jar asks of an answer."""

    def __init__(self, line: str) -> None:
        self._headers = Message()
        self._headers["Set-Cookie"] = line

    def info(self) -> Message:
        return self._headers


def sent_to(environment: str) -> set[str]:
    """Hosts that a browser sends the session to, by the standard library's rules."""
    host, line = session(environment)
    jar = CookieJar()
    jar.extract_cookies(cast(HTTPResponse, _Answer(line)), Request(f"https://{host}/_oauth"))
    assert [cookie.value for cookie in jar] == ["session"]
    found = set()
    for other in every_host():
        request = Request(f"https://{other}/")
        jar.add_cookie_header(request)
        if request.has_header("Cookie"):
            found.add(other)
    return found


@pytest.mark.parametrize("environment", ALL)
def test_a_session_is_sent_to_admin_pages_of_its_own_environment_and_to_nothing_else(
    environment: str,
) -> None:
    assert sent_to(environment) == receivers(environment)


def test_all_hosts_are_offered_it() -> None:
    assert {"grafana.admin.sprocket.mlesports.gg", "auth.admin.sprocket.mlesports.gg"} < admin_hosts("prod")
    assert {"sprocket.mlesports.gg", "api.sprocket.mlesports.gg"} < hosts("prod") - admin_hosts("prod")
    assert {"dev.sprocket.mlesports.gg", "api.dev.sprocket.mlesports.gg"} < hosts("staging")
    assert "discord.sprocket.localhost" in hosts("local") - admin_hosts("local")
