"""The OAuth2 code flow with the provider."""

from __future__ import annotations

import base64
import json
import threading
from typing import Any
from urllib.parse import quote_plus, urlencode

from standin.http_client import Answer, Unreachable, fetch

from forward_auth.config import Provider


class ProviderFailure(Exception):
    """The provider refused or did not answer."""


def login_url(provider: Provider, redirect_uri: str, state: str, *, prompt: bool) -> str:
    """The provider's page that asks the user."""
    query = {
        "client_id": provider.client_id,
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "scope": " ".join(provider.scopes),
        "state": state,
    }
    if prompt and provider.prompt:
        query["prompt"] = provider.prompt
    if provider.resource:
        query["resource"] = provider.resource
    return f"{provider.auth_url}{'&' if '?' in provider.auth_url else '?'}{urlencode(sorted(query.items()))}"


class OAuthClient:
    """Changes codes for tokens and asks about users.

    Like the real program's library it sends the client secret first in the Authorization header, then in the
    form, and remembers which of the two the provider took.
    """

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._style: str | None = None
        self._lock = threading.Lock()

    def exchange(self, redirect_uri: str, code: str) -> str:
        """The access token for a code."""
        with self._lock:
            styles = [self._style] if self._style else ["header", "form"]
        failure = ProviderFailure("no attempt")
        for style in styles:
            try:
                token = self._exchange(style, redirect_uri, code)
            except ProviderFailure as error:
                failure = error
                continue
            with self._lock:
                self._style = style
            return token
        raise failure

    def _exchange(self, style: str, redirect_uri: str, code: str) -> str:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        identity, secret = self._provider.client_id, self._provider.client_secret
        if style == "header":
            pair = f"{quote_plus(identity)}:{quote_plus(secret)}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        else:
            form |= {"client_id": identity, "client_secret": secret}
        answer = _ask("POST", self._provider.token_url, headers, urlencode(form).encode())
        if not 200 <= answer.status < 300:
            raise ProviderFailure(f"token endpoint answered {answer.status}: {answer.text()}")
        token = _decoded(answer).get("access_token")
        if not isinstance(token, str) or not token:
            raise ProviderFailure("server response missing access_token")
        return token

    def user(self, token: str) -> Any:
        """What the provider says about the token's owner.

        The status code is not looked at, as in the real program.
        """
        url = self._provider.user_url
        headers: dict[str, str] = {}
        if self._provider.token_style == "query":
            url += f"{'&' if '?' in url else '?'}{urlencode({'access_token': token})}"
        elif self._provider.token_style == "header":
            headers["Authorization"] = f"Bearer {token}"
        answer = _ask("GET", url, headers, None)
        try:
            return json.loads(answer.body)
        except ValueError as error:
            raise ProviderFailure(f"user endpoint answered {answer.status}, not JSON") from error


def _ask(method: str, url: str, headers: dict[str, str], body: bytes | None) -> Answer:
    try:
        return fetch(method, url, headers=headers, body=body, timeout=10)
    except Unreachable as error:
        raise ProviderFailure(str(error)) from error


def _decoded(answer: Answer) -> dict[str, Any]:
    try:
        value = json.loads(answer.body)
    except ValueError as error:
        raise ProviderFailure("token endpoint did not answer JSON") from error
    return value if isinstance(value, dict) else {}
