"""Just enough of S3 for the provider's buckets: create, look, versioning, lifecycle, delete."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
SUFFIX = ".spaces.test"


class SpacesEndpoint:
    """A proxy that answers itself: the provider puts a bucket's name into the host, which no resolver knows.

    It looks at nothing but methods and paths; keys and signatures are not checked.
    """

    def __init__(self) -> None:
        self.buckets: dict[str, dict[str, bytes]] = {}
        """Each bucket's settings as they were put, by the word in the query."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def environment(self) -> dict[str, str]:
        """What the provider has to be started with."""
        return {
            "SPACES_ENDPOINT_URL": f"http://{{{{.Region}}}}{SUFFIX}",
            "SPACES_ACCESS_KEY_ID": "any",
            "SPACES_SECRET_ACCESS_KEY": "any",
            # Go never asks a proxy for loopback, so the API's emulator is not affected.
            "HTTP_PROXY": f"http://127.0.0.1:{self._server.server_port}",
        }

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method: str, url: str, body: bytes) -> tuple[int, str]:
        """Status and body for a request."""
        parts = urlsplit(url)
        host = (parts.hostname or "").removesuffix(SUFFIX)
        bucket = host.partition(".")[0] if "." in host else parts.path.strip("/").partition("/")[0]
        query = parts.query.partition("=")[0]
        if method == "PUT" and not query:
            self.buckets.setdefault(bucket, {})
            return 200, ""
        if bucket not in self.buckets:
            return 404, "<Error><Code>NoSuchBucket</Code></Error>"
        if method == "DELETE":
            self.buckets[bucket].pop(query, None) if query else self.buckets.pop(bucket)
            return 204, ""
        if method == "PUT":
            self.buckets[bucket][query] = body
            return 200, ""
        return self._shown(self.buckets[bucket], query)

    def _shown(self, bucket: dict[str, bytes], query: str) -> tuple[int, str]:
        if query == "location":
            return 200, f'<LocationConstraint xmlns="{NAMESPACE}">nyc3</LocationConstraint>'
        if query in bucket:
            return 200, bucket[query].decode()
        if query == "versioning":
            return 200, f'<VersioningConfiguration xmlns="{NAMESPACE}"/>'
        if query == "lifecycle":
            return 404, "<Error><Code>NoSuchLifecycleConfiguration</Code></Error>"
        return 200, ""

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, text = endpoint.answer(self.command, self.path, body)
                self.send_response(status)
                self.send_header("Content-Length", "0" if status == 204 else str(len(text)))
                self.end_headers()
                if self.command != "HEAD" and status != 204:
                    self.wfile.write(text.encode())

            do_GET = do_PUT = do_HEAD = do_DELETE = answer  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:
                """Nobody reads it."""

        return Handler
