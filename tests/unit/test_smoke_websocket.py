"""Smoke's WebSocket against a server with TLS on this machine."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from threading import Thread

import pytest
from websockets.datastructures import Headers
from websockets.exceptions import WebSocketException
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve
from websockets.typing import Subprotocol

from ops.smoke.browser import Reach
from ops.smoke.websocket import exchange

HOST, PROTOCOL = "api.example.org", "graphql-transport-ws"
Process = Callable[[ServerConnection, Request], Response | None]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificate")
    words = [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "1",
    ]
    names = ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"]
    files = ["-keyout", "key.pem", "-out", "certificate.pem"]
    subprocess.run(["openssl", *words, *names, *files], cwd=folder, check=True, capture_output=True)
    return folder / "certificate.pem"


@pytest.fixture
def asked() -> list[Headers]:
    return []


@pytest.fixture
def server(certificate: Path, asked: list[Headers]) -> Iterator[Callable[..., int]]:
    """Starts an echo server and returns its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    running = []

    def started(protocol: str | None = PROTOCOL, request: Process | None = None) -> int:
        def echo(connection: ServerConnection) -> None:
            assert connection.request
            asked.append(connection.request.headers)
            connection.send(connection.recv())

        server = serve(
            echo,
            "127.0.0.1",
            0,
            ssl=context,
            select_subprotocol=lambda connection, offered: Subprotocol(protocol) if protocol else None,
            process_request=request,
        )
        running.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        port: int = server.socket.getsockname()[1]
        return port

    yield started
    for each in running:
        each.shutdown()


def said(port: int, certificate: Path, host: str = HOST) -> str:
    context = ssl.create_default_context(cafile=str(certificate))
    reach = Reach("127.0.0.1")
    return exchange(host, "/graphql", "hello", protocol=PROTOCOL, reach=reach, context=context, port=port)


def test_a_text_comes_back_and_the_server_sees_the_public_name(
    server: Callable[..., int], certificate: Path, asked: list[Headers]
) -> None:
    assert said(server(), certificate) == "hello"
    assert asked[0]["Host"] == HOST
    assert asked[0]["Origin"] == f"https://{HOST}"
    assert asked[0]["Sec-WebSocket-Protocol"] == PROTOCOL


def test_the_certificate_must_be_for_the_public_name(server: Callable[..., int], certificate: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        said(server(), certificate, "other.example.org")


def test_no_upgrade_is_told_with_its_status(server: Callable[..., int], certificate: Path) -> None:
    port = server(request=lambda connection, request: connection.respond(HTTPStatus.NOT_FOUND, "no"))
    with pytest.raises(WebSocketException, match="HTTP 404"):
        said(port, certificate)


@pytest.mark.parametrize("chosen", [None, "other"])
def test_another_subprotocol_is_refused(
    server: Callable[..., int], certificate: Path, chosen: str | None
) -> None:
    with pytest.raises(WebSocketException, match="subprotocol"):
        said(server(protocol=chosen), certificate)


def test_an_answer_of_somebody_who_does_not_know_the_key_is_refused(
    server: Callable[..., int], certificate: Path
) -> None:
    def wrong(connection: ServerConnection, request: Request) -> Response:
        response = connection.respond(HTTPStatus.SWITCHING_PROTOCOLS, "")
        response.headers = Headers(
            {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Accept": "x"}
        )
        return response

    with pytest.raises(WebSocketException, match="Sec-WebSocket-Accept"):
        said(server(request=wrong), certificate)


def test_a_redirect_to_a_sign_in_is_no_upgrade(server: Callable[..., int], certificate: Path) -> None:
    def redirect(connection: ServerConnection, request: Request) -> Response:
        response = connection.respond(HTTPStatus.TEMPORARY_REDIRECT, "")
        response.headers["Location"] = "https://discord.example.org/oauth2/authorize"
        return response

    with pytest.raises(WebSocketException, match=r"discord\.example\.org"):
        said(server(request=redirect), certificate)
