"""The real Redis, from one declaration to the next: who signs in afterwards, and what they may do.

The one on the path is used where there is one; else see tests/programs.py. Accounts are lines of its configuration, a secret that it cannot
write; no account is in its data.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from layers.data.redis import ADMINISTRATOR, CONF
from tests.programs import program
from tests.stacks.synthesis import declared, text_at

START_S = 30


@contextmanager
def running(folder: Path, conf: str) -> Iterator[Path]:
    """A server on the data that the last one left, and the command that asks it as the administrator."""
    server = Path(shutil.which("redis-server") or program("redis", "redis-server"))
    (folder / "data").mkdir(exist_ok=True)
    (folder / "redis.conf").write_text(conf.replace("dir /data", f"dir {folder}/data"))
    words = [str(server), str(folder / "redis.conf"), "--port", "0", "--unixsocket", str(folder / "socket")]
    with (folder / "printed").open("ab") as printed:
        process = subprocess.Popen(words, stdout=printed, stderr=printed)
    password = re.findall(rf"^user {ADMINISTRATOR} on >(\S+)", conf, re.MULTILINE)[0]
    asks = folder / "asks"
    client = f"REDISCLI_AUTH='{password}' exec redis-cli --no-auth-warning --user {ADMINISTRATOR} -s {folder}/socket"
    asks.write_text(f'#!/bin/sh\n{client} "$@"\n')
    asks.chmod(0o700)
    try:
        deadline = time.monotonic() + START_S
        while ask(asks, "PING") != "PONG":
            assert process.poll() is None and time.monotonic() < deadline, (folder / "printed").read_text()
            time.sleep(0.1)
        yield asks
    finally:
        process.terminate()
        process.wait(30)


def rights(asks: Path) -> set[frozenset[str]]:
    """Each account's line in words: of a category's commands, each start has another order."""
    return {frozenset(line.split()) for line in ask(asks, "ACL", "LIST").splitlines()}


def ask(asks: Path, *words: str) -> str:
    run = subprocess.run([str(asks), *words], capture_output=True, text=True, timeout=30, check=False)
    return run.stdout.strip()


def test_an_account_has_exactly_what_is_declared_after_a_start(tmp_path: Path) -> None:
    now = text_at(declared("local"), "redis", CONF)
    before = now.replace("~celery-task-meta-*", "~*") + "user gone on >trial ~* &* +@all\n"
    assert before.count("~*") == now.count("~*") + 2
    with running(tmp_path, before) as asks:
        assert "gone" in ask(asks, "ACL", "USERS")
        # By hand, as only the administrator may.
        ask(asks, "ACL", "SETUSER", "by-hand", "on", ">trial", "+@all", "~*")
        ask(asks, "ACL", "SETUSER", "default", "+@all", ">trial")
        assert ask(asks, "SET", "kept", "1") == "OK"

    with running(tmp_path, now) as asks:
        users = re.findall(r"^user (\S+) ", now, re.MULTILINE)
        assert sorted(ask(asks, "ACL", "USERS").split()) == sorted(users)
        left = rights(asks)
        (tmp_path / "fresh").mkdir()
        assert ask(asks, "GET", "kept") == "1", "the data is the same"
    with running(tmp_path / "fresh", now) as asks:
        assert rights(asks) == left, "of the earlier declaration nothing is left"
