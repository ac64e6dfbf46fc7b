"""DigitalOcean's API without a network, for the tests of ops."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import httpx
import pytest

_KEYS = {"account/keys": "ssh_keys", "spaces/keys": "keys"}


def answer_requests(patch: pytest.MonkeyPatch, handler: Any) -> None:
    """Has a function answer the requests of every client that is made from now on."""
    patch.setattr(httpx, "Client", partial(httpx.Client, transport=httpx.MockTransport(handler)))


class FakeAccount:
    """An account that holds what its lists say, and does what it is asked to.

    Attributes:
        lists: resources by their key in the API's answers, such as ``droplets``. A zone exists if there are ``domain_records``.
        failure: status of all answers; 0 while the API works.
        hangs: droplets do not obey.
        done: what was changed.
    """

    def __init__(
        self, patch: pytest.MonkeyPatch, done: list[str] | None = None, /, **lists: list[dict[str, Any]]
    ) -> None:
        self.lists = lists
        self.failure = 0
        self.hangs = False
        self.done = [] if done is None else done
        patch.setenv("DIGITALOCEAN_TOKEN", "token")
        patch.delenv("DIGITALOCEAN_API_URL", raising=False)
        answer_requests(patch, self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.failure:
            return httpx.Response(self.failure)
        first, *rest = request.url.path.removeprefix("/v2/").split("/")
        if first == "domains":
            found = self.lists.get("domain_records")
            return httpx.Response(404) if found is None else _listed("domain_records", found)
        if first == "droplets" and rest:
            return self._droplet(request, rest[0])
        key = _KEYS.get("/".join([first, *rest]), first)
        return _listed(key, self.lists.get(key, []))

    def _droplet(self, request: httpx.Request, id_: str) -> httpx.Response:
        droplet = next((each for each in self.lists.get("droplets", []) if str(each["id"]) == id_), None)
        if droplet is None:
            return httpx.Response(404)
        if request.method == "DELETE":
            self.lists["droplets"].remove(droplet)
            self.done.append(f"delete droplet {id_}")
            return httpx.Response(204)
        if request.method == "POST":
            order = str(json.loads(request.content)["type"])
            self.done.append(f"{order} droplet {id_}")
            droplet["status"] = droplet["status"] if self.hangs else {"power_off": "off"}[order]
            return httpx.Response(201, json={"action": {"type": order}})
        return httpx.Response(200, json={"droplet": droplet})


def _listed(key: str, found: list[dict[str, Any]]) -> httpx.Response:
    return httpx.Response(200, json={key: found, "links": {}, "meta": {"total": len(found)}})
