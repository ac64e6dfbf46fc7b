"""The request that the proxy asks about."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message
from urllib.parse import parse_qs, unquote, urlsplit

from standin.http_server import BadRequest, Request


@dataclass(frozen=True)
class Forwarded:
    """The browser's request, rebuilt from the X-Forwarded-* headers; without them, the request itself."""

    method: str
    scheme: str
    host: str
    path: str
    query: dict[str, str]
    headers: Message

    @property
    def bare_host(self) -> str:
        """The host in lower case without its port."""
        return self.host.split(":")[0].lower()

    @property
    def forwarded_host(self) -> str:
        """The host as the proxy gave it, empty when no proxy asks."""
        return str(self.headers.get("X-Forwarded-Host", ""))

    def cookies(self) -> list[tuple[str, str]]:
        """All cookies in their order; the same name may come twice."""
        found: list[tuple[str, str]] = []
        for line in self.headers.get_all("Cookie") or []:
            for part in str(line).split(";"):
                name, sign, value = part.strip().partition("=")
                if sign:
                    found.append((name, value.strip('"')))
        return found

    def cookie(self, name: str) -> str | None:
        """The first cookie of that name."""
        return next((value for found, value in self.cookies() if found == name), None)


def forwarded(request: Request) -> Forwarded:
    """Rebuild the request that the proxy forwards."""
    target = request.header("X-Forwarded-Uri") or request.target
    try:
        parts = urlsplit(target)
    except ValueError as error:
        raise BadRequest(f"X-Forwarded-Uri: {error}") from error
    return Forwarded(
        method=(request.header("X-Forwarded-Method") or request.method).upper(),
        scheme=request.header("X-Forwarded-Proto"),
        host=request.header("X-Forwarded-Host") or request.header("Host"),
        path=unquote(parts.path),
        query={key: values[0] for key, values in parse_qs(parts.query, keep_blank_values=True).items()},
        headers=request.headers,
    )
