"""The command's calls to the server."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from standin.http_client import Answer, Unreachable, fetch


class CommandError(Exception):
    """The command failed; the message is all that is printed."""


@dataclass(frozen=True)
class Client:
    """Where the server is and who calls."""

    host: str
    token: str
    org: str

    def call(
        self, method: str, path: str, *, query: dict[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """One request; CommandError for no answer or a refusal."""
        headers = {"Authorization": f"Token {self.token}"} if self.token else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        url = f"{self.host}{path}" + (f"?{urlencode(query)}" if query else "")
        try:
            answer = fetch(method, url, headers=headers, body=body, timeout=60)
        except Unreachable as error:
            raise CommandError(str(error)) from error
        if answer.status >= 300:
            raise CommandError(f"{answer.status}: {_message(answer)}")
        return answer

    def json(
        self, method: str, path: str, *, query: dict[str, str] | None = None, send: Any = None
    ) -> dict[str, Any]:
        """One request with JSON both ways."""
        body = None if send is None else json.dumps(send).encode()
        answer = self.call(method, path, query=query, body=body)
        value = json.loads(answer.body or b"{}")
        return value if isinstance(value, dict) else {}

    def org_id(self) -> str:
        """The organization's id, by name or id."""
        if not self.org:
            raise CommandError("must specify org ID or org name")
        orgs = self.json("GET", "/api/v2/orgs")["orgs"]
        for org in orgs:
            if self.org in (org["id"], org["name"]):
                return str(org["id"])
        raise CommandError(f'organization "{self.org}" not found')


def _message(answer: Answer) -> str:
    try:
        return str(json.loads(answer.body)["message"])
    except (ValueError, KeyError, TypeError):
        return answer.text()
