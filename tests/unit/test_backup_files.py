"""Stores whose files are copied: the rendered scripts, run by a real shell on real files."""

from __future__ import annotations

import base64
import json
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.stacks.synthesis import declared, text_at

SCRIPT = "/etc/sprocket/backup.sh"
SHELLS = [
    "dash",
    pytest.param(
        "busybox",
        marks=pytest.mark.skipif(
            not shutil.which("busybox"), reason="no busybox, the pinned images' shell, is here"
        ),
    ),
]


class Place:
    """A folder with a store's data, and one with a copy."""

    def __init__(self, folder: Path, store: str, data: str, shell: str = "dash") -> None:
        self.data = folder / "data"
        self.copy = folder / "copy"
        self.data.mkdir()
        self.copy.mkdir()
        text = text_at(declared("local"), f"{store}-backup", SCRIPT)
        text = text.replace("/tmp/", f"{folder}/").replace(f"data={data}\n", f"data={self.data}\n")
        self.script = folder / "backup.sh"
        self.script.write_text(text)
        self.shell = ["busybox", "ash"] if shell == "busybox" else ["sh"]

    def run(self, verb: str) -> subprocess.CompletedProcess[str]:
        words = [*self.shell, str(self.script), verb, str(self.copy)]
        return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)

    def expect(self, verb: str) -> str:
        done = self.run(verb)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def manifest(self) -> str:
        return (self.copy / "manifest").read_text()

    @property
    def replaced(self) -> list[Path]:
        return sorted(self.data.glob("replaced-*"))


# -- Grafana ------------------------------------------------------------------------------------------------

ACCOUNTS = 500
"""Each begins with 100; what is taken from one is given to another, so that the sum stays."""


def opened(path: Path) -> sqlite3.Connection:
    """As Grafana opens it: with a write-ahead log. Checkpoints come often here, every 20 pages."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA wal_autocheckpoint = 20")
    connection.execute("PRAGMA synchronous = OFF")
    return connection


@contextmanager
def written_to(path: Path) -> Iterator[None]:
    """Two clients that move amounts between accounts, some hundred times a second with short pauses."""
    end = threading.Event()

    def move(step: int) -> None:
        with closing(opened(path)) as connection:
            turn = step
            while not end.wait(0.02 if turn % 30 == 0 else 0.0005):
                turn += 1
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(
                    "UPDATE account SET amount = amount - 1 WHERE id = ?", (turn * step % ACCOUNTS,)
                )
                connection.execute(
                    "UPDATE account SET amount = amount + 1 WHERE id = ?", (turn * 13 % ACCOUNTS,)
                )
                connection.execute("COMMIT")

    threads = [threading.Thread(target=move, args=(step,)) for step in (7, 11)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        end.set()
        for thread in threads:
            thread.join()


def filled(path: Path) -> sqlite3.Connection:
    connection = opened(path)
    connection.execute("CREATE TABLE account (id INTEGER PRIMARY KEY, amount INTEGER, filler TEXT)")
    rows = [(each, "x" * 300) for each in range(ACCOUNTS)]
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO account VALUES (?, 100, ?)", rows)
    connection.execute("COMMIT")
    return connection


def is_whole(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("SELECT sum(amount), count(*) FROM account").fetchone() == (
            100 * ACCOUNTS,
            ACCOUNTS,
        )


@pytest.mark.parametrize("shell", SHELLS)
def test_a_copy_of_a_database_that_is_written_to_is_of_one_moment(tmp_path: Path, shell: str) -> None:
    place = Place(tmp_path, "grafana", "/var/lib/grafana", shell)
    path = place.data / "grafana.db"
    with closing(filled(path)), written_to(path):
        for _ in range(3):
            place.expect("copy")
            assert place.expect("verify") == place.manifest
            tried = tmp_path / "tried"
            shutil.copytree(place.copy, tried)
            is_whole(tried / "grafana.db")
            shutil.rmtree(tried)


@pytest.mark.parametrize("shell", SHELLS)
def test_grafanas_database_comes_back_and_what_it_replaces_is_kept(tmp_path: Path, shell: str) -> None:
    place = Place(tmp_path, "grafana", "/var/lib/grafana", shell)
    path = place.data / "grafana.db"
    with closing(filled(path)) as connection:
        connection.execute("CREATE TABLE marker AS SELECT 7 AS v")
        place.expect("copy")
        assert (place.copy / "grafana.db-wal").exists(), "a server has it open"
    with closing(opened(path)) as connection:
        connection.execute("DROP TABLE marker")
        connection.execute("CREATE TABLE newer AS SELECT 8 AS v")
        shutil.copy(f"{path}-shm", tmp_path / "stale")
    shutil.copy(tmp_path / "stale", f"{path}-shm")
    place.expect("load")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT v FROM marker").fetchone() == (7,)
    is_whole(path)
    (kept,) = place.replaced
    with closing(sqlite3.connect(kept / "grafana.db")) as connection:
        assert connection.execute("SELECT v FROM newer").fetchone() == (8,)
    place.expect("copy")
    assert place.replaced == []


def test_an_interrupted_load_is_finished_by_the_next_one(tmp_path: Path) -> None:
    place = Place(tmp_path, "grafana", "/var/lib/grafana")
    path = place.data / "grafana.db"
    with closing(filled(path)):
        place.expect("copy")
    whole = place.script.read_text()
    breaks = [
        line for line in whole.partition("load() {")[2].partition("\n}")[0].splitlines() if "$data" in line
    ]
    assert len(breaks) > 6
    for line in breaks:
        place.script.write_text(whole.replace(line, f"kill -KILL $$\n{line}"))
        assert place.run("load").returncode == -9, line
        kept = [*place.replaced, place.data]
        assert any((each / "grafana.db").exists() for each in kept), "the old one is somewhere, whole"
    place.script.write_text(whole)
    place.expect("load")
    is_whole(path)
    assert not {each.name for each in place.data.iterdir()} & {"restoring", "replacing"}


def test_a_copy_is_not_read_back_below_a_server_or_when_it_is_damaged(tmp_path: Path) -> None:
    place = Place(tmp_path, "grafana", "/var/lib/grafana")
    with closing(filled(place.data / "grafana.db")):
        place.expect("copy")
    with subprocess.Popen(
        ["flock", str(place.data), "sh", "-c", "echo; read -r _"], stdin=-1, stdout=-1
    ) as server:
        assert server.stdout and server.stdin
        server.stdout.readline()
        refused = place.run("load")
        server.stdin.close()
    assert refused.returncode == 1
    assert refused.stderr == f"error: a server has {place.data} open; stop it, then load again\n"
    with (place.copy / "grafana.db").open("r+b") as file:
        file.seek(5000)
        file.write(b"?")
    refused = place.run("load")
    assert refused.returncode == 1
    assert refused.stderr == "error: the copy is not what its manifest says; nothing was replaced\n"
    is_whole(place.data / "grafana.db")


def test_a_grafana_that_never_ran_has_nothing_to_copy_and_a_lost_database_is_no_such(tmp_path: Path) -> None:
    place = Place(tmp_path, "grafana", "/var/lib/grafana")
    place.expect("copy")
    assert place.manifest.startswith("files 0 ")
    (place.data / "plugins").mkdir()
    done = place.run("copy")
    assert (done.returncode, done.stderr) == (1, f"error: {place.data} has no grafana.db, and other files\n")


# -- Let's Encrypt --------------------------------------------------------------------------------------------


def pem(kind: str) -> str:
    return base64.b64encode(f"-----BEGIN {kind}-----\nAAAA\n-----END {kind}-----\n".encode()).decode()


def issued(*domains: str) -> str:
    certificates = [
        {
            "domain": {"main": domain, "sans": [f"*.{domain}"]},
            "certificate": pem("CERTIFICATE"),
            "key": pem("EC PRIVATE KEY"),
            "Store": "default",
        }
        for domain in domains
    ]
    account = {
        "Email": "a@example.org",
        "Registration": {"body": {}},
        "PrivateKey": "AAAA",
        "KeyType": "P256",
    }
    return json.dumps({"acme": {"Account": account, "Certificates": certificates}}, indent=2)


@pytest.mark.parametrize("shell", SHELLS)
def test_certificates_come_back(tmp_path: Path, shell: str) -> None:
    place = Place(tmp_path, "letsencrypt", "/letsencrypt", shell)
    path = place.data / "acme.json"
    path.write_text(issued("a.example", "b.example"))
    path.chmod(0o600)
    place.expect("copy")
    assert [line.split()[:2] for line in place.manifest.splitlines()[1:]] == [
        ["acme.json", str(path.stat().st_size)],
        ["certificate:a.example", "1"],
        ["certificate:b.example", "1"],
    ]
    assert place.expect("verify") == place.manifest
    path.write_text("")
    place.expect("load")
    assert path.read_text() == issued("a.example", "b.example")
    assert path.stat().st_mode & 0o777 == 0o600, "Traefik refuses a file that others may read"
    assert (place.copy / "acme.json").stat().st_mode & 0o077 == 0
    (kept,) = place.replaced
    assert (kept / "acme.json").read_text() == ""


@pytest.mark.parametrize("shell", SHELLS)
def test_a_file_that_traefik_is_writing_is_waited_for(tmp_path: Path, shell: str) -> None:
    place = Place(tmp_path, "letsencrypt", "/letsencrypt", shell)
    path = place.data / "acme.json"
    text = issued("a.example")
    path.write_text(text[:300])
    later = threading.Timer(1.5, lambda: path.write_text(text))
    later.start()
    place.expect("copy")
    later.join()
    assert (place.copy / "acme.json").read_text() == text


def test_a_damaged_key_is_named(tmp_path: Path) -> None:
    place = Place(tmp_path, "letsencrypt", "/letsencrypt")
    (place.data / "acme.json").write_text(issued("a.example").replace(pem("EC PRIVATE KEY"), "QUFBQQ=="))
    done = place.run("copy")
    assert (done.returncode, done.stderr) == (1, "error: key of a.example in acme.json is damaged\n")


def test_nothing_issued_yet_is_nothing_to_copy(tmp_path: Path) -> None:
    place = Place(tmp_path, "letsencrypt", "/letsencrypt")
    (place.data / "acme.json").touch()
    place.expect("copy")
    assert place.manifest.startswith("files 0 ")
