"""A client of DigitalOcean's API, for what Terraform cannot do. It reads the provider's own variables."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from ops.errors import OpsError
from ops.http_retry import send_with_retries

API = "https://api.digitalocean.com"
TIMEOUT_S = 30.0
PAUSES_S = (1.0, 2.0, 4.0, 8.0)
"""Between attempts, where the API does not say how long to wait."""
NOT_FOUND = 404
_PAGE = 200

Answer = Mapping[str, Any]


class NotFound(OpsError):
    """The account has no such resource."""


class Client:
    """The account that ``DIGITALOCEAN_TOKEN`` belongs to."""

    def __init__(self) -> None:
        self._token = (
            os.environ.get("DIGITALOCEAN_TOKEN") or os.environ.get("DIGITALOCEAN_ACCESS_TOKEN") or ""
        )
        self._root = os.environ.get("DIGITALOCEAN_API_URL") or API

    def listed(self, path: str, key: str = "") -> list[Answer]:
        """All entries of a list, such as ``droplets``, over all of its pages.

        Args:
            key: their key in the answer, where it is not the path.
        """
        found: list[Answer] = []
        number = 1
        while True:
            told = self._send("GET", path, query={"page": number, "per_page": _PAGE})
            # An empty list may come as null, or not at all.
            empty = not told or "meta" in told
            found += (told.get(key or path) if empty else self._part(told, key or path, path)) or []
            if "next" not in ((told.get("links") or {}).get("pages") or {}):
                return found
            number += 1

    def one(self, path: str, key: str) -> Answer:
        """One resource, such as ``droplets/7``."""
        found: Answer = self._part(self._send("GET", path), key, path)
        return found

    def act(self, path: str, body: Answer) -> Answer:
        """Starts an action, such as ``droplets/7/actions``, and returns it; sent once, never repeated."""
        found: Answer = self._part(self._send("POST", path, body=body, pauses_s=()), "action", path)
        return found

    def remove(self, path: str) -> None:
        """Deletes one resource, such as ``droplets/7``; does nothing if it is gone already."""
        answer = self._answer("DELETE", path)
        if answer.is_error and answer.status_code != NOT_FOUND:
            raise self._failed(
                path, f"{answer.status_code} {answer.reason_phrase}", _FIXES.get(answer.status_code, "")
            )

    def _part(self, told: Answer, key: str, path: str) -> Any:
        if key not in told:
            raise self._failed(path, f"the answer has no {key}")
        return told[key]

    def _send(self, method: str, path: str, **request: Any) -> Answer:
        return self._read(self._answer(method, path, **request), path)

    def _answer(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Answer | None = None,
        pauses_s: Sequence[float] = PAUSES_S,
    ) -> httpx.Response:
        try:
            return send_with_retries(
                lambda: self._sent(method, path, query, body), pauses_s=pauses_s, sleep=time.sleep
            )
        except httpx.HTTPError as error:
            raise self._failed(path, str(error) or type(error).__name__) from None

    def _sent(self, method: str, path: str, query: Any, body: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._token}"}
        with httpx.Client(base_url=self._root, headers=headers, timeout=TIMEOUT_S) as client:
            return client.request(method, f"/v2/{path}", params=query, json=body)

    def _read(self, answer: httpx.Response, path: str) -> Answer:
        if answer.status_code == NOT_FOUND:
            raise NotFound(f"the account of DIGITALOCEAN_TOKEN has no {path}")
        if answer.is_error:
            fix = _FIXES.get(answer.status_code, "")
            raise self._failed(path, f"{answer.status_code} {answer.reason_phrase}", fix)
        try:
            told = answer.json()
        except ValueError:
            told = None
        if not isinstance(told, dict):
            raise self._failed(
                path,
                "the answer is not JSON",
                "a proxy may have answered in its place; check HTTPS_PROXY and DIGITALOCEAN_API_URL",
            )
        return told

    def _failed(self, path: str, reason: str, fix: str = "") -> OpsError:
        return OpsError(
            f"request to DigitalOcean's API at {self._root} for {path} failed: {reason}",
            fix=fix
            or "the API may be busy or unreachable (https://status.digitalocean.com); run this again later",
        )


_FIXES: Mapping[int, str] = {
    401: "the token is wrong or has expired: check DIGITALOCEAN_TOKEN",
    403: "the token lacks a scope for this request: check the scopes of DIGITALOCEAN_TOKEN",
    422: "DigitalOcean refuses this now; look at the resource in the control panel",
}
