"""The InfluxDB stand-in's line protocol, Flux and first start."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.standin_code import load

Store = load("influxdb", "influx_standin.store").Store
first_start = load("influxdb", "influx_standin.first_start")
lines = load("stand-in", "standin.line_protocol")
flux = load("influxdb", "influx_standin.flux")
Problem = load("influxdb", "influx_standin.problem").Problem
Refusal = load("stand-in", "standin.log").Refusal

HOUR = 'from(bucket: "metrics") |> range(start: -1h)'


def test_line_protocol() -> None:
    text = r'a\ b,t\,1=x\=y i=1i,f=2,s="q \"=, z",b=true 5' + "\n# comment\n"
    points = lines.parse(text, "s", 0)

    assert {p.measurement for p in points} == {"a b"}
    assert {p.tags for p in points} == {(("t,1", "x=y"),)}
    assert {p.field: p.value for p in points} == {"i": 1, "f": 2.0, "s": 'q "=, z', "b": True}
    assert {p.time for p in points} == {5_000_000_000}


@pytest.mark.parametrize("text", ["m", "m v=", "m v=abc", "m v=1 now", 'm v="open', "m,t v=1"])
def test_broken_lines_are_refused(text: str) -> None:
    with pytest.raises(lines.LineError, match="unable to parse"):
        lines.parse(text, "ns", 0)


@pytest.mark.parametrize(
    "source",
    [
        'from(bucket: "a")',
        f"{HOUR} |> map(fn: (r) => r)",
        f"{HOUR} |> filter(fn: (r) => r.v > 1)",
        'import "x"',
        "",
    ],
)
def test_flux_that_is_not_known_is_refused(source: str) -> None:
    with pytest.raises(Problem) as caught:
        flux.parse(source)

    assert caught.value.code == "invalid"


INIT = {f"DOCKER_INFLUXDB_INIT_{k}": v for k, v in {"MODE": "setup", "ORG": "o", "BUCKET": "b"}.items()}


def test_user_password_and_token_may_come_from_files(tmp_path: Path) -> None:
    environment = dict(INIT)
    for name in ("USERNAME", "PASSWORD", "ADMIN_TOKEN"):
        (tmp_path / name).write_text(f"{name.lower()}-value\n")
        environment[f"DOCKER_INFLUXDB_INIT_{name}_FILE"] = str(tmp_path / name)

    values = first_start.init_settings(environment)
    assert values["PASSWORD"] == "password-value"
    assert values["ADMIN_TOKEN"] == "admin_token-value"


def test_missing_settings_are_named_all_together(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="INIT_USERNAME, DOCKER_INFLUXDB_INIT_PASSWORD"):
        first_start.init_settings(INIT | {"DOCKER_INFLUXDB_INIT_ORG_FILE": str(tmp_path)})


def test_a_first_start_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    store = Store(tmp_path / "db.sqlite")
    values = {"USERNAME": "a", "PASSWORD": "short", "ORG": "o", "BUCKET": "b", "ADMIN_TOKEN": "t"}

    with pytest.raises(Refusal, match="between 8 and 72"):
        first_start.first_start(store, values, tmp_path / "configs")
    assert list(tmp_path.iterdir()) == []
