"""A real browser is offered prod's session at every host of every environment file.

No engine is needed: one server on loopback answers for all hosts and writes down what it is sent.
"""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.live.conftest import _absent
from tests.serving import serving
from tests.stacks.hosts import every_host, receivers, session

pytestmark = pytest.mark.proof

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 120


class Visits(ThreadingHTTPServer):
    """Sets the session at the first host, and sends the browser from each host to the next.

    Args:
        hosts: in the order of the visits; the first signs in.
        line: that sets the session.
    """

    def __init__(self, hosts: list[str], line: str, certificate: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, certificate.with_name("key.pem"))
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.line = line
        self.next = dict(zip(hosts, [*hosts[1:], ""], strict=True))
        self.cookies: dict[str, str] = {}
        """What each host was sent, at its own turn."""

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Page(BaseHTTPRequestHandler):
    server: Visits

    def do_GET(self) -> None:
        host = self.headers["Host"].partition(":")[0]
        known = self.path == "/visit" and host in self.server.next
        self.send_response(200 if known or self.path == "/_oauth" else 404)
        body = "done"
        if self.path == "/_oauth":
            self.send_header("Set-Cookie", self.server.line)
            body = _to(next(iter(self.server.next)), self.server.port)
        elif known:
            self.server.cookies[host] = self.headers.get("Cookie", "")
            if following := self.server.next[host]:
                body = _to(following, self.server.port)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


def _to(host: str, port: int) -> str:
    """A page that leads on. A redirect would end after twenty."""
    return f"<script>location.replace('https://{host}:{port}/visit')</script>"


@pytest.fixture
def browser() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        _absent(f"no browser is installed ({', '.join(BROWSERS)})")
    return str(found)


@pytest.fixture
def visits(tmp_path: Path) -> Iterator[Visits]:
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "key.pem"]
    words = ["openssl", "req", "-x509", *key, "-days", "1", "-subj", "/CN=any", "-out", "certificate.pem"]
    subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)
    host, line = session("prod")
    others = sorted(every_host() - {host})
    with serving(Visits([host, *others], line, tmp_path / "certificate.pem")) as server:
        yield server


def test_prods_session_is_sent_to_prods_admin_pages_only(
    browser: str, visits: Visits, tmp_path: Path
) -> None:
    host, line = session("prod")
    words = [
        browser,
        "--headless",
        "--disable-gpu",
        "--ignore-certificate-errors",
        "--host-resolver-rules=MAP * 127.0.0.1",
        f"--user-data-dir={tmp_path / 'profile'}",
        f"--timeout={SECONDS * 1000}",
        f"--virtual-time-budget={SECONDS * 1000}",
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
        "--dump-dom",
        f"https://{host}:{visits.port}/_oauth",
    ]
    run = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS + 30, check=False)
    assert visits.cookies.keys() == every_host(), run.stderr[-2000:]
    sent = {host for host, cookie in visits.cookies.items() if cookie}
    assert {visits.cookies[each] for each in sent} == {line.partition(";")[0]}
    assert sent == receivers("prod")
