"""Failures on demand, rate limits and pages."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from rehearsal.emulator import EmulatorError, Settings
from rehearsal.emulator.faults import Fault
from rehearsal.emulator.settings import Seconds
from tests.unit.do_shapes.box import DROPLET, Box, boxed


def set_fault(box: Box, text: str) -> None:
    box.emulator.faults.add(Fault.parse(text))


def test_a_status_so_many_times(tmp_path: Path) -> None:
    with boxed(tmp_path) as box:
        set_fault(box, "POST /v2/tags 429 x2")
        set_fault(box, "GET /v2/droplets/* 500")
        for _ in range(2):
            answer = box.client.post("/v2/tags", json={"name": "a"})
            assert answer.status_code == 429
            assert answer.headers["retry-after"] == "1"
            assert answer.json()["id"] == "too_many_requests"
        box.ask("POST", "/v2/tags", {"name": "a"}, 201)
        for _ in range(3):
            assert box.ask("GET", "/v2/droplets/1", expect=500)["id"] == "server_error"
        box.emulator.faults.clear()
        box.ask("GET", "/v2/droplets/1", expect=404)


@pytest.mark.parametrize(("kind", "made"), [("reset", 0), ("reset-after", 1)])
def test_a_reset_connection(tmp_path: Path, kind: str, made: int) -> None:
    with boxed(tmp_path) as box:
        set_fault(box, f"POST /v2/tags {kind} x1")
        with pytest.raises(httpx.TransportError):
            box.client.post("/v2/tags", json={"name": "a"})
        assert box.ask("GET", "/v2/tags")["meta"]["total"] == made
        assert box.emulator.log()[0]["fault"].endswith(f"{kind} x1")


def test_a_droplet_that_never_becomes_active(tmp_path: Path) -> None:
    with boxed(tmp_path) as box:
        set_fault(box, "POST /v2/droplets never x1")
        number, other = box.droplet(), box.droplet(name="two")
        statuses = [box.ask("GET", f"/v2/droplets/{one}")["droplet"]["status"] for one in (number, other)]
        assert statuses == ["new", "active"]
        box.ask("DELETE", f"/v2/droplets/{number}", expect=204)
        box.done()
        box.ask("GET", f"/v2/droplets/{number}", expect=404)


def test_slow_and_errored_actions(tmp_path: Path) -> None:
    with boxed(tmp_path) as box:
        number = box.droplet()
        path = f"/v2/droplets/{number}"
        set_fault(box, "POST /v2/droplets/*/actions errored x1")
        set_fault(box, "POST /v2/droplets/*/actions slow=0.4 x1")
        box.ask("POST", f"{path}/actions", {"type": "shutdown"}, 201)
        box.done()
        assert box.ask("GET", f"{path}/actions")["actions"][-1]["status"] == "errored"
        assert box.ask("GET", path)["droplet"]["status"] == "active"
        box.ask("POST", f"{path}/actions", {"type": "shutdown"}, 201)
        assert box.ask("GET", f"{path}/actions")["actions"][-1]["status"] == "in-progress"
        box.done()
        assert box.ask("GET", path)["droplet"]["status"] == "off"


@pytest.mark.parametrize("text", ["POST /v2/tags 429 x2", "* /v2/* reset", "GET /v2/a slow=1.5 x1"])
def test_a_fault_is_written_as_it_is_read(text: str) -> None:
    assert Fault.parse(text).text() == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "three or four words"),
        ("POST /v2/tags", "three or four words"),
        ("FETCH /v2/tags 500", "unknown method 'FETCH'"),
        ("POST v2/tags 500", "the path must begin with /"),
        ("POST /v2/tags 200", "unknown kind '200'"),
        ("POST /v2/tags slow", "unknown kind 'slow'"),
        ("POST /v2/tags 500 x0", "three or four words"),
    ],
)
def test_a_wrong_fault_says_what_is_allowed(text: str, message: str) -> None:
    with pytest.raises(EmulatorError, match="METHOD PATH KIND") as error:
        Fault.parse(text)
    assert message in str(error.value)


def test_the_emulators_own_endpoints(tmp_path: Path) -> None:
    with boxed(tmp_path) as box:
        own = f"{box.emulator.url}/_emulator"
        text = "GET /v2/tags 503 x1"
        asked = httpx.post(f"{own}/faults", json={"fault": text}, trust_env=False)
        assert asked.json() == {"faults": [text]}
        box.ask("GET", "/v2/tags", expect=503)
        assert httpx.post(f"{own}/faults", json={"fault": "x"}, trust_env=False).status_code == 422
        assert httpx.delete(f"{own}/faults", trust_env=False).json() == {"faults": []}
        box.ask("POST", "/v2/tags", {"name": "a"}, 201)
        log = httpx.get(f"{own}/log?after=1", trust_env=False).json()["log"]
        assert [(one["method"], one["status"]) for one in log] == [("POST", 201)]
        resources = httpx.get(f"{own}/resources", trust_env=False).json()["resources"]
        assert resources == [{"type": "digitalocean_tag", "id": "a", "name": "a"}]
        assert httpx.post(f"{own}/reset", trust_env=False).status_code == 204
        assert (box.emulator.resources(), box.emulator.log()) == ([], [])
        assert "POST /_emulator/reset" in httpx.get(f"{own}/help", trust_env=False).text


def test_rate_limits_are_told_and_kept(tmp_path: Path) -> None:
    settings = Settings(Seconds(), requests_per_hour=3, requests_per_minute=2)
    with boxed(tmp_path, settings=settings) as box:
        left = [box.client.get("/v2/account").headers["ratelimit-remaining"] for _ in range(2)]
        assert left == ["2", "1"]
        refused = box.client.get("/v2/account")
        assert refused.status_code == 429
        assert refused.headers["ratelimit-remaining"] == "0"
        assert refused.headers["ratelimit-limit"] == "3"
        assert 1 <= int(refused.headers["retry-after"]) <= 61
        other = box.client.get("/v2/account", headers={"Authorization": "Bearer other"})
        assert other.status_code == 200


def test_lists_come_in_pages(tmp_path: Path) -> None:
    with boxed(tmp_path) as box:
        for number in range(25):
            box.ask("POST", "/v2/tags", {"name": f"t{number:02}"}, 201)
        first = box.ask("GET", "/v2/tags")
        assert len(first["tags"]) == 20
        assert first["meta"] == {"total": 25}
        assert set(first["links"]["pages"]) == {"next", "last"}
        names: list[str] = []
        address: str | None = "/v2/tags?per_page=10"
        while address:
            page = box.client.get(address).json()
            names += [tag["name"] for tag in page["tags"]]
            address = page["links"]["pages"].get("next")
        assert names == [f"t{number:02}" for number in range(25)]
        assert set(page["links"]["pages"]) == {"first", "prev"}
        assert box.ask("GET", "/v2/tags?per_page=200")["links"] == {}


def test_each_answer_has_a_request_id(tmp_path: Path) -> None:
    with boxed(tmp_path) as box:
        answer = box.client.post("/v2/droplets", json={**DROPLET, "size": "x"})
        assert answer.headers["x-request-id"] == answer.json()["request_id"]
