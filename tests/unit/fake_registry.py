"""A registry on loopback, small enough to see what it does: manifests, blobs, tags, tokens, and faults on order."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.serving import serving as in_background

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass
class Fault:
    """An answer in place of the right one."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)


class FakeRegistry:
    """What it holds, and what it was asked.

    Args:
        user, password: who may read; a token has to be fetched with them first, as at ghcr.io.

    Attributes:
        more: further passwords of the user.
        others: further users, each with a password.
    """

    def __init__(self, *, user: str = "", password: str = "", page: int = 2) -> None:
        self.user, self.password, self.page = user, password, page
        self.more: set[str] = set()
        self.others: set[tuple[str, str]] = set()
        self.host = ""
        self.tags: dict[str, dict[str, str]] = {}
        self.contents: dict[str, tuple[str, bytes]] = {}
        self.faults: list[Fault] = []
        self.asked: list[str] = []

    def holds(self, content: dict[str, Any], kind: str) -> str:
        """Takes a manifest or blob and returns its digest."""
        body = json.dumps(content).encode()
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        self.contents[digest] = (kind, body)
        return digest

    def image(self, repository: str, tag: str, *, platform: str = "linux/amd64", build: int = 1) -> str:
        """An image for one platform, without a list."""
        system, _, machine = platform.partition("/")
        config = self.holds({"os": system, "architecture": machine, "build": build}, "application/json")
        digest = self.holds({"config": {"digest": config}, "layers": []}, MANIFEST)
        self.tags.setdefault(repository, {})[tag] = digest
        return digest

    def index(self, repository: str, tag: str, *platforms: str, build: int = 1) -> str:
        """A list of platforms, with attestations beside it as buildx writes them."""
        entries = [{"digest": "sha256:0", "platform": {"os": "unknown", "architecture": "unknown"}}]
        for platform in platforms:
            system, _, machine = platform.partition("/")
            digest = self.holds({"of": platform, "build": build}, MANIFEST)
            entries.append({"digest": digest, "platform": {"os": system, "architecture": machine}})
        digest = self.holds({"manifests": entries}, INDEX)
        self.tags.setdefault(repository, {})[tag] = digest
        return digest

    def digest_of(self, repository: str, reference: str) -> str:
        """What a tag or digest leads to; empty for nothing."""
        if repository not in self.tags:
            return ""
        return reference if reference in self.contents else self.tags[repository].get(reference, "")


@contextmanager
def serving(registry: FakeRegistry) -> Iterator[FakeRegistry]:
    """The registry answers at ``registry.host`` until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            registry.asked.append(f"{self.command} {url.path}")
            if registry.faults:
                fault = registry.faults.pop(0)
                return self._send(fault.status, b"", **fault.headers)
            if url.path == "/token":
                return self._token(parse_qs(url.query))
            if registry.user and self.headers.get("Authorization") != "Bearer t0k":
                challenge = f'Bearer realm="http://{registry.host}/token",service="fake"'
                return self._send(401, b"", **{"WWW-Authenticate": challenge})
            repository, kind, reference = url.path.removeprefix("/v2/").rsplit("/", 2)
            if kind == "tags":
                return self._tags(repository, parse_qs(url.query))
            return self._content(registry.digest_of(repository, reference))

        def do_HEAD(self) -> None:
            self.do_GET()

        def _token(self, query: dict[str, list[str]]) -> None:
            own = {(registry.user, password) for password in (registry.password, *registry.more)}
            accepted = {
                base64.b64encode(":".join(each).encode()).decode() for each in {*own, *registry.others}
            }
            right = self.headers.get("Authorization", "").removeprefix("Basic ") in accepted
            assert query["service"] == ["fake"]
            assert query["scope"][0].endswith(":pull")
            self._send(200 if right else 403, b'{"token": "t0k"}' if right else b"{}")

        def _tags(self, repository: str, query: dict[str, list[str]]) -> None:
            if repository not in registry.tags:
                return self._send(404, b"{}")
            tags = list(registry.tags[repository])
            start = tags.index(query["last"][0]) + 1 if "last" in query else 0
            page = tags[start : start + registry.page]
            headers = {}
            if start + registry.page < len(tags):
                headers["Link"] = f'</v2/{repository}/tags/list?last={page[-1]}>; rel="next"'
            return self._send(200, json.dumps({"tags": page}).encode(), **headers)

        def _content(self, digest: str) -> None:
            if not digest:
                return self._send(404, b"{}")
            kind, body = registry.contents[digest]
            return self._send(200, body, **{"Content-Type": kind, "Docker-Content-Digest": digest})

        def _send(self, status: int, body: bytes, **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    registry.host = f"127.0.0.1:{server.server_port}"
    with in_background(server):
        yield registry
