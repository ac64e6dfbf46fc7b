"""What the doctor could not ask is counted and named, in text and for programs, and never shown as fine."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from ops.cli import app
from ops.doctor import text
from tests.unit.ops_doctor import Engine, diagnosis, well

PROBE = ("web", "/bin/sh -c # shellcheck shell")
CONNECTIONS = "connections from inside tasks"


@pytest.fixture
def engine(boundaries: object, monkeypatch: pytest.MonkeyPatch) -> Engine:
    return well(monkeypatch)


def no_shell(engine: Engine) -> None:
    said = 'OCI runtime exec failed: exec failed: unable to start container process: exec: "/bin/sh": stat /bin/sh: no such file or directory: unknown\r\n'
    engine.answers[PROBE] = (127, said)


def no_exec(engine: Engine) -> None:
    engine.answers[PROBE] = (126, "409 Client Error: Conflict (container is not running)")


def nothing_resolves(engine: Engine) -> None:
    engine.answers[PROBE] = (0, "redis 6379 unknown unknown\n")


def nothing_connects(engine: Engine) -> None:
    engine.answers[PROBE] = (0, "redis 6379 resolved unknown\n")


def no_port(engine: Engine) -> None:
    engine.answers[PROBE] = (0, "redis 0 resolved unknown\n")
    engine.answers["redis", "cat /proc/net/tcp"] = (127, "")


def cut_off(engine: Engine) -> None:
    engine.answers[PROBE] = (0, "")


def other_node(engine: Engine) -> None:
    engine.elsewhere = ("web",)


def replaced(engine: Engine) -> None:
    engine.replaced = ("web",)


@pytest.mark.parametrize(
    ("seed", "why"),
    [
        (no_shell, "no shell in the image"),
        (no_exec, "the command inside its task ended with 126: 409 Client Error: Conflict (container is not running)"),
        (nothing_resolves, "no program in the image that resolves names"),
        (nothing_connects, "no program in the image that connects"),
        (no_port, "nothing says which port of redis it uses"),
        (cut_off, "no program in the image that resolves names"),
        (other_node, "the engine of its node does not answer"),
        (replaced, "its task was replaced meanwhile"),
    ],
)  # fmt: skip
def test_connections_that_were_not_asked_are_counted(
    seed: Callable[[Engine], None], why: str, engine: Engine
) -> None:
    seed(engine)
    found = diagnosis()
    assert found.findings == ()
    said = f"{CONNECTIONS}: 1 of 1: web: {why}"
    assert said in found.unasked
    assert said in found.as_data()["unasked"]
    shown = text.render(found)
    assert f"  ? not asked: {said}\n" in shown
    headline = shown.splitlines()[0]
    assert headline.endswith("; not everything could be asked")
    assert f"{CONNECTIONS} (0 of 1)" in headline


def test_of_several_services_each_has_its_number(engine: Engine) -> None:
    """Two services without a shell, one of them with two connections, and one that was asked."""
    from tests.unit.ops_fixtures import network, service, stack

    document = stack()
    resources = document["resource"]
    resources["docker_service"]["db"] = service("data/db", name="db", networks=("db_net",))
    resources["docker_network"]["db_net"] = network("data/db/network", name="db-net")
    for name, networks in (("core", ("redis_net", "db_net")), ("bot", ("redis_net",))):
        resources["docker_service"][name] = service(f"platform/{name}", name=name, networks=networks)
    for name in ("db", "core", "bot"):
        engine.runs(name)
        engine.answers[name, "/bin/sh -c # shellcheck shell"] = (
            126,
            'exec: "/bin/sh": no such file or directory',
        )
    engine.answers["db", "cat /proc/net/tcp"] = engine.answers["redis", "cat /proc/net/tcp"]
    (said,) = diagnosis(document=document).unasked
    assert said == f"{CONNECTIONS}: 3 of 4: bot, core (2): no shell in the image"


def test_disks_without_df_are_not_asked(engine: Engine) -> None:
    engine.answers["", "df"] = (127, 'exec: "df": executable file not found in $PATH')
    found = diagnosis()
    assert found.findings == ()
    assert found.unasked == (
        "disks: 2 of 2: node prod-app-1, redis: no task there that has df and can be asked",
    )


def test_dependencies_that_nobody_can_ask_for_are_not_asked(engine: Engine) -> None:
    engine.answers["web", "/bin/sh -c command -v curl"] = (126, "no such file or directory")
    found = diagnosis()
    assert found.unasked == (
        "dependencies that services report: 1 of 1: web: nothing inside its task that asks over HTTP",
    )


def test_programs_get_it_too_and_it_is_no_finding(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    no_shell(engine)
    found = diagnosis()
    monkeypatch.setattr("ops.doctor.run.diagnosis_of", lambda *given, **more: found)
    monkeypatch.setattr("ops.terraform.target.targets_of", lambda env: None)
    monkeypatch.setattr("sys.argv", ["ops", "doctor", "--json"])
    with pytest.raises(SystemExit) as raised:
        app.main()
    assert not raised.value.code
    assert json.loads(capsys.readouterr().out)["unasked"] == [
        f"{CONNECTIONS}: 1 of 1: web: no shell in the image"
    ]
