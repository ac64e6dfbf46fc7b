"""Attacks on the sign-in: forged cookies and headers, replay, open redirects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import httpx

from ops.smoke.browser import Browser
from ops.smoke.expectation import Answer, Arrival, arrival
from ops.smoke.outcome import Outcome
from ops.smoke.route import Route
from ops.smoke.scene import Scene
from ops.smoke.token import forgeries

AREA = "sign-in"
EVIL = "https://evil.example/"

FORGED_HEADERS = (
    {"X-Forwarded-User": "1"},
    {"X_Forwarded_User": "1"},
    {"X-Forwarded-Host": "discord.com"},
    {"X-Forwarded-Uri": "/healthz", "X-Forwarded-Host": ""},
    {"X-Forwarded-Uri": "/_oauth"},
    {"X-Forwarded-For": "127.0.0.1"},
    {"X-Forwarded-Proto": "http"},
    {"X-Original-URL": "/healthz"},
)
"""None of them may open a page: only Traefik sets these headers."""

_FIX = "layers/ingress/forward_auth.py and sign-in in layers/ingress/dynamic.yml.j2; docker service logs forward-auth"


@dataclass(frozen=True, kw_only=True)
class _Session:
    """A person with the right role who has signed in, their callback, and the pages that the role opens."""

    browser: Browser
    person: str
    pages: list[Route]
    callback: str
    landed: Answer


def check_sign_in(scene: Scene, key: str | None) -> Iterator[Outcome]:
    """All sign-in checks, for the admin role.

    Args:
        key: what cookies are signed with; ``None`` where it cannot be read.
    """
    role = scene.settings.ingress.admin_role
    pages = [route for route in scene.guarded if route.role == role]
    if not scene.people or not pages:
        because = (
            "no page needs the admin role"
            if scene.people
            else "needs a person who can sign in without a password"
        )
        yield Outcome.skipped(
            AREA, "cookie, logout, forged cookies and headers, open redirect, replay", because=because
        )
        return
    checks: list[Callable[[Scene, _Session], Iterator[Outcome]]] = [
        _arrival,
        _next_page,
        lambda scene, session: _forged_cookies(scene, session, key),
        _forged_headers,
        _replay,
        _open_redirect,
        _logout,
    ]
    try:
        with scene.browser() as browser:
            session = _signed_in(scene, browser, role, pages)
            for check in checks:
                yield from check(scene, session)
    except httpx.HTTPError as error:
        yield Outcome.of(AREA, "all checks", False, expected="answers", found=f"none: {error}", fix=_FIX)


def _signed_in(scene: Scene, browser: Browser, role: str, pages: list[Route]) -> _Session:
    asked = f"https://{pages[0].host}/a/page/deep/inside"
    answers = browser.follow(asked, signing_in=(scene.authorize, role))
    back = next((answer for answer in answers if answer.url.startswith(scene.callback)), answers[-1])
    return _Session(browser=browser, person=role, pages=pages, callback=back.url, landed=back)


def _arrival(scene: Scene, session: _Session) -> Iterator[Outcome]:
    wanted = f"https://{session.pages[0].host}/a/page/deep/inside"
    yield Outcome.of(
        AREA,
        "arrives at the page that was asked for",
        session.landed.location == wanted,
        expected=wanted,
        found=str(session.landed.location or session.landed.status),
        fix=_FIX,
    )
    domain = scene.settings.pages_domain
    wrong = wrong_in_session(_session_line(scene, session.landed), domain=domain)
    yield Outcome.of(
        AREA,
        "cookie is HttpOnly, Secure and for admin pages only",
        not wrong,
        expected=f"HttpOnly, Secure, Domain={domain}",
        found=wrong or "all three",
        fix=_FIX,
    )


def wrong_in_session(line: str, *, domain: str) -> str:
    """What is wrong with the Set-Cookie line of a session; nothing where it is right.

    Args:
        domain: what admin pages are below.
    """
    if not line:
        return "no cookie"
    attributes = dict(part.strip().lower().partition("=")[::2] for part in line.split(";")[1:])
    problems = [f"lacks {flag}" for flag in ("HttpOnly", "Secure") if flag.lower() not in attributes]
    if (found := attributes.get("domain", "").removeprefix(".")) != domain:
        problems.append(f"is for {found or 'its own host'}")
    return ", ".join(problems)


def _session_line(scene: Scene, answer: Answer) -> str:
    """The Set-Cookie line of an answer that signs somebody in; a session is a JSON web token."""
    return next((line for line in answer.cookies if line.startswith(f"{scene.cookie}=ey")), "")


def _next_page(scene: Scene, session: _Session) -> Iterator[Outcome]:
    for page in session.pages[1:]:
        # No sign-in on the way: a redirect to Discord would end the visit there.
        answers = session.browser.follow(page.url)
        yield _expect(scene, page, answers[-1], Arrival.PAGE, f"cookie opens {page.host} too")


def _forged_cookies(scene: Scene, session: _Session, key: str | None) -> Iterator[Outcome]:
    good = session.browser.cookie(scene.cookie)
    page = session.pages[0]
    if good is None or good.count(".") != 2:
        yield Outcome.of(
            AREA, "forged cookies", False, expected=f"a token in {scene.cookie}", found="none", fix=_FIX
        )
        return
    # The good cookie in the same header first: it shows that the others are not refused for how they are sent.
    yield _with_cookie(scene, page, good, Arrival.PAGE, "good cookie")
    for what, cookie in forgeries(good, key=key):
        yield _with_cookie(scene, page, cookie, Arrival.DISCORD, f"forged cookie: {what}")
    if key is None:
        yield Outcome.skipped(
            AREA,
            "forged cookie: expired",
            because="needs the signing key, which cannot be read in this image",
        )


def _with_cookie(scene: Scene, page: Route, cookie: str, expected: Arrival, name: str) -> Outcome:
    with scene.browser() as browser:
        answer = browser.ask(page.url, headers={"Cookie": f"{scene.cookie}={cookie}"})
    return _expect(scene, page, answer, expected, name)


def _forged_headers(scene: Scene, session: _Session) -> Iterator[Outcome]:
    page = session.pages[0]
    for headers in FORGED_HEADERS:
        with scene.browser() as browser:
            answer = browser.ask(page.url, headers=headers)
        shown = ", ".join(f"{name}: {value}" for name, value in headers.items())
        yield _expect(scene, page, answer, Arrival.DISCORD, f"forged {shown}")


def _replay(scene: Scene, session: _Session) -> Iterator[Outcome]:
    again = session.browser.ask(session.callback)
    yield _refused(scene, "state replayed in the same browser", again)
    with scene.browser() as other:
        yield _refused(scene, "state replayed in another browser", other.ask(session.callback))
    with scene.browser() as other:
        # A fresh state, with the code of another sign-in, which is used up.
        code = _query(session.callback).get("code", "")
        state = _query(other.ask(session.pages[0].url).location).get("state", "")
        answer = other.ask(f"{scene.callback}?{urlencode({'code': code, 'state': state})}")
        yield _refused(scene, "code used twice", answer)


def _open_redirect(scene: Scene, session: _Session) -> Iterator[Outcome]:
    with scene.browser() as browser:
        state = _query(browser.ask(session.pages[0].url).location).get("state", "")
        bent = state.replace(session.pages[0].url, EVIL)
        at_discord = browser.ask(_authorize(scene, bent, session.person))
        answer = browser.ask(at_discord.location)
        yield _refused(scene, "state with another target", answer, understood=bent != state)
    for target in (EVIL, "//evil.example/", "/\\evil.example"):
        with scene.browser() as browser:
            answer = browser.ask(f"https://{scene.auth_host}/logout?redirect={quote(target, safe='')}")
        elsewhere = urlsplit(answer.location).hostname not in (None, scene.auth_host)
        yield Outcome.of(
            AREA,
            f"logout with redirect to {target}",
            not elsewhere,
            expected=f"stays at {scene.auth_host}, or is refused",
            found=str(answer),
            fix=_FIX,
        )


def _logout(scene: Scene, session: _Session) -> Iterator[Outcome]:
    session.browser.ask(f"https://{scene.auth_host}/logout")
    for page in session.pages[:2]:
        answer = session.browser.ask(page.url)
        yield _expect(scene, page, answer, Arrival.DISCORD, f"logout ends the session at {page.host}")


def _authorize(scene: Scene, state: str, person: str) -> str:
    query = {
        "client_id": scene.settings.ingress.sign_in.client_id,
        "redirect_uri": scene.callback,
        "response_type": "code",
        "scope": "identify guilds.members.read",
        "state": state,
        "as": person,
    }
    return f"{scene.authorize}?{urlencode(query)}"


def _query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def _expect(scene: Scene, page: Route, answer: Answer, expected: Arrival, name: str) -> Outcome:
    found = arrival(answer, asked=page, authorize=scene.authorize, callback=scene.callback)
    return Outcome.of(AREA, name, found is expected, expected=expected, found=f"{found} ({answer})", fix=_FIX)


def _refused(scene: Scene, name: str, answer: Answer, *, understood: bool = True) -> Outcome:
    signed_in = bool(_session_line(scene, answer))
    notes = [
        ", signed in" * signed_in,
        ", but the state has a form that this check does not know" * (not understood),
    ]
    return Outcome.of(
        AREA,
        name,
        understood and answer.status >= 400 and not signed_in,
        expected="refused, and nobody is signed in",
        found=f"{answer}{''.join(notes)}",
        fix=_FIX,
    )


def key_in(config: str) -> str | None:
    """The signing key in the text of the sign-in's configuration."""
    for line in config.splitlines():
        name, colon, value = line.partition(":")
        if name == "secret" and colon:
            return value.strip().strip("'\"") or None
    return None
