"""The message to Discord that a workflow failed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from ops.paths import ROOT
from tests.serving import serving


class Discord(HTTPServer):
    """Discord's webhook on loopback."""

    answer = 204

    def __init__(self) -> None:
        self.received: list[dict[str, object]] = []
        super().__init__(("127.0.0.1", 0), Webhook)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/api/webhooks/1/token-in-the-address"


class Webhook(BaseHTTPRequestHandler):
    server: Discord

    def do_POST(self) -> None:  # http.server's name
        self.server.received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.answer)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def discord() -> Iterator[Discord]:
    with serving(Discord()) as server:
        yield server


def send(url: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "ops" / "ci" / "message.py", *words],
        env={**os.environ, "ALERTS_WEBHOOK": url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_team_is_told_and_nobody_is_mentioned(discord: Discord) -> None:
    assert send(discord.url, "nightly has failed:", "https://example.org/@everyone").returncode == 0
    text = "nightly has failed: https://example.org/@everyone"
    assert discord.received == [{"content": text, "allowed_mentions": {"parse": []}}]


def test_a_message_that_is_refused_fails_the_job_without_the_address(discord: Discord) -> None:
    discord.answer = 404
    done = send(discord.url, "nightly has failed")
    assert (done.returncode, done.stderr) == (1, "error: the message did not get to Discord: 404\n")


@pytest.mark.parametrize("url", ["", "ftp://discord.com/", "http://discord.com/api"])
def test_without_an_address_it_fails(url: str) -> None:
    done = send(url, "nightly has failed")
    assert done.returncode == 1
    assert "ALERTS_WEBHOOK is not set" in done.stderr
