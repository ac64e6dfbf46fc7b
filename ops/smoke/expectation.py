"""Where a person who opens an address must arrive, and where they did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from layers.ingress.fake_discord import Person
from layers.settings.environment import Environment
from ops.smoke.person import ANONYMOUS, holds
from ops.smoke.route import Route

Scheme = Literal["http", "https"]

REDIRECTS = (301, 302, 303, 307, 308)
FOR_GOOD = (301, 308)


class Arrival(StrEnum):
    """Where a visit ended."""

    HTTPS = "sent to https"
    HOST = "sent to its host"
    DISCORD = "sent to Discord"
    REFUSED = "refused"
    PAGE = "page"
    BROKEN = "broken"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer, without what no check looks at."""

    status: int
    url: str
    location: str = ""
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()
    """Lines that set a cookie."""

    @property
    def redirects(self) -> bool:
        """Whether it sends the browser elsewhere."""
        return self.status in REDIRECTS and bool(self.location)

    @property
    def from_proxy(self) -> bool:
        """Whether Traefik itself says that no service answers."""
        text = self.body.strip()
        return (self.status == 404 and text == "404 page not found") or (
            self.status in (502, 503, 504)
            and text in ("no available server", "Bad Gateway", "Service Unavailable", "Gateway Timeout")
        )

    def __str__(self) -> str:
        where = f" to {self.location.partition('?')[0]}" if self.redirects else ""
        return f"{self.status}{where}{' by the gateway itself' if self.from_proxy else ''}"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One row of the table: who opens what, by which scheme, and where they must arrive."""

    route: Route
    person: Person
    scheme: Scheme
    expected: Arrival

    @property
    def name(self) -> str:
        return f"{self.scheme}://{self.route.host}{self.route.page} as {self.person.name}"


def cases(routes: Sequence[Route], people: Sequence[Person], settings: Environment) -> Iterator[Case]:
    """Every address, for everybody, by both schemes."""
    for route in routes:
        for person in (ANONYMOUS, *people):
            for scheme in ("http", "https"):
                yield Case(
                    route=route,
                    person=person,
                    scheme=scheme,
                    expected=expected(route, person, scheme, settings),
                )


def expected(route: Route, person: Person, scheme: Scheme, settings: Environment) -> Arrival:
    """Where this person must arrive."""
    if scheme == "http":
        return Arrival.HTTPS
    if route.redirects_to:
        return Arrival.HOST
    if route.role is None:
        return Arrival.PAGE
    if person is ANONYMOUS:
        return Arrival.DISCORD
    return Arrival.PAGE if holds(person, route.role, settings) else Arrival.REFUSED


def arrival(answer: Answer, *, asked: Route, authorize: str, callback: str) -> Arrival:
    """What the last answer of a visit means.

    Args:
        authorize: Discord's page.
        callback: where Discord sends people back to; an error there ends a sign-in, whatever its status (the real
            program answers 500 to people outside the guild).
    """
    if answer.location.startswith(f"{authorize}?"):
        return Arrival.DISCORD
    if answer.location.startswith(f"https://{asked.host}/") and answer.url.startswith("http://"):
        return Arrival.HTTPS
    if asked.redirects_to:
        return Arrival.HOST if answer.redirects and not answer.from_proxy else Arrival.BROKEN
    if answer.status in (401, 403) or (answer.url.startswith(callback) and answer.status >= 400):
        return Arrival.REFUSED
    at_page = urlsplit(answer.url).hostname == asked.host and not answer.from_proxy
    fits = answer.status == asked.answers if asked.answers else answer.status < 400
    return Arrival.PAGE if at_page and fits else Arrival.BROKEN


def wrong_in_redirect(location: str, url: str) -> str:
    """What is wrong with a redirect from http to https; empty when it keeps host, path and query."""
    wanted = "https" + url.removeprefix("http")
    return "" if location == wanted else f"leads to {location}, not to {wanted}"


def wrong_in_alias(answer: Answer, url: str, host: str) -> str:
    """What is wrong with the redirect of an alias; empty when it is permanent and changes only the host."""
    wanted = urlsplit(url)._replace(scheme="https", netloc=host).geturl()
    if answer.location != wanted:
        return f"leads to {answer.location}, not to {wanted}"
    return (
        "" if answer.status in FOR_GOOD else f"is a temporary redirect ({answer.status}), not a permanent one"
    )


def wrong_in_authorize(location: str, *, client_id: str, redirect_uri: str, page: str) -> str:
    """What is wrong with the address that a visitor is sent to at Discord; empty when nothing is."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    wanted = {"client_id": client_id, "redirect_uri": redirect_uri, "response_type": "code"}
    for name, value in wanted.items():
        if query.get(name) != value:
            return f"{name} is {query.get(name)!r}, not {value!r}"
    missing = {"identify", "guilds.members.read"} - set(query.get("scope", "").split())
    if missing:
        return f"scope lacks {', '.join(sorted(missing))}"
    # The real program puts the page behind a nonce; it drops the query.
    if not query.get("state", "").endswith(f":{page.partition('?')[0]}"):
        return f"state does not lead back to {page}"
    return ""
