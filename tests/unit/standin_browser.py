"""A browser behind Traefik, for tests of sign-in."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from tests.unit.standin_code import Reply, ask


@dataclass
class Browser:
    """Asks the gate as Traefik would, and keeps cookies as a browser would."""

    gate: str
    discord: str
    cookies: dict[str, str] = field(default_factory=dict)

    def visit(self, url: str, **headers: str) -> Reply:
        parts = urlsplit(url)
        sent = {
            "X-Forwarded-Method": "GET",
            "X-Forwarded-Proto": parts.scheme,
            "X-Forwarded-Host": parts.netloc,
            "X-Forwarded-Uri": parts.path + (f"?{parts.query}" if parts.query else ""),
            "X-Forwarded-For": "203.0.113.9",
        }
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        reply = ask(self.gate, "/", headers={**sent, **headers})
        for line in reply.headers.get_all("Set-Cookie") or []:
            name, _, value = line.split(";")[0].partition("=")
            self.cookies.pop(name, None)
            if value:
                self.cookies[name] = value
        return reply

    def start(self, url: str) -> str:
        """Ask for a page while signed out; gives Discord's login address."""
        reply = self.visit(url)
        assert reply.status == 307
        return str(reply.headers["Location"])

    def choose(self, login: str, user: str) -> str:
        """Choose a user on the fake's page; gives the callback address."""
        parts = urlsplit(login)
        reply = ask(self.discord, f"{parts.path}?{parts.query}&{urlencode({'as': user})}")
        assert reply.status == 302, reply.body
        return str(reply.headers["Location"])

    def sign_in(self, url: str, user: str) -> Reply:
        return self.visit(self.choose(self.start(url), user))
