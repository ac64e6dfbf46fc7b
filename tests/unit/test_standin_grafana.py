"""The Grafana stand-in: settings, provisioning, sign-in and data source checks."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.standin_code import Reply, ask, load, serving

settings = load("grafana", "grafana_standin.settings")
provisioning = load("grafana", "grafana_standin.provisioning")
expansion = load("grafana", "grafana_standin.expansion")
Refusal = load("stand-in", "standin.log").Refusal
http = load("stand-in", "standin.http_server")

SOURCES = """
apiVersion: 1
datasources:
  - {name: Metrics, uid: metrics, type: influxdb, url: "http://ADDRESS", isDefault: true,
     jsonData: {version: Flux, organization: sprocket}, secureJsonData: {token: "$__file{SECRET}"}}
  - {name: Logs, uid: logs, type: loki, url: "http://ADDRESS"}
"""


def provision(folder: Path, *, sources: str = SOURCES, address: str = "127.0.0.1:1") -> Path:
    for name in ("datasources", "dashboards", "alerting", "boards"):
        (folder / name).mkdir(exist_ok=True)
    secret = folder / "token"
    secret.write_text("right\n")
    text = sources.replace("ADDRESS", address).replace("SECRET", str(secret))
    (folder / "datasources" / "all.yaml").write_text(text)
    provider = f"providers: [{{name: default, type: file, options: {{path: {folder / 'boards'}}}}}]"
    (folder / "dashboards" / "all.yaml").write_text(f"apiVersion: 1\n{provider}\n")
    (folder / "boards" / "home.json").write_text('{"uid": "home", "title": "Home"}')
    return folder


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


def application(folder: Path, environment: dict[str, str], provisioned: Any) -> Any:
    built = settings.build({"GF_PATHS_DATA": str(folder), **environment})
    database = load("grafana", "grafana_standin.database").Database(built.database, built.data)
    sign_in = load("grafana", "grafana_standin.sign_in").SignIn(built, database)
    return load("grafana", "grafana_standin.server").GrafanaServer(provisioned, database, sign_in)


@pytest.fixture
def sources() -> Iterator[str]:
    """An InfluxDB and a Loki in one, as far as the checks see."""

    def answer(request: Any) -> Any:
        if request.path == "/ready":
            return http.Response.text(200, "ready\n")
        if request.header("Authorization") != "Token right":
            return http.Response.json(401, {"code": "unauthorized"})
        return http.Response(200, b",result,table,name\r\n,_result,0,metrics\r\n\r\n")

    with serving(answer) as address:
        yield address


@pytest.fixture
def grafana(tmp_path: Path, sources: str) -> Iterator[str]:
    provisioned = provisioning.load(provision(tmp_path, address=sources), {})
    with serving(application(tmp_path, {"GF_SECURITY_ADMIN_PASSWORD": "right"}, provisioned)) as address:
        yield address


def health(grafana: str, uid: str) -> Reply:
    return ask(grafana, f"/api/datasources/uid/{uid}/health", headers=basic("admin", "right"))


def test_health_needs_no_sign_in_all_else_does(grafana: str) -> None:
    assert json.loads(ask(grafana, "/api/health").body)["database"] == "ok"
    assert ask(grafana, "/api/datasources").status == 401
    assert ask(grafana, "/api/datasources", headers=basic("admin", "wrong")).status == 401
    page = ask(grafana, "/")
    assert (page.status, page.headers["Location"]) == (302, "/login")


def test_sign_in_by_form_gives_a_session(grafana: str) -> None:
    body = json.dumps({"user": "admin", "password": "right"})
    reply = ask(grafana, "/login", method="POST", headers={"Content-Type": "application/json"}, body=body)

    cookie = reply.headers["Set-Cookie"].split(";")[0]
    assert ask(grafana, "/api/user", headers={"Cookie": cookie}).status == 200
    assert ask(grafana, "/api/user", headers={"Cookie": "grafana_session=guessed"}).status == 401


def test_data_sources_are_shown_without_their_secrets(grafana: str) -> None:
    reply = ask(grafana, "/api/datasources", headers=basic("admin", "right"))

    assert [s["uid"] for s in json.loads(reply.body)] == ["metrics", "logs"]
    assert b"right" not in reply.body


def test_a_data_source_is_really_asked(grafana: str) -> None:
    assert json.loads(health(grafana, "metrics").body)["status"] == "OK"
    assert json.loads(health(grafana, "logs").body)["status"] == "OK"
    assert health(grafana, "nothing").status == 404


def test_a_wrong_token_or_host_is_an_error_with_the_cause(tmp_path: Path, sources: str) -> None:
    text = SOURCES.replace("$__file{SECRET}", "wrong").replace(
        'loki, url: "http://ADDRESS"', 'loki, url: "http://127.0.0.1:1"'
    )
    provisioned = provisioning.load(provision(tmp_path, sources=text, address=sources), {})
    with serving(application(tmp_path, {"GF_SECURITY_ADMIN_PASSWORD": "right"}, provisioned)) as grafana:
        wrong, away = health(grafana, "metrics"), health(grafana, "logs")

    assert wrong.status == 400 and b"answered 401" in wrong.body
    assert away.status == 400 and b"127.0.0.1:1" in away.body


def test_the_admin_password_of_the_first_start_stays(tmp_path: Path) -> None:
    nothing = provisioning.Provisioned([], {}, [], [])
    for password in ("first", "second"):
        with serving(application(tmp_path, {"GF_SECURITY_ADMIN_PASSWORD": password}, nothing)) as grafana:
            assert ask(grafana, "/api/user", headers=basic("admin", "first")).status == 200
            assert ask(grafana, "/api/user", headers=basic("admin", "second")).status == 401


def test_saved_dashboards_survive_a_restart_and_provisioned_ones_cannot_be_saved(tmp_path: Path) -> None:
    provisioned = provisioning.load(provision(tmp_path), {})
    environment, user = {"GF_SECURITY_ADMIN_PASSWORD": "right"}, basic("admin", "right")
    with serving(application(tmp_path, environment, provisioned)) as grafana:
        for uid, status in (("mine", 200), ("home", 400)):
            body = json.dumps({"dashboard": {"uid": uid, "title": "T"}})
            assert ask(grafana, "/api/dashboards/db", method="POST", headers=user, body=body).status == status
    with serving(application(tmp_path, environment, provisioned)) as grafana:
        assert ask(grafana, "/api/dashboards/uid/mine", headers=user).status == 200


@pytest.mark.parametrize(("whitelist", "status"), [("127.0.0.0/8", 200), ("10.0.0.0/8", 401), ("", 200)])
def test_the_proxys_header_counts_from_its_networks_only(tmp_path: Path, whitelist: str, status: int) -> None:
    environment = {
        "GF_AUTH_PROXY_ENABLED": "true",
        "GF_AUTH_PROXY_HEADER_NAME": "X-Forwarded-User",
        "GF_AUTH_PROXY_WHITELIST": whitelist,
    }
    with serving(application(tmp_path, environment, provisioning.Provisioned([], {}, [], []))) as grafana:
        assert ask(grafana, "/api/user", headers={"X-Forwarded-User": "1"}).status == status
        assert ask(grafana, "/api/user", headers={"X-WEBAUTH-USER": "1"}).status == 401


def test_a_setting_and_its_file_together_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("right\n")
    name = "GF_SECURITY_ADMIN_PASSWORD"
    files = {f"{name}__FILE": str(tmp_path / "pw")}

    assert settings.build(settings.with_files(files)).admin_password == "right"
    with pytest.raises(Refusal, match=r"are set .but are exclusive"):
        settings.with_files(files | {name: "x"})
    with pytest.raises(Refusal, match="cannot be read"):
        settings.with_files({f"{name}__FILE": str(tmp_path / "none")})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("GF_DATABASE_TYPE", "mysql"),
        ("GF_DATABASE_HOST", "db:port"),
        ("GF_DATABASE_SSL_MODE", "on"),
        ("GF_SERVER_HTTP_PORT", "http"),
        ("GF_AUTH_ANONYMOUS_ENABLED", "maybe"),
        ("GF_AUTH_PROXY_WHITELIST", "somewhere"),
    ],
)
def test_wrong_settings_are_named(key: str, value: str) -> None:
    with pytest.raises(Refusal, match=key):
        settings.build({key: value})


def test_grafana_ini_stands_below_the_environment(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("from-file\n")
    ini = tmp_path / "grafana.ini"
    ini.write_text(f"""
; settings
[security]
admin_password = $__file{{{tmp_path / "pw"}}}
[auth.anonymous]
enabled = true
[database]
type = postgres
host = db:25060
ssl_mode = require
""")
    environment = {"GF_PATHS_CONFIG": str(ini), "GF_AUTH_ANONYMOUS_ENABLED": "false"}
    read = load("grafana", "grafana_standin.ini_file").as_variables(environment)
    made = settings.build(read | settings.with_files(environment))

    assert (made.admin_password, made.anonymous) == ("from-file", False)
    assert (made.database.host, made.database.port, made.database.ssl_mode) == ("db", 25060, "require")


@pytest.mark.parametrize("text", ["[security\n", "[a]\nb = $__file{/none}\n"])
def test_a_broken_grafana_ini_stops_the_start(tmp_path: Path, text: str) -> None:
    ini = tmp_path / "grafana.ini"
    ini.write_text(text)

    with pytest.raises(Refusal, match=str(ini)):
        load("grafana", "grafana_standin.ini_file").as_variables({"GF_PATHS_CONFIG": str(ini)})


def test_variables_in_files(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("  secret \n")
    value = {"a": ["$HOST", "${HOST}", "$__env{HOST}", "$$HOST", f"$__file{{{tmp_path / 's'}}}", "$NONE."]}

    assert expansion.expand(value, {"HOST": "h"}, "f") == {"a": ["h", "h", "h", "$HOST", "secret", "."]}
    with pytest.raises(Refusal, match=r"f/a: .*cannot be read"):
        expansion.expand({"a": "$__file{/none}"}, {}, "f")


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("datasources/b.yaml", "datasources: [{name: Metrics, type: loki}]", "'Metrics' stands twice"),
        ("datasources/b.yaml", "datasources: [{name: X, type: loki, isDefault: true}]", "marked as default"),
        ("datasources/b.yaml", "datasources: [{name: X}]", "type is missing"),
        ("datasources/b.yaml", "datasources: [{name: X", "not YAML"),
        ("dashboards/b.yaml", "providers: [{name: a, options: {path: /none}}]", "/none does not exist"),
        ("boards/b.json", "{", "not a dashboard"),
        ("boards/b.json", '{"uid": "home", "title": "H"}', "dashboard uid 'home' stands twice"),
        ("boards/b.json", '{"uid": "b"}', "title cannot be empty"),
        ("alerting/a.yaml", "group: []", "unknown key 'group'"),
        (
            "alerting/a.yaml",
            "groups: [{name: g, folder: f, interval: 1m, rules: [{uid: u, title: t, condition: B, data: [{refId: A}]}]}]",
            "condition: 'B' is none of A",
        ),
    ],
)
def test_a_wrong_file_stops_the_start(tmp_path: Path, file: str, text: str, words: str) -> None:
    provision(tmp_path)
    (tmp_path / file).write_text(text)

    with pytest.raises(Refusal) as caught:
        provisioning.load(tmp_path, {})
    assert words in str(caught.value)


def test_references_to_unknown_data_sources_are_found(tmp_path: Path) -> None:
    board = {
        "uid": "b",
        "title": "B",
        "panels": [{"datasource": {"uid": u}} for u in ("metrics", "gone", "$picked")],
    }
    (provision(tmp_path) / "boards" / "b.json").write_text(json.dumps(board))

    assert provisioning.load(tmp_path, {}).unknown_data_sources() == ["b: data source gone"]
