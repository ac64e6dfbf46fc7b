"""The first start on an empty directory, as the real image's entry point does it."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path

from standin.http_server import HttpServer
from standin.log import Refusal, log

from influx_standin.duration import seconds
from influx_standin.problem import Problem
from influx_standin.server import InfluxServer
from influx_standin.setup import set_up
from influx_standin.store import Store

PREFIX = "DOCKER_INFLUXDB_INIT_"
WITH_FILE = ("USERNAME", "PASSWORD", "ADMIN_TOKEN")
"""Only these three may be given as a file, by the same name with _FILE."""

SCRIPTS = Path("/docker-entrypoint-initdb.d")
SETUP_PORT = 9999
"""While scripts run, the server listens here on loopback only."""


def init_settings(environment: Mapping[str, str]) -> dict[str, str] | None:
    """The settings of the first start, without prefix; None when none was asked for."""
    mode = environment.get(f"{PREFIX}MODE", "")
    if not mode:
        return None
    if mode != "setup":
        raise Refusal(f"{PREFIX}MODE: {mode!r}: setup is allowed (upgrade is not known to this stand-in)")
    values = {key[len(PREFIX) :]: value for key, value in environment.items() if key.startswith(PREFIX)}
    for name in WITH_FILE:
        path = values.get(f"{name}_FILE", "")
        if path and Path(path).exists():
            values[name] = Path(path).read_text().rstrip("\n")
        elif path:
            log("warn", f"{PREFIX}{name}_FILE defined, but {path} does not exist, skipping")
    missing = [
        f"{PREFIX}{name}" for name in ("USERNAME", "PASSWORD", "ORG", "BUCKET") if not values.get(name)
    ]
    if missing:
        raise Refusal(
            f"missing parameters, cannot init InfluxDB: {', '.join(missing)} (user and password also as _FILE)"
        )
    if not values.get("ADMIN_TOKEN"):
        log("warn", f"{PREFIX}ADMIN_TOKEN is empty: a random operator token is made, as the real image does")
    return values


def first_start(store: Store, values: dict[str, str], configs: Path) -> None:
    """Set up, write the influx command's configuration, run the mounted scripts.

    Leave nothing behind on an error.
    """
    try:
        made = _set_up(store, values)
        token = str(made["auth"]["token"])
        _write_configs(configs, values, token)
        _run_scripts(store, values, made)
    except (Refusal, Problem) as error:
        for path in store.path.parent.glob(f"{store.path.name}*"):
            path.unlink()
        configs.unlink(missing_ok=True)
        raise Refusal(f"first start failed, the data directory is empty again: {error}") from error


def _set_up(store: Store, values: dict[str, str]) -> dict[str, dict[str, str]]:
    try:
        retention = int(seconds(values.get("RETENTION", "")))
    except ValueError as error:
        raise Refusal(f"{PREFIX}RETENTION: {error}") from error
    return set_up(
        store,
        {
            "username": values["USERNAME"],
            "password": values["PASSWORD"],
            "org": values["ORG"],
            "bucket": values["BUCKET"],
            "retentionPeriodSeconds": retention,
            "token": values.get("ADMIN_TOKEN", ""),
        },
    )


def _write_configs(configs: Path, values: dict[str, str], token: str) -> None:
    name = values.get("CLI_CONFIG_NAME") or "default"
    text = f'[{name}]\n  url = "http://localhost:8086"\n  token = "{token}"\n  org = "{values["ORG"]}"\n  active = true\n'
    configs.touch(mode=0o600)
    configs.write_text(text)


def _run_scripts(store: Store, values: dict[str, str], made: dict[str, dict[str, str]]) -> None:
    found = SCRIPTS.glob("*.sh") if SCRIPTS.is_dir() else []
    scripts = sorted(p for p in found if p.is_file() and os.access(p, os.X_OK))
    if not scripts:
        return
    server = HttpServer(("127.0.0.1", SETUP_PORT), InfluxServer(store))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ids = {f"{PREFIX}{kind.upper()}_ID": made[kind]["id"] for kind in ("user", "org", "bucket")}
    plain = {f"{PREFIX}{name}": value for name, value in values.items()}
    environment = {**os.environ, **plain, **ids, "INFLUX_HOST": f"http://localhost:{SETUP_PORT}"}
    try:
        for script in scripts:
            log("info", f"running {script}")
            code = subprocess.run([str(script)], env=environment, check=False).returncode
            if code != 0:
                raise Refusal(f"{script} ended with {code}")
    except OSError as error:
        raise Refusal(
            f"{error.filename}: {error.strerror}; a first line such as #!/bin/bash is needed"
        ) from error
    finally:
        server.shutdown()
        server.server_close()
