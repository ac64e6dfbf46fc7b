"""Droplets that never started make room for the next try."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from layers.loading import load_environment
from ops.cloud import failed_droplets
from ops.cloud.client import Client
from ops.errors import OpsError
from ops.model.changes import from_terraform
from ops.model.inventory import from_synthesis
from ops.report.compare import compare
from ops.terraform.target import Target
from tests.unit.ops_cloud import change, cloud, plan


class Api(BaseHTTPRequestHandler):
    """Knows the statuses of droplets, and which were deleted."""

    statuses: ClassVar[dict[str, str]] = {}
    deleted: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        status = self.statuses.get(self.path.rsplit("/", 1)[1])
        self._answer(200 if status else 404, {"droplet": {"status": status}})

    def do_DELETE(self) -> None:
        self.deleted.append(self.path.rsplit("/", 1)[1])
        self._answer(204, None)

    def _answer(self, status: int, document: Any) -> None:
        body = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Api]]:
    Api.statuses, Api.deleted = {}, []
    server = HTTPServer(("127.0.0.1", 0), Api)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("DIGITALOCEAN_API_URL", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("DIGITALOCEAN_TOKEN", "t")
    yield Api
    server.shutdown()
    thread.join()
    server.server_close()


def removed(monkeypatch: pytest.MonkeyPatch, **tainted: bool) -> list[str]:
    resources = [
        {
            "type": "digitalocean_droplet",
            "values": {"name": f"n{id_}", "id": id_.strip("_")},
            "tainted": marked,
        }
        for id_, marked in tainted.items()
    ]
    state = {"values": {"root_module": {"resources": resources}}}
    fake = type("State", (), {"state": lambda self: state})()
    monkeypatch.setattr(Target, "terraform", property(lambda self: fake))
    settings = load_environment("prod")
    target = Target(settings=settings, stack="prod-cloud", document=cloud(), folder=Path("/nowhere"))
    return [each.id for each in failed_droplets.remove(target)]


def test_only_what_was_given_up_and_never_started_is_removed(
    api: type[Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    api.statuses = {"1": "new", "2": "active", "3": "new"}
    assert removed(monkeypatch, _1=True, _2=True, _3=False, _4=True) == ["1"]
    assert api.deleted == ["1"]


def test_without_a_mark_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGITALOCEAN_API_URL", "http://127.0.0.1:9")
    assert removed(monkeypatch, _1=False) == []
    monkeypatch.setattr(failed_droplets, "Client", lambda: Client(sleep=lambda seconds: None))
    with pytest.raises(OpsError, match=r"for droplets/1 failed: .*refused"):
        removed(monkeypatch, _1=True)


def test_the_report_says_that_it_never_became_active_and_not_that_it_is_refused() -> None:
    anew = change(
        "digitalocean_droplet.app-1", "delete", "create",
        before={"name": "prod-app-1"}, after={"name": "prod-app-1"}, reason="replace_because_tainted",
    )  # fmt: skip
    found = from_synthesis(cloud())
    report = compare("prod-cloud", found, found, from_terraform(plan(anew)), compared_with="x")
    assert report.dangers == ("droplet prod-app-1 is recreated: it never became active",)
