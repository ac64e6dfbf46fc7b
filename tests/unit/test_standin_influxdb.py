"""The InfluxDB stand-in over HTTP: who may do what, never more than in InfluxDB 2.9."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.unit.standin_code import Reply, ask, load, serving

Store = load("influxdb", "influx_standin.store").Store
Server = load("influxdb", "influx_standin.server").InfluxServer

OPERATOR = "operator-token"
SETUP = {
    "username": "admin",
    "password": "longpassword",
    "org": "sprocket",
    "bucket": "metrics",
    "token": OPERATOR,
}
HOUR = 'from(bucket: "metrics") |> range(start: -1h)'


@pytest.fixture
def influx(tmp_path: Path) -> Iterator[str]:
    with serving(Server(Store(tmp_path / "db.sqlite"))) as address:
        assert ask(address, "/api/v2/setup", method="POST", body=json.dumps(SETUP)).status == 201
        yield address


def call(influx: str, method: str, path: str, token: str, send: Any = None) -> Reply:
    body = None if send is None else json.dumps(send)
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
    return ask(influx, path, method=method, headers=headers, body=body)


def org(influx: str) -> str:
    return str(json.loads(call(influx, "GET", "/api/v2/orgs", OPERATOR).body)["orgs"][0]["id"])


def bucket(influx: str, name: str = "metrics") -> str:
    found = json.loads(call(influx, "GET", f"/api/v2/buckets?name={name}", OPERATOR).body)["buckets"]
    return str(found[0]["id"])


def permission(influx: str, action: str, name: str = "metrics") -> dict[str, Any]:
    return {
        "action": action,
        "resource": {"type": "buckets", "id": bucket(influx, name), "orgID": org(influx)},
    }


def new_token(influx: str, *actions: str) -> str:
    send = {"orgID": org(influx), "permissions": [permission(influx, action) for action in actions]}
    reply = call(influx, "POST", "/api/v2/authorizations", OPERATOR, send)
    assert reply.status == 201
    return str(json.loads(reply.body)["token"])


def write(influx: str, token: str, text: str = "m,host=a v=1", name: str = "metrics") -> Reply:
    headers = {"Authorization": f"Token {token}"}
    return ask(influx, f"/api/v2/write?org=sprocket&bucket={name}", method="POST", headers=headers, body=text)


def query(influx: str, token: str, source: str = HOUR) -> Reply:
    return call(influx, "POST", "/api/v2/query?org=sprocket", token, {"query": source})


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


def v1_user(influx: str, name: str, password: str, *actions: str) -> None:
    send = {"orgID": org(influx), "token": name, "permissions": [permission(influx, a) for a in actions]}
    made = json.loads(call(influx, "POST", "/private/legacy/authorizations", OPERATOR, send).body)
    path = f"/private/legacy/authorizations/{made['id']}/password"
    assert call(influx, "POST", path, OPERATOR, {"password": password}).status == 204


def test_setup_works_once(influx: str) -> None:
    again = ask(influx, "/api/v2/setup", method="POST", body=json.dumps(SETUP))

    assert (again.status, json.loads(again.body)["message"]) == (422, "onboarding has already been completed")


def test_the_server_chooses_the_value_of_a_token_whatever_is_asked(influx: str) -> None:
    send = {"orgID": org(influx), "token": "chosen-by-us", "permissions": [permission(influx, "write")]}
    made = json.loads(call(influx, "POST", "/api/v2/authorizations", OPERATOR, send).body)

    assert made["token"] != "chosen-by-us"
    assert len(made["token"]) == 88
    assert write(influx, "chosen-by-us").status == 401
    assert write(influx, made["token"]).status == 204


def test_a_tokens_value_is_shown_once(influx: str) -> None:
    new_token(influx, "write")
    listed = json.loads(call(influx, "GET", "/api/v2/authorizations", OPERATOR).body)["authorizations"]

    assert [auth["token"] for auth in listed] == ["", ""]


def test_a_write_token_writes_and_reads_nothing(influx: str) -> None:
    token = new_token(influx, "write")

    assert write(influx, token).status == 204
    refused = query(influx, token)
    assert (refused.status, json.loads(refused.body)["code"]) == (404, "not found")
    assert b'could not find bucket \\"metrics\\"' in refused.body


def test_a_read_token_reads_and_writes_nothing(influx: str) -> None:
    token = new_token(influx, "read")
    write(influx, OPERATOR)

    assert b",1,v,m,a" in query(influx, token).body
    refused = write(influx, token)
    assert (refused.status, json.loads(refused.body)["message"]) == (
        403,
        "insufficient permissions for write",
    )


def test_a_token_counts_for_its_own_bucket_only(influx: str) -> None:
    token = new_token(influx, "read", "write")
    assert (
        call(influx, "POST", "/api/v2/buckets", OPERATOR, {"orgID": org(influx), "name": "app"}).status == 201
    )

    assert write(influx, token, name="app").status == 403
    assert query(influx, token, HOUR.replace("metrics", "app")).status == 404
    assert write(influx, OPERATOR, name="nowhere").status == 404


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Token wrong"}, {"Authorization": f"Basic {OPERATOR}"}]
)
def test_without_a_valid_token_all_is_401(influx: str, headers: dict[str, str]) -> None:
    for method, path in (("POST", "/api/v2/write?org=sprocket&bucket=metrics"), ("GET", "/api/v2/buckets")):
        reply = ask(influx, path, method=method, headers=headers, body="m v=1" if method == "POST" else None)
        assert (reply.status, json.loads(reply.body)["code"]) == (401, "unauthorized")
    assert ask(influx, "/health").status == 200


def test_a_scoped_token_can_make_neither_tokens_nor_buckets_nor_backups(influx: str) -> None:
    token = new_token(influx, "read", "write")
    ids = {"orgID": org(influx)}

    asked = ids | {"permissions": [permission(influx, "read")]}
    assert call(influx, "POST", "/api/v2/authorizations", token, asked).status == 401
    assert call(influx, "POST", "/api/v2/buckets", token, ids | {"name": "x"}).status == 401
    assert call(influx, "GET", "/api/v2/backup/standin", token).status == 401
    assert json.loads(call(influx, "GET", "/api/v2/authorizations", token).body)["authorizations"] == []


def test_nobody_can_give_away_more_than_they_have(influx: str) -> None:
    ids = {"orgID": org(influx)}
    resources: list[dict[str, Any]] = [{"type": "authorizations", **ids}, {"type": "users"}]
    rights = [{"action": "write", "resource": r} for r in resources] + [permission(influx, "write")]
    helper = json.loads(
        call(influx, "POST", "/api/v2/authorizations", OPERATOR, ids | {"permissions": rights}).body
    )

    same = ids | {"permissions": [permission(influx, "write")]}
    more = ids | {"permissions": [permission(influx, "read")]}
    assert call(influx, "POST", "/api/v2/authorizations", helper["token"], same).status == 201
    assert call(influx, "POST", "/api/v2/authorizations", helper["token"], more).status == 401


def test_a_v1_user_has_the_password_we_choose_but_only_for_v1(influx: str) -> None:
    v1_user(influx, "telegraf", "chosen-password", "write")
    good, wrong = basic("telegraf", "chosen-password"), basic("telegraf", "other-password")

    v1, v2 = "/write?db=metrics", "/api/v2/write?org=sprocket&bucket=metrics"
    assert ask(influx, v1, method="POST", headers=good, body="m v=1").status == 204
    assert ask(influx, v1, method="POST", headers=wrong, body="m v=1").status == 401
    assert ask(influx, v2, method="POST", headers=good, body="m v=1").status == 401
    assert write(influx, "chosen-password").status == 401
    token_form = {"Authorization": "Token telegraf:chosen-password"}
    assert ask(influx, v1, method="POST", headers=token_form, body="m v=1").status == 401


def test_v1_reading_needs_the_right_to_read(influx: str) -> None:
    v1_user(influx, "grafana", "grafana-password", "read")
    v1_user(influx, "telegraf", "telegraf-password", "write")
    write(influx, OPERATOR, "m,host=a v=1 1000000000\nm,host=b v=3 2000000000")
    asked = {"db": "metrics", "q": 'SELECT mean("v") FROM "m" WHERE time >= 0s', "epoch": "s"}

    answer = ask(influx, f"/query?{urlencode(asked)}", headers=basic("grafana", "grafana-password"))
    series = json.loads(answer.body)["results"][0]["series"][0]
    assert (series["columns"], series["values"]) == (["time", "mean"], [[0, 2.0]])
    refused = ask(influx, f"/query?{urlencode(asked)}", headers=basic("telegraf", "telegraf-password"))
    assert "series" not in json.loads(refused.body)["results"][0]
    body = "m v=1"
    assert (
        ask(
            influx,
            "/write?db=metrics",
            method="POST",
            headers=basic("grafana", "grafana-password"),
            body=body,
        ).status
        == 403
    )


def test_a_deleted_or_inactive_token_no_longer_counts(influx: str) -> None:
    token = new_token(influx, "write")
    listed = json.loads(call(influx, "GET", "/api/v2/authorizations", OPERATOR).body)["authorizations"]
    path = f"/api/v2/authorizations/{listed[-1]['id']}"

    assert call(influx, "PATCH", path, OPERATOR, {"status": "inactive"}).status == 200
    assert write(influx, token).status == 403
    assert call(influx, "DELETE", path, OPERATOR).status == 204
    assert write(influx, token).status == 401


def test_gzip_bodies_are_read(influx: str) -> None:
    headers = {"Authorization": f"Token {OPERATOR}", "Content-Encoding": "gzip"}
    path = "/api/v2/write?org=sprocket&bucket=metrics"

    assert ask(influx, path, method="POST", headers=headers, body=gzip.compress(b"m v=7")).status == 204
    assert b",7,v,m" in query(influx, OPERATOR).body


def test_points_beyond_the_retention_are_refused(influx: str) -> None:
    rules = [{"everySeconds": 3600}]
    made = call(
        influx,
        "POST",
        "/api/v2/buckets",
        OPERATOR,
        {"orgID": org(influx), "name": "h", "retentionRules": rules},
    )
    assert made.status == 201

    assert write(influx, OPERATOR, "m v=1 1000", name="h").status == 422
    assert write(influx, OPERATOR, "m v=1", name="h").status == 204


def test_a_buckets_retention_can_be_changed(influx: str) -> None:
    path = f"/api/v2/buckets/{bucket(influx)}"
    reader = new_token(influx, "read")

    assert call(influx, "PATCH", path, reader, {"retentionRules": [{"everySeconds": 7200}]}).status == 401
    assert call(influx, "PATCH", path, OPERATOR, {"retentionRules": [{"everySeconds": 60}]}).status == 422
    assert call(influx, "PATCH", path, OPERATOR, {"retentionRules": [{"everySeconds": 7200}]}).status == 200
    assert write(influx, OPERATOR, "m v=1 1000").status == 422


def test_a_name_that_nothing_has_is_not_found(influx: str) -> None:
    assert call(influx, "GET", "/api/v2/buckets?name=nothing", OPERATOR).status == 404
    assert call(influx, "GET", "/private/legacy/authorizations?token=nobody", OPERATOR).status == 404


def test_a_full_restore_brings_back_tokens_and_points(influx: str) -> None:
    token = new_token(influx, "write")
    write(influx, token)
    saved = call(influx, "GET", "/api/v2/backup/standin", OPERATOR).body
    auths = json.loads(call(influx, "GET", "/api/v2/authorizations", OPERATOR).body)["authorizations"]
    call(influx, "DELETE", f"/api/v2/authorizations/{auths[-1]['id']}", OPERATOR)
    assert write(influx, token).status == 401

    headers = {"Authorization": f"Token {OPERATOR}"}
    reply = ask(influx, "/api/v2/restore/standin?full=true", method="POST", headers=headers, body=saved)
    assert reply.status == 200
    assert write(influx, token).status == 204


def test_what_is_written_is_there_after_a_restart(tmp_path: Path) -> None:
    for attempt in ("first", "second"):
        with serving(Server(Store(tmp_path / "db.sqlite"))) as address:
            if attempt == "first":
                ask(address, "/api/v2/setup", method="POST", body=json.dumps(SETUP))
                assert write(address, OPERATOR).status == 204
            assert b",1,v,m,a" in query(address, OPERATOR).body
