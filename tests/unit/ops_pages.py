"""The pages of an environment, for the tests of ops: every request gets an answer without a network."""

from __future__ import annotations

import copy
import socket
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.unit.ops_fixtures import config, stack

WEB, API = "web.example.org", "api.example.org"
NO_WAY = -1
GONE = httpx.ConnectError("connection refused")


class FakePages:
    """What hosts answer; 200 where nothing else is said.

    Attributes:
        answers: status by host, in turn; the last one stays. 0 is no answer, and :data:`NO_WAY` a name that does not resolve.
        sends_to: where a host redirects to, by host.
        asked: every host that was asked, in order.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.answers: dict[str, list[int]] = {}
        self.asked: list[str] = []
        self.sends_to: dict[str, str] = {}
        patch.setattr(httpx.HTTPTransport, "handle_request", self._handler())

    def _handler(self) -> Callable[[httpx.HTTPTransport, httpx.Request], httpx.Response]:
        def handle_request(_: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
            host = str(request.extensions["sni_hostname"])
            self.asked.append(host)
            answers = self.answers.get(host, [200])
            status = answers.pop(0) if len(answers) > 1 else answers[0]
            if not status:
                raise GONE
            if status == NO_WAY:
                raise httpx.ConnectError("no such name") from socket.gaierror(-2, "no such name")
            headers = {"location": self.sends_to[host]} if status == 302 else {}
            return httpx.Response(status, headers=headers, text="Bad Gateway" if status == 502 else "a page")

        return handle_request


def two_pages(text: str = "a: 1\n") -> dict[str, Any]:
    """Two public pages; web's file has this text."""
    made = copy.deepcopy(stack())
    services = made["resource"]["docker_service"]
    services["api"] = copy.deepcopy(services["web"])
    for name, host in (("web", WEB), ("api", API)):
        services[name]["name"] = name
        services[name]["labels"] = [
            {"label": f"traefik.http.routers.{name}.rule", "value": f"Host(`{host}`)"},
            {"label": f"traefik.http.routers.{name}.middlewares", "value": "public@file"},
        ]
    made["resource"]["docker_config"]["web_conf"] = config("platform/web/conf", name="web-conf", text=text)
    return made
