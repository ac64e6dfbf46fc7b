"""Start of `influxd`: give up root, set up an empty directory once, serve."""

from __future__ import annotations

import os
import pwd
import sys
import threading
import time
from pathlib import Path

from standin.http_server import listen
from standin.log import Refusal, announce, log, refuse
from standin.stop import exit_on_signals

from influx_standin.first_start import first_start, init_settings
from influx_standin.points import forget_old
from influx_standin.server import InfluxServer
from influx_standin.store import Store

IMAGE = "influxdb:2.9.1"
DATA = Path("/var/lib/influxdb2")
CONFIG = Path("/etc/influxdb2")
USER = "influxdb"
RETENTION_SECONDS = 1800
"""How often old points are deleted (the real server's default)."""


def main() -> None:
    """Run until SIGTERM.

    Arguments of the real `influxd` are not known here, except the word `influxd` or `run`.
    """
    exit_on_signals()
    announce(IMAGE, "HTTP subset on SQLite with the real permissions")
    try:
        _only_known(sys.argv[1:])
        _give_up_root([DATA, CONFIG])
        server = listen(_port(os.environ.get("INFLUXD_HTTP_BIND_ADDRESS", ":8086")), InfluxServer(_open()))
    except Refusal as error:
        refuse(str(error))
    log("info", f"listening on :{server.port}")
    server.serve_forever()


def _open() -> Store:
    path = DATA / "standin.sqlite"
    settings = None if path.exists() else init_settings(os.environ)
    try:
        store = Store(path)
    except Exception as error:
        raise Refusal(f"{path}: cannot be opened: {error}") from error
    if settings is not None:
        first_start(store, settings, CONFIG / "influx-configs")
        log("info", "first start: user, organization, bucket and operator token made")
    elif store.is_set_up():
        log("info", f"{path} was set up before; the init variables change nothing any more")
    threading.Thread(target=_retain, args=(store,), daemon=True).start()
    return store


def _retain(store: Store) -> None:
    while True:
        time.sleep(RETENTION_SECONDS)
        log("info", f"retention: {forget_old(store)} points deleted")


def _only_known(arguments: list[str]) -> None:
    for argument in arguments:
        if argument not in ("influxd", "run"):
            raise Refusal(f"argument {argument!r} is not known to this stand-in; use INFLUXD_* variables")


def _port(address: str) -> int:
    host, _, port = address.rpartition(":")
    if host not in ("", "0.0.0.0", "[::]") or not port.isdigit():
        raise Refusal(f"INFLUXD_HTTP_BIND_ADDRESS: {address!r}: `:<port>` is allowed")
    return int(port)


def _give_up_root(folders: list[Path]) -> None:
    """As root: give the folders to user influxdb (uid 1000) and become that user."""
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    if os.getuid() == 0:
        account = pwd.getpwnam(USER)
        for folder in folders:
            for path in (folder, *folder.rglob("*")):
                if path.stat().st_uid != account.pw_uid:
                    os.chown(path, account.pw_uid, account.pw_gid)
        os.setgroups([])
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)
        DATA.chmod(0o700)
    for folder in folders:
        if not os.access(folder, os.W_OK):
            raise Refusal(f"{folder}: not writable for uid {os.getuid()}; start as root or chown it")
