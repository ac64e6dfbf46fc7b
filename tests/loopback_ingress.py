"""Traefik and forward-auth as real programs on loopback, with what is rendered for them, and a Discord that can fail.

Left out of the rendered files is what a machine without a swarm cannot have: certificates, the swarm's routes, ports 80 and 443.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from ruamel.yaml import YAML
from sprocket_constructs import Access

from layers.ingress.traefik import DYNAMIC_FILE, PLUGIN, STATIC_FILE
from tests.programs import program
from tests.serving import serving
from tests.unit.ingress_stack import IngressStack, ingress

ENVIRONMENT = "prod"
DOMAIN = "sprocket.mlesports.gg"
AUTH = f"auth.admin.{DOMAIN}"
PAGE = f"grafana.admin.{DOMAIN}"
PUBLIC = DOMAIN
ADMIN = "000000000000000000"
"""The role of admins in prod.yaml, where ids are not filled in."""
FORWARD_AUTH_FILE = "/run/secrets/forward-auth.yaml"
START_S = 30


@dataclass(kw_only=True)
class Fault:
    """How Discord answers instead; ``hangs``: not at all, until the test ends."""

    status: int = 200
    body: str = ""
    hangs: bool = False


@dataclass
class Discord:
    """What the fake one says next: whose roles, or a fault of the exchange of codes or of the call for the member."""

    roles: list[str] = field(default_factory=list)
    token: Fault | None = None
    member: Fault | None = None
    released: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer; ``cookies`` are the Set-Cookie lines."""

    status: int
    headers: dict[str, str]
    cookies: list[str]
    content: bytes
    """As it was sent: compressed, where it was."""
    seconds: float

    @property
    def body(self) -> str:
        return self.content.decode(errors="replace")

    @property
    def location(self) -> str:
        return self.headers.get("location", "")


class Cookies(dict[str, str]):
    """A browser's: it drops what is over 4096 bytes, name and value together, as Chromium and Firefox do."""

    def take(self, answer: Answer) -> None:
        for line in answer.cookies:
            pair, _, attributes = line.partition(";")
            name, _, value = pair.partition("=")
            if not value and "Max-Age=0" not in attributes and "expires=" not in attributes.lower():
                self[name] = value
            elif not value and _is_over(attributes):
                self.pop(name, None)
            elif len(name) + len(value) <= 4096:
                self[name] = value

    @property
    def header(self) -> dict[str, str]:
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.items())} if self else {}


def _is_over(attributes: str) -> bool:
    when = next(
        (part.strip()[8:] for part in attributes.split(";") if part.strip().lower().startswith("expires=")),
        "",
    )
    return bool(when) and time.mktime(time.strptime(when, "%a, %d %b %Y %H:%M:%S GMT")) < time.time()


@dataclass(kw_only=True)
class Ingress:
    """The running pair."""

    stack: IngressStack
    port: int
    discord: Discord
    folder: Path
    traefik: subprocess.Popen[bytes]
    forward_auth: Path | None

    def ask(
        self,
        host: str,
        path: str = "/",
        *,
        cookies: Cookies | None = None,
        source: str = "127.0.0.1",
        **headers: str,
    ) -> Answer:
        """One request over a connection of its own.

        Args:
            source: the loopback address that it comes from; rate limits count by it.
        """
        began = time.monotonic()
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60, source_address=(source, 0))
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request("GET", path, headers={"Host": host, **(cookies or Cookies()).header, **sent})
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        return Answer(
            status=response.status,
            headers={name.lower(): value for name, value in response.getheaders()},
            cookies=response.headers.get_all("Set-Cookie") or [],
            content=content,
            seconds=time.monotonic() - began,
        )

    def echo(self, host: str, said: bytes, cookies: Cookies | None = None) -> bytes:
        """Upgrades to a WebSocket, sends four bytes and returns what comes back."""
        cookie = f"Cookie: {cookies.header['Cookie']}\r\n" if cookies else ""
        head = f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nAccept-Encoding: gzip\r\n{cookie}\r\n"
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as plain:
            plain.sendall(head.encode())
            answer = plain.recv(4096)
            assert answer.startswith(b"HTTP/1.1 101 "), answer
            plain.sendall(said)
            return plain.recv(len(said))

    def callback(self, cookies: Cookies, *, path: str = "/d/home", error: str = "") -> Answer:
        """Opens the page, is sent to Discord, and comes back with a code, or with an error of Discord's."""
        sent = self.ask(PAGE, path, cookies=cookies)
        cookies.take(sent)
        query = {name: values[0] for name, values in parse_qs(urlsplit(sent.location).query).items()}
        back = {"state": query["state"], **({"error": error} if error else {"code": "1"})}
        answer = self.ask(AUTH, f"/_oauth?{urlencode(back)}", cookies=cookies)
        cookies.take(answer)
        return answer

    def signed(self, claims: dict[str, Any], seconds: int) -> str:
        """A session as forward-auth itself makes it, with an end of our choice."""
        assert self.forward_auth is not None
        words = [str(self.forward_auth), "sign", json.dumps(claims), str(seconds)]
        config = f"--config={self.folder / 'forward-auth.yaml'}"
        run = subprocess.run([*words, config], capture_output=True, text=True, check=True, timeout=30)
        return run.stdout.strip()

    @property
    def cookie(self) -> str:
        """Name of the session's cookie."""
        return self.stack.site.settings.sign_in_cookie

    @property
    def log(self) -> str:
        """What Traefik logged."""
        return (self.folder / "traefik.log").read_text()

    @property
    def access_log(self) -> str:
        return (self.folder / "access.log").read_text()

    @property
    def memory(self) -> int:
        """Bytes that Traefik has in memory now."""
        for line in Path(f"/proc/{self.traefik.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("Traefik has ended")


@contextmanager
def on_loopback(
    folder: Path, *, plugin: bool = True, asks: bool = True, page: type[QuietHandler] | None = None
) -> Iterator[Ingress]:
    """Both programs, ready to be asked; the test is skipped where one is not there.

    Args:
        plugin: whether Traefik finds its plugin.
        asks: whether forward-auth is there. Else whatever is asked for is allowed, for what Traefik does by itself.
        page: what stands behind both pages; without it, one that tells the headers it was sent.
    """
    forward_auth = program("forward-auth", "traefik-forward-auth") if asks else None
    # Its image is built from a package, so it may simply be installed.
    binary = shutil.which("traefik") or program("traefik", "traefik")
    stack = ingress(ENVIRONMENT)
    stack.page("grafana", stack.layer.admin)
    stack.page("web", Access.public(because="a test"), host=PUBLIC)
    discord = Discord(roles=[ADMIN])
    with ExitStack() as running:
        running.callback(discord.released.set)
        there = _serves(running, _discord(discord))
        behind = _serves(running, page or _page())
        gate, port = _free() if forward_auth else _serves(running, _allows()), _free()
        if forward_auth:
            _write(folder / "forward-auth.yaml", _for_forward_auth(stack, there, gate))
            words = [str(forward_auth), f"--config={folder / 'forward-auth.yaml'}"]
            _starts(running, folder, "forward-auth", words)
        _write(folder / "traefik.yml", _static(stack, folder, port))
        (folder / "dynamic").mkdir()
        _write(folder / "dynamic" / "dynamic.yml", _dynamic(stack, gate, behind))
        if plugin:
            _plugin(stack, folder)
        _until_open(gate)
        traefik = _starts(running, folder, "traefik", [str(binary), f"--configFile={folder / 'traefik.yml'}"])
        started = Ingress(
            stack=stack, port=port, discord=discord, folder=folder, traefik=traefik, forward_auth=forward_auth
        )
        _until_open(port)
        deadline = time.monotonic() + START_S
        while started.ask(PUBLIC).status != 200:
            assert time.monotonic() < deadline, started.log
            time.sleep(0.1)
        yield started


def _static(stack: IngressStack, folder: Path, port: int) -> dict[str, Any]:
    static = stack.yaml("traefik", STATIC_FILE)
    del static["certificatesResolvers"], static["providers"]["swarm"]
    entry_points = static["entryPoints"]
    # No redirect to a port that is not there.
    del entry_points["web"]
    del entry_points["websecure"]["http"]["tls"]
    for name in entry_points:
        entry_points[name]["address"] = f"127.0.0.1:{port if name == 'websecure' else _free()}"
    static["accessLog"]["filePath"] = str(folder / "access.log")
    static["providers"]["file"] = {"directory": str(folder / "dynamic"), "watch": False}
    return dict(static)


def _dynamic(stack: IngressStack, gate: int, page: int) -> dict[str, Any]:
    """The rendered file with routes, which labels carry elsewhere."""
    dynamic = stack.yaml("traefik", DYNAMIC_FILE)
    http = dynamic["http"]
    http["middlewares"]["sign-in"]["forwardAuth"]["address"] = f"http://127.0.0.1:{gate}"
    ports = {PAGE: page, PUBLIC: page, AUTH: gate}
    http["routers"] = {
        route.service.name: {
            "rule": route.rule,
            "entryPoints": ["websecure"],
            "service": route.service.name,
            "middlewares": route.service.labels[
                f"traefik.http.routers.{route.service.name}.middlewares"
            ].split(","),
        }
        for route in stack.layer.gateway.routes
        if route.host in ports
    }
    http["services"] = {
        route.service.name: {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{ports[route.host]}"}]}}
        for route in stack.layer.gateway.routes
        if route.host in ports
    }
    return dict(dynamic)


def _for_forward_auth(stack: IngressStack, discord: int, port: int) -> dict[str, Any]:
    config = dict(stack.yaml("forward-auth", FORWARD_AUTH_FILE))
    provider = config["providers"]["generic-oauth"]
    for key in ("auth-url", "token-url", "user-url"):
        provider[key] = (
            urlsplit(provider[key])._replace(scheme="http", netloc=f"127.0.0.1:{discord}").geturl()
        )
    return {**config, "port": port}


def _plugin(stack: IngressStack, folder: Path) -> None:
    """Traefik looks below its working directory, the root in an image."""
    for mount in stack.service("traefik").file_mounts:
        if mount.at.startswith(PLUGIN):
            at = folder / mount.at.lstrip("/")
            at.parent.mkdir(parents=True, exist_ok=True)
            at.write_text(mount.file.text)


def _write(file: Path, document: dict[str, Any]) -> None:
    text = StringIO()
    YAML().dump(document, text)
    file.write_text(text.getvalue())


def _starts(running: ExitStack, folder: Path, name: str, words: list[str]) -> subprocess.Popen[bytes]:
    log = running.enter_context((folder / f"{name}.log").open("wb"))
    process = subprocess.Popen(words, cwd=folder, stdout=log, stderr=subprocess.STDOUT)

    def ends() -> None:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    running.callback(ends)
    return process


def _until_open(port: int) -> None:
    deadline = time.monotonic() + START_S
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < deadline, f"nothing listens at port {port}"
        time.sleep(0.05)


def _free() -> int:
    """Of all addresses: forward-auth listens on each, and clients of a test may have had it at another."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


class QuietHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""

    def says(self, status: int, body: str, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def upgrades(self) -> None:
        """Goes on as another protocol: four bytes come back in reverse."""
        self.send_response(101)
        self.send_header("Connection", "Upgrade")
        self.send_header("Upgrade", "websocket")
        self.end_headers()
        self.wfile.write(self.rfile.read(4)[::-1])
        self.close_connection = True


def _serves(running: ExitStack, handler: type[QuietHandler]) -> int:
    return int(running.enter_context(serving(_Server(("127.0.0.1", 0), handler))).server_address[1])


def _discord(discord: Discord) -> type[QuietHandler]:
    class Handler(QuietHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._answers(discord.token, {"access_token": "t", "token_type": "Bearer", "expires_in": 604800})

        def do_GET(self) -> None:
            user = {"id": "300000000000000001", "username": "somebody"}
            self._answers(discord.member, {"user": user, "roles": discord.roles})

        def _answers(self, fault: Fault | None, good: dict[str, Any]) -> None:
            if fault is None:
                self.says(200, json.dumps(good))
            elif fault.hangs:
                discord.released.wait(120)
                self.close_connection = True
            else:
                self.says(fault.status, fault.body)

    return Handler


def _allows() -> type[QuietHandler]:
    class Handler(QuietHandler):
        def do_GET(self) -> None:
            self.says(200, "")

    return Handler


def _page() -> type[QuietHandler]:
    class Handler(QuietHandler):
        def do_GET(self) -> None:
            if self.headers.get("Upgrade") == "websocket":
                return self.upgrades()
            heard = {name: self.headers.get_all(name) or [] for name in ("Cookie", "X-Forwarded-User")}
            return self.says(200, json.dumps(heard))

    return Handler
