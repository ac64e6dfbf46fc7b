"""The one stand-in: its descriptions, what it finds in files, and each kind of dependency on loopback."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from images.builder.paths import DESCRIPTIONS
from images.standin import forward
from images.standin.accounts import Accounts
from images.standin.connections import reason, target, use
from images.standin.dependencies import Dependencies
from images.standin.description import KINDS, Description, Role, Values, parse
from images.standin.http_server import Request, Response
from images.standin.log import Refusal
from layers.platform import migration
from tests.unit.standin_code import ask, serving

WHOLE = "image: x\nprograms: [/bin/x]\nroles: [{ports: [1]}]\n"


def described(roles: str) -> Description:
    return parse(f"image: x\nprograms: [/bin/x]\nroles:\n{roles}", "x.yaml")


class TestDescription:
    @pytest.mark.parametrize("path", sorted(DESCRIPTIONS.glob("*.yaml")), ids=lambda path: path.stem)
    def test_each_of_ours_is_whole(self, path: Path) -> None:
        description = parse(path.read_text(), path.name)
        assert description.image == path.stem
        assert any(role.does == "serve" for role in description.roles)

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            (WHOLE + "usr: 1\n", "x.yaml/usr: unknown key; allowed: image, programs, user, "),
            ("image: x\nroles: [{}]\n", "x.yaml/programs: is missing; add it"),
            ("image: x\nprograms: [/bin/x]\n", "x.yaml: roles: is empty; describe at least one way"),
            (
                WHOLE.replace("ports", "port"),
                "x.yaml: roles/0/port: unknown key; allowed: when, does, files, ",
            ),
            (
                WHOLE.replace("ports: [1]", "does: sing"),
                "x.yaml: roles/0/does: 'sing'; allowed: serve, probe, try",
            ),
            (
                WHOLE.replace("ports: [1]", "files: {a: {at: /a, form: xml}}"),
                "x.yaml: roles/0/files/a/form: 'xml'; allowed: text, json, ",
            ),
            (
                WHOLE.replace("ports: [1]", "dependencies: {db: {kind: mysql}}"),
                "x.yaml: roles/0/dependencies/db/kind: 'mysql'; allowed: postgres, redis, ",
            ),
            (
                WHOLE.replace("ports: [1]", "dependencies: {db: {kind: tcp, port: 1}}"),
                "x.yaml: roles/0/dependencies/db/port: tcp has no such key; allowed: at",
            ),
            ("- 1\n", "x.yaml: is list; a mapping is needed"),
            ("a: [", "x.yaml: is not YAML: "),
        ],
    )
    def test_what_is_wrong_is_named_with_its_place(self, text: str, words: str) -> None:
        with pytest.raises(Refusal) as refused:
            parse(text, "x.yaml")
        assert str(refused.value).startswith(words)

    def test_what_the_migration_starts_has_a_role(self) -> None:
        (started,) = re.findall(r"^(node .*?) &$", (migration.HERE / "migrate.sh").read_text(), re.M)
        core = parse((DESCRIPTIONS / "core.yaml").read_text(), "core.yaml")
        assert core.role(started.split()).does == "try"

    def test_the_first_role_that_the_command_line_fits(self) -> None:
        description = described("  - {when: x -health, does: probe}\n  - {when: x, ports: [1]}\n")
        assert description.role(["x", "-health"]).does == "probe"
        assert description.role(["x", "-healthy"]).does == "serve"
        assert description.role(["x"]).does == "serve"
        with pytest.raises(
            Refusal, match=r"^command 'y': the stand-in for x knows x -health, x; use one of them$"
        ):
            description.role(["y"])


def values(tmp_path: Path, file: str, content: str | None, *args: str) -> Values:
    (tmp_path / "etc").mkdir(exist_ok=True)
    if content is not None:
        (tmp_path / "etc/x").write_text(content)
    return Values(described(f"  - files: {{f: {file}}}\n").roles[0], args, root=str(tmp_path))


class TestFiles:
    def test_references_to_files_keys_and_options(self, tmp_path: Path) -> None:
        found = values(tmp_path, "{at: /etc/x, form: json}", '{"a": {"b": [1, true]}}', "x", "-listen=/s")
        assert found.text("${f:a.b.0}-${f:a.b.-1}-${args:listen}-${args:other}") == "1-True-/s-"

    @pytest.mark.parametrize(
        ("form", "content", "key", "value"),
        [
            ("text", " word\n", None, "word"),
            ("yaml", "a: {b: 1}", "a.b", "1"),
            ("ini", "[s]\nk = v%\n", "s.k", "v%"),
            ("env", "# c\nA='b c'\n", "A", "b c"),
        ],
    )
    def test_each_form(self, tmp_path: Path, form: str, content: str, key: str | None, value: str) -> None:
        found = values(tmp_path, f"{{at: /etc/x, form: {form}}}", content)
        assert found.text(f"${{f:{key}}}" if key else "${f}") == value

    @pytest.mark.parametrize(
        ("file", "content", "words"),
        [
            (
                "/etc/x",
                None,
                "/etc/x: No such file or directory; mount it so that the program's user can read it",
            ),
            ("/etc/x", "\n", "/etc/x: is empty; the program needs what belongs there"),
            ("{at: /etc/x, form: json}", "{", "/etc/x: is not json: "),
            (
                "{at: /etc/x, form: json, keys: [a.b]}",
                '{"a": {}}',
                "/etc/x: a.b: is missing; the program needs it",
            ),
        ],
    )
    def test_what_is_missing_is_named(
        self, tmp_path: Path, file: str, content: str | None, words: str
    ) -> None:
        with pytest.raises(Refusal) as refused:
            values(tmp_path, file, content)
        assert str(refused.value).startswith(words)

    def test_a_file_that_the_user_may_not_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def denied(path: Path) -> str:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "read_text", denied)
        with pytest.raises(Refusal, match=r"^/etc/x: Permission denied; mount it so that"):
            Values(described("  - files: {f: /etc/x}\n").roles[0])


@contextmanager
def listening(answer: bytes = b"") -> Iterator[str]:
    """A port of loopback where each connection gets this and is closed."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(4096)
                    connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


def closed() -> str:
    """An address of loopback where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


class TestConnections:
    """Those without a driver of Debian's; Postgres, Redis, RabbitMQ and S3 are tried against the real servers, live."""

    def test_http_with_the_right_and_a_wrong_password(self) -> None:
        def guarded(request: Request) -> Response:
            return Response(204 if request.credentials == ("app", "right") else 401, b"no")

        with serving(guarded) as address:
            told = {"url": f"http://{address}/write", "user": "app", "password": "right"}
            assert use("http", told) == ""
            assert use("http", {**told, "password": "wrong"}) == "answers 401: no"

    def test_http_with_a_token(self) -> None:
        with serving(lambda r: Response(204 if r.header("Authorization") == "Token t" else 401)) as address:
            assert use("http", {"url": f"http://{address}/", "token": "t", "method": "POST"}) == ""
            assert use("http", {"url": f"http://{address}/", "token": "u"}).startswith("answers 401")

    def test_http_follows_redirects(self) -> None:
        def moved(request: Request) -> Response:
            if request.path == "/new":
                return Response.text(503, "core is away")
            return Response(308, headers=[("Location", "/new")])

        with serving(moved) as address:
            assert use("http", {"url": f"http://{address}/old"}) == "answers 503: core is away"

    @pytest.mark.parametrize("kind", ["http", "tcp", "docker"])
    def test_nobody_there(self, kind: str) -> None:
        key = {"http": "url", "tcp": "at", "docker": "at"}[kind]
        scheme = {"http": "http://", "tcp": "", "docker": "tcp://"}[kind]
        assert "Connection refused" in use(kind, {key: f"{scheme}{closed()}"})

    def test_tcp_and_docker(self) -> None:
        with listening() as address:
            assert use("tcp", {"at": address}) == ""
        with serving(lambda r: Response.text(200 if r.path == "/_ping" else 403, "OK")) as address:
            assert use("docker", {"at": f"tcp://{address}"}) == ""
        with serving(lambda r: Response.text(403, "no")) as address:
            assert use("docker", {"at": f"tcp://{address}"}) == "/_ping answers 403: no"
        assert "No such file" in use("docker", {"at": "unix:///nowhere.sock"})

    def test_no_reason_and_no_target_shows_a_secret(self) -> None:
        told = {"url": "amqp://user:hush-hush@rabbitmq:5672?heartbeat=60", "password": "other-hush"}
        assert reason(OSError("hush-hush and other-hush"), told) == "*** and ***"
        assert target("amqp", told) == "amqp://rabbitmq:5672"

    @pytest.mark.parametrize("kind", KINDS)
    def test_each_kind_has_a_target_that_smoke_can_read(self, kind: str) -> None:
        told: Mapping[str, str] = {
            "at": "host:1", "url": "http://host:1/x", "host": "host", "port": "1", "endpoint": "host:1",
        }  # fmt: skip
        assert "host" in target(kind, {key: told[key] for key in KINDS[kind] if key in told})


class TestDependencies:
    def test_red_with_the_reason_until_it_works_again(self) -> None:
        status = 500
        with serving(lambda request: Response.text(status, "down")) as address:
            watched = Dependencies({"api": {"kind": "http", "url": f"http://{address}/"}})
            assert watched.report()["api"]["error"] == "not tried yet"
            assert list(watched.try_once()) == [("api", f"http://{address}/: answers 500: down")]
            watched.watch()
            self.until(lambda: watched.states["api"].error == "answers 500: down")
            assert not watched.work and not watched.have_worked
            status = 200
            self.until(lambda: watched.work)
            watched._set("api", "down again")
            assert not watched.work and watched.have_worked

    def until(self, check: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 10
        while not check():
            assert time.monotonic() < deadline
            time.sleep(0.05)


class TestAccounts:
    """What the keeper of InfluxDB asks, and who may write afterwards."""

    @pytest.fixture
    def influxdb(self, tmp_path: Path) -> Iterator[str]:
        accounts = Accounts("admin-token", tmp_path / "accounts.json")
        with serving(lambda request: accounts.answer(request) or Response.text(404, "")) as address:
            yield address

    def call(
        self, address: str, method: str, path: str, body: object = None, token: str = "admin-token"
    ) -> object:
        reply = ask(
            address, path, method=method, headers={"Authorization": f"Token {token}"},
            body=json.dumps(body) if body else None,
        )  # fmt: skip
        assert reply.status < 400, reply.status
        return json.loads(reply.body) if reply.body else None

    def test_only_an_account_whose_password_was_set_may_write(self, influxdb: str) -> None:
        def write(password: str) -> int:
            import base64

            pair = base64.b64encode(f"telegraf:{password}".encode()).decode()
            return ask(
                influxdb,
                "/write?db=x",
                method="POST",
                headers={"Authorization": f"Basic {pair}"},
                body="m v=1",
            ).status

        assert write("p") == 401
        made = self.call(influxdb, "POST", "/private/legacy/authorizations", {"token": "telegraf"})
        assert isinstance(made, dict)
        self.call(
            influxdb, "POST", f"/private/legacy/authorizations/{made['id']}/password", {"password": "p"}
        )
        assert (write("p"), write("q")) == (204, 401)

    def test_the_api_needs_the_token(self, influxdb: str) -> None:
        reply = ask(influxdb, "/api/v2/orgs?org=x", headers={"Authorization": "Token wrong"})
        assert reply.status == 401

    def test_accounts_outlive_the_process(self, tmp_path: Path) -> None:
        file = tmp_path / "accounts.json"
        with serving(
            lambda request: Accounts("t", file).answer(request) or Response.text(404, "")
        ) as address:
            self.call(address, "POST", "/private/legacy/authorizations/00/password", {"password": "p"}, "t")
        assert json.loads(file.read_text()).keys() == {"00"}
        assert '"p"' not in file.read_text()


class TestForward:
    def test_passes_reading_requests_to_the_engine_and_no_others(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        engine, way_in = tmp_path / "engine.sock", tmp_path / "in.sock"
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(engine))
            server.listen()
            heads: list[bytes] = []

            def serve() -> None:
                connection, _ = server.accept()
                with connection:
                    heads.append(connection.recv(4096))
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")

            threading.Thread(target=serve, daemon=True).start()
            monkeypatch.setattr(forward, "SOCKET", str(engine))
            forward.serve(str(way_in), 0)
            assert self.ask(way_in, b"POST /containers/x/kill HTTP/1.1\r\nHost: x\r\n\r\n").startswith(
                b"HTTP/1.1 403"
            )
            answer = self.ask(way_in, b"GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n")
            assert answer.endswith(b"OK")
            assert heads == [b"GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"]

    def ask(self, path: Path, head: bytes) -> bytes:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(5)
            client.connect(str(path))
            client.sendall(head)
            found = b""
            while part := client.recv(4096):
                found += part
            return found


def test_a_role_without_a_health_page_is_asked_at_the_usual_one() -> None:
    assert Role().health == "/healthz"
