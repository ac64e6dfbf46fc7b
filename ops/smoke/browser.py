"""A browser: keeps cookies, connects to a given address, and sends the public name."""

from __future__ import annotations

import ssl
import threading
import time
from types import TracebackType
from typing import Any
from urllib.parse import urlencode, urljoin

import httpx

from ops.smoke.expectation import Answer

TIMEOUT_S = 20.0
MOST_HOPS = 12
SHOWN = 65536
"""Characters of a body that are kept."""


class Reach:
    """The address to connect to for a name.

    Args:
        connect: one address for all names, for an environment that has no DNS yet. Without it, names below
            ``.localhost`` are this machine (RFC 6761, whatever the resolver says), and DNS resolves the others.
    """

    def __init__(self, connect: str | None = None) -> None:
        self._connect = connect

    def address(self, host: str) -> str:
        """What to connect to for a host."""
        if self._connect:
            return self._connect
        return "127.0.0.1" if host == "localhost" or host.endswith(".localhost") else host


class _Directed(httpx.BaseTransport):
    """Connects to another address than the URL's name. One pool per name, since a TLS connection has one name."""

    def __init__(self, reach: Reach, context: ssl.SSLContext) -> None:
        self._reach = reach
        self._context = context
        self._lock = threading.Lock()
        self._pools: dict[str, httpx.HTTPTransport] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        directed = httpx.Request(
            request.method,
            request.url.copy_with(host=self._reach.address(host)),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": host},
        )
        return self._pool(host).handle_request(directed)

    def _pool(self, host: str) -> httpx.HTTPTransport:
        with self._lock:
            return self._pools.setdefault(host, httpx.HTTPTransport(verify=self._context))

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()


class Browser:
    """One person's browser. Follows redirects only in :meth:`follow`."""

    def __init__(self, reach: Reach, context: ssl.SSLContext, *, timeout_s: float = TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._client = httpx.Client(
            transport=_Directed(reach, context), timeout=timeout_s, follow_redirects=False, trust_env=False
        )

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def ask(self, url: str, *, method: str = "GET", **more: Any) -> Answer:
        """One request; ``headers``, ``content`` and ``json`` as httpx takes them.

        Raises:
            httpx.HTTPError: no answer.
            httpx.InvalidURL, ValueError: the answer sends to an address that is none.
        """
        with self._client.stream(method, url, **more) as response:
            body = self._beginning(response)
        return Answer(
            status=response.status_code,
            url=url,
            location=urljoin(url, response.headers["location"]) if "location" in response.headers else "",
            body=body.decode(response.encoding or "utf-8", errors="replace")[:SHOWN],
            headers={name.lower(): value for name, value in response.headers.items()},
            cookies=tuple(response.headers.get_list("set-cookie")),
        )

    def _beginning(self, response: httpx.Response) -> bytes:
        """What is kept of a body. Not all of it: a page may be large, or never end."""
        body, deadline = b"", time.monotonic() + self._timeout_s
        for part in response.iter_bytes():
            body += part
            if len(body) >= SHOWN or time.monotonic() > deadline:
                break
        return body

    def follow(self, url: str, *, signing_in: tuple[str, str] | None = None) -> list[Answer]:
        """Opens a page as a person does: follows redirects and, once, signs in at Discord's page.

        Args:
            signing_in: the address of the page, and who signs in; without it, the visit ends before that page.
        """
        answers: list[Answer] = []
        while len(answers) < MOST_HOPS:
            answers.append(self.ask(url))
            last = answers[-1]
            if not last.redirects:
                break
            url = last.location
            if signing_in and url.startswith(f"{signing_in[0]}?"):
                # Only once: a second time would be a sign-in loop.
                url = f"{url}&{urlencode({'as': signing_in[1]})}"
                signing_in = None
            elif "/oauth2/authorize?" in url:
                break
        return answers

    def cookie(self, name: str) -> str | None:
        """The value of a cookie."""
        return next((cookie.value for cookie in self._client.cookies.jar if cookie.name == name), None)
