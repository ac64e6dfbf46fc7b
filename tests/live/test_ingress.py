"""The ingress layer on this machine's swarm: certificates, redirect, sign-in by role, the dashboard, an empty second plan.

Images are those built from packages: Traefik and Pebble are the real programs; forward auth, the socket proxy and Discord
are stand-ins.
"""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPResponse, HTTPSConnection
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import pytest
from sprocket_constructs import (
    Access,
    HealthCheck,
    LocalBackend,
    Resources,
    SwarmApp,
    SwarmConfig,
    SwarmService,
    UpdatePolicy,
)

from layers.images import PACKAGES_LOCK
from ops.errors import OpsError
from ops.terraform.runner import Terraform, program
from tests.live.conftest import _absent
from tests.unit.ingress_stack import IngressStack, ingress, with_designers

pytestmark = pytest.mark.live

DOMAIN = "sprocket.localhost"
ADMIN = f"admin.{DOMAIN}"
PAGES = ("live-public", "live-admin", "live-designer")
ECHO = """
import json, signal, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        user, cookie = self.headers.get_all("X-Forwarded-User") or [], self.headers.get("Cookie")
        body = json.dumps({"page": sys.argv[1], "user": user, "cookie": cookie}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
ThreadingHTTPServer(("0.0.0.0", 3000), Page).serve_forever()
"""


def _stack() -> IngressStack:
    stack = ingress("local", with_designers, packages_lock=PACKAGES_LOCK)
    accesses = (Access.public(because="test"), stack.layer.admin, Access.only("designer"))
    for name, access in zip(PAGES, accesses, strict=True):
        service = SwarmService(
            stack,
            name,
            image=stack.site.image("fake-discord"),
            command=["python3", "/srv/echo.py", name],
            listens={"http": 3000},
            health=HealthCheck.http(3000),
            resources=Resources(
                cpu_limit=1, memory_limit="64MiB", cpu_reservation=0.01, memory_reservation="16MiB"
            ),
            update=UpdatePolicy.start_first(),
        )
        service.reads(SwarmConfig(service, "echo", name=f"{name}-echo", content=ECHO), at="/srv/echo.py")
        host = f"{name}.{DOMAIN}" if access.is_public else stack.site.host(name)
        service.expose_via(stack.layer.gateway, host=host, access=access)
    return stack


def _refuse_where_it_cannot_stand() -> None:
    if not PACKAGES_LOCK.is_file():
        _absent("no images are built; run `python -m images build`")
    if shutil.which(program()) is None or shutil.which("docker") is None:
        _absent("terraform or docker is not installed")
    for what in ("service", "network"):
        words = ["docker", what, "ls", "--format", "{{.Name}}"]
        run = subprocess.run(words, capture_output=True, text=True, check=False, timeout=30)
        if run.returncode:
            _absent("this machine's engine is no swarm manager")
        if taken := {"traefik", "edge"} & set(run.stdout.split()):
            _absent(f"the swarm already has a {what} {taken.pop()}")
    for port in (80, 443):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                _absent(f"port {port} is taken")


@pytest.fixture(scope="module")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terraform]:
    """The layer with three pages, deployed; destroyed at the end."""
    _refuse_where_it_cannot_stand()
    folder = tmp_path_factory.mktemp("ingress")
    stack = _stack()
    LocalBackend(stack, path=str(folder / "terraform.tfstate"))
    app = stack.node.root
    assert isinstance(app, SwarmApp)
    app.synth()
    terraform = Terraform(Path(app.outdir) / "stacks" / stack.node.id)
    try:
        terraform.init()
    except OpsError as error:
        _absent(str(error))
    try:
        _apply(terraform, folder / "up.plan")
        yield terraform
    finally:
        _apply(terraform, folder / "down.plan", destroy=True)
        shutil.rmtree(app.outdir)


def _apply(terraform: Terraform, file: Path, *, destroy: bool = False) -> None:
    terraform.plan(file, destroy=destroy)
    outcome = terraform.apply(file, lambda event: None)
    assert outcome.code == 0, "\n".join(str(error) for error in outcome.errors)


class _Loopback(HTTPSConnection):
    """Connects to this machine whatever the host, and sends the host's name."""

    def connect(self) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        plain = socket.create_connection(("127.0.0.1", 443), timeout=10)
        self.sock = context.wrap_socket(plain, server_hostname=self.host)


class _Handler(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> HTTPResponse:
        return self.do_open(_Loopback, req)


class Browser:
    """Keeps cookies and follows redirects."""

    def __init__(self) -> None:
        jar = urllib.request.HTTPCookieProcessor(CookieJar())
        self._opener = urllib.request.build_opener(_Handler(), jar)

    def get(self, url: str, **headers: str) -> tuple[int, str, bytes]:
        """Status, the address it ended at, body."""
        request = urllib.request.Request(url, headers={k.replace("_", "-"): v for k, v in headers.items()})
        try:
            with self._opener.open(request, timeout=10) as answer:
                return answer.status, answer.url, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.url or "", error.read()

    def sign_in(self, person: str, page: str) -> tuple[int, str, bytes]:
        """Opens a page, is sent to Discord, and comes back as that person."""
        _, at_discord, _ = self.get(page)
        assert at_discord.startswith(f"https://discord.{DOMAIN}/oauth2/authorize?"), at_discord
        return self.get(f"{at_discord}&as={person}")


def _until(seconds: float, check: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.5)


def _certificate(host: str) -> bytes:
    connection = _Loopback(host)
    connection.connect()
    try:
        return connection.sock.getpeercert(binary_form=True) or b""
    finally:
        connection.close()


def test_the_second_plan_is_empty(terraform: Terraform, tmp_path: Path) -> None:
    assert terraform.plan(tmp_path / "again.plan") is False


@pytest.mark.parametrize(
    "host",
    [f"{page}.{ADMIN}" for page in ("traefik", "auth", "live-admin", "live-designer")]
    + [f"{page}.{DOMAIN}" for page in ("discord", "live-public")],
)
def test_each_host_gets_a_certificate_of_its_own(terraform: Terraform, host: str) -> None:
    def issued() -> bool:
        shown = _certificate(host)
        return b"Pebble Intermediate CA" in shown and host.encode() in shown

    _until(60, issued, f"a certificate of the authority for {host}")


def test_http_is_sent_to_https(terraform: Terraform) -> None:
    with socket.create_connection(("127.0.0.1", 80), timeout=10) as plain:
        plain.sendall(f"GET /a?b=1 HTTP/1.0\r\nHost: live-public.{DOMAIN}\r\n\r\n".encode())
        head = plain.recv(4096).decode()
    assert head.startswith("HTTP/1.0 301 ")
    assert f"\r\nLocation: https://live-public.{DOMAIN}/a?b=1\r\n" in head


def test_a_public_page_answers_and_nobody_can_claim_to_be_signed_in(terraform: Terraform) -> None:
    forged: dict[str, Any] = {"X-Forwarded-User": "1", "X.Forwarded.User": "1"}
    status, _, body = Browser().get(f"https://live-public.{DOMAIN}/", **forged)
    assert (status, json.loads(body)) == (
        200,
        {"page": "live-public", "user": [], "cookie": None},
    )


OUTSIDE = (403, 503)
"""Somebody outside the guild: the real forward-auth takes Discord's 404 for a fault, its stand-in does not pretend to."""


@pytest.mark.parametrize(
    ("person", "page", "expected"),
    [
        ("admin", "live-admin", (200,)),
        ("designer", "live-admin", (401,)),
        ("without_role", "live-admin", (401,)),
        ("another_role", "live-admin", (401,)),
        ("not_a_member", "live-admin", OUTSIDE),
        ("designer", "live-designer", (200,)),
        ("admin", "live-designer", (401,)),
    ],
)
def test_who_gets_in(terraform: Terraform, person: str, page: str, expected: tuple[int, ...]) -> None:
    status, address, body = Browser().sign_in(person, f"https://{page}.{ADMIN}/")
    assert status in expected, body
    if status == 200:
        assert address == f"https://{page}.{ADMIN}/"
        heard = json.loads(body)
        assert (len(heard["user"]), heard["cookie"]) == (1, None), "the page got the session"


def test_the_dashboard_is_for_admins_until_they_sign_out(terraform: Terraform) -> None:
    browser = Browser()
    dashboard = f"https://traefik.{ADMIN}/dashboard/"
    assert browser.sign_in("admin", dashboard)[:2] == (200, dashboard)
    overview = json.loads(browser.get(f"https://traefik.{ADMIN}/api/overview")[2])
    assert overview["http"]["routers"]["errors"] == 0
    assert sorted(overview["providers"]) == ["File", "Swarm"]
    browser.get(f"https://auth.{ADMIN}/logout")
    assert browser.get(dashboard)[1].startswith(f"https://discord.{DOMAIN}/")
