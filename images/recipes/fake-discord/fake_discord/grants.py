"""Codes and tokens that were given out. In memory: a restart ends all sessions with the fake."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass

from fake_discord.config import User

CODE_SECONDS = 60
"""How long a code may wait to be exchanged."""

TOKEN_SECONDS = 604_800
"""Lifetime of an access token, the value Discord documents (7 days)."""

MOST_KEPT = 10_000
"""Codes and tokens kept at a time; the oldest go first, so that a load test cannot fill the memory."""


@dataclass(frozen=True)
class Grant:
    """What a user allowed an application."""

    client_id: str
    user: User
    scopes: tuple[str, ...]
    redirect_uri: str
    expires: float


class Grants:
    """Codes (used once) and tokens (until they expire or are revoked)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._codes: dict[str, Grant] = {}
        self._access: dict[str, Grant] = {}
        self._refresh: dict[str, Grant] = {}

    def new_code(self, client_id: str, user: User, scopes: tuple[str, ...], redirect_uri: str) -> str:
        """A code for one exchange."""
        code = secrets.token_urlsafe(22)
        with self._lock:
            self._codes[code] = Grant(client_id, user, scopes, redirect_uri, time.time() + CODE_SECONDS)
            _shorten(self._codes)
        return code

    def take_code(self, code: str, client_id: str, redirect_uri: str) -> Grant | None:
        """The code's grant, once.

        None when unknown, used, expired, another client's, or for another redirect URI.
        """
        with self._lock:
            grant = self._codes.get(code)
            if grant is None or grant.client_id != client_id or grant.redirect_uri != redirect_uri:
                return None
            del self._codes[code]
        return grant if time.time() < grant.expires else None

    def new_tokens(self, grant: Grant) -> tuple[str, str]:
        """(access token, refresh token)."""
        access, refresh = secrets.token_urlsafe(22), secrets.token_urlsafe(22)
        with self._lock:
            kept = Grant(
                grant.client_id, grant.user, grant.scopes, grant.redirect_uri, time.time() + TOKEN_SECONDS
            )
            self._access[access] = kept
            self._refresh[refresh] = kept
            _shorten(self._access)
            _shorten(self._refresh)
        return access, refresh

    def take_refresh(self, token: str, client_id: str) -> Grant | None:
        """The refresh token's grant, once."""
        with self._lock:
            grant = self._refresh.get(token)
            if grant is None or grant.client_id != client_id:
                return None
            del self._refresh[token]
            return grant

    def bearer(self, token: str) -> Grant | None:
        """The access token's grant while it is valid."""
        with self._lock:
            grant = self._access.get(token)
        return grant if grant is not None and time.time() < grant.expires else None

    def revoke(self, token: str, client_id: str) -> None:
        """Forget every token that this token's user gave this client, as Discord does."""
        with self._lock:
            grant = self._access.get(token) or self._refresh.get(token)
            if grant is None or grant.client_id != client_id:
                return
            for kept in (self._access, self._refresh):
                for value in [
                    v for v, g in kept.items() if g.client_id == client_id and g.user == grant.user
                ]:
                    del kept[value]


def _shorten(kept: dict[str, Grant]) -> None:
    while len(kept) > MOST_KEPT:
        del kept[next(iter(kept))]
