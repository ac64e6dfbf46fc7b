"""A small HTTP server that gives a `docker build` what the host's apt and pip can reach.

The images name only reserved hosts (RFC 2606: `.invalid` never resolves). While a build runs, its `http_proxy`
points here, and requests are answered from the mirror that apt on this machine uses and from what pip on this
machine downloaded. So mirrors, proxies and private certificate authorities of the host work inside a build
and none of them is left in an image (Docker keeps `http_proxy` out of an image's history). apt checks signatures,
pip checks hashes, and the server listens on loopback, so plain HTTP takes nothing away.
"""

from __future__ import annotations

import html
import shutil
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

APT_HOST = "apt.build.invalid"
WHEELS_HOST = "wheels.build.invalid"
_PASSED_ON = ("Range", "If-Range", "If-Modified-Since", "User-Agent", "Accept")
_PASSED_BACK = ("Content-Type", "Content-Length", "Content-Range", "Last-Modified", "Accept-Ranges", "ETag")


def upstream_url(url: str, sites: Mapping[str, str]) -> str | None:
    """The mirror's address for a proxied apt request `http://apt.build.invalid/<suite>/<path>`, None if not apt's.

    `sites` maps a suite ("bookworm") to the archive that carries it on this machine.
    """
    parts = urlsplit(url)
    suite, _, rest = parts.path.lstrip("/").partition("/")
    if parts.hostname != APT_HOST or suite not in sites:
        return None
    return f"{sites[suite].rstrip('/')}/{rest}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent: the build's own output names what failed."""

    def do_GET(self) -> None:
        if (url := upstream_url(self.path, self.server.sites)) is not None:
            self._pass_on(url)
        elif urlsplit(self.path).hostname == WHEELS_HOST:
            self._wheel(unquote(urlsplit(self.path).path).strip("/"))
        else:
            self.send_error(403, "a build reaches apt and wheels only")

    def _pass_on(self, url: str) -> None:
        headers = {name: self.headers[name] for name in _PASSED_ON if name in self.headers}
        try:
            answer = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=120)
        except urllib.error.HTTPError as error:
            answer = error
        except OSError as error:
            self.send_error(502, f"apt's mirror could not be read: {error}"[:200])
            return
        with answer:
            self.send_response(answer.status or 502)
            for name in _PASSED_BACK:
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.end_headers()
            shutil.copyfileobj(answer, self.wfile)

    def _wheel(self, name: str) -> None:
        wheels = self.server.wheels
        if not name:
            links = "".join(
                f'<a href="{html.escape(w.name)}">{html.escape(w.name)}</a>\n' for w in wheels.values()
            )
            self._send(f"<!DOCTYPE html><html><body>{links}</body></html>".encode(), "text/html")
        elif name in wheels:
            self._send(wheels[name].read_bytes(), "application/octet-stream")
        else:
            self.send_error(404)

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, sites: Mapping[str, str], wheels: Mapping[str, Path]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.sites, self.wheels = sites, wheels

    def handle_error(self, request: object, client_address: object) -> None:
        """A build that was stopped hangs up; that is no news."""


@contextmanager
def serve(sites: Mapping[str, str], wheels: Mapping[str, Path] | None = None) -> Iterator[str]:
    """Answer builds until the block ends; yields the address for `http_proxy`.

    `wheels` maps file name to file.
    """
    server = _Server(sites, wheels or {})
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
