"""What the real Traefik compresses and what browsers may keep, with what is rendered for it and what web's server was seen to answer.

Where Traefik is looked for: tests/programs.py. The answers: tests/recorded/adapter-node-1.0.0-next.86.answers.yaml.
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from functools import cache
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from layers.ingress.traefik import PLUGIN
from tests.loopback_ingress import PUBLIC, Answer, Ingress, QuietHandler, on_loopback
from tests.policy.rules import services
from tests.stacks.synthesis import ALL

TESTS = Path(__file__).parents[1]
RECORD = YAML(typ="safe").load((TESTS / "recorded/adapter-node-1.0.0-next.86.answers.yaml").read_text())
HASHED, GONE, VERSION, ICON, PAGE = (answer["path"] for answer in RECORD["answers"])

BROWSER = "gzip, deflate, br, zstd"
"""The Accept-Encoding of Chromium and Firefox."""
FILES = 20
"""Hashed files of one page."""
PAUSE_S = 1.0

SMALL = b'{"a": 1}'
TEXTS = (
    "application/graphql-response+json; charset=utf-8", "application/javascript", "application/json; charset=utf-8",
    "application/manifest+json", "image/svg+xml", "text/css", "text/csv", "text/html;charset=utf-8", "text/javascript", "text/plain; charset=utf-8",
)  # fmt: skip
NOT_TEXTS = (
    "application/octet-stream",
    "application/zip",
    "font/woff2",
    "image/png",
    "image/x-icon",
    "video/mp4",
)


@cache
def source() -> bytes:
    """Text that a program reads, 300 kB of it: the size of what a page of the application loads is not known."""
    files = sorted((TESTS.parent / "ops").rglob("*.py"))
    return b"".join(file.read_bytes() for file in files)[:300_000]


class WebPage(QuietHandler):
    """Answers as recorded; below ``/type/`` in the type that the address names, and ``/events`` in two parts."""

    def do_GET(self) -> None:  # noqa: N802
        if self.headers.get("Upgrade"):
            self.upgrades()
        elif self.path == "/events":
            self._events()
        elif self.path.startswith("/type/"):
            self._sends(200, {"Content-Type": self.path.removeprefix("/type/").replace("%20", " ")}, source())
        elif self.path == "/small":
            self._sends(200, {"Content-Type": "application/json"}, SMALL)
        else:
            self._recorded()

    def _recorded(self) -> None:
        answer = next((each for each in RECORD["answers"] if each["path"] == self.path), RECORD["answers"][0])
        if self.headers.get("If-None-Match") == answer["headers"].get("ETag", ""):
            return self._sends(RECORD["not-modified"]["status"], RECORD["not-modified"]["headers"], b"")
        if self.headers.get("Range"):
            return self._sends(RECORD["partial"]["status"], RECORD["partial"]["headers"], source()[:5000])
        content = bytes(2000) if self.path == ICON else source()[: len(source()) // FILES]
        return self._sends(answer["status"], answer["headers"], content)

    def _sends(self, status: int, headers: dict[str, Any], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _events(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for event in (b"data: 1\n\n", b"data: 2\n\n"):
            self.wfile.write(event)
            self.wfile.flush()
            time.sleep(PAUSE_S)
        self.close_connection = True


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingress]:
    with on_loopback(tmp_path_factory.mktemp("ingress"), asks=False, page=WebPage) as running:
        yield running


def ask(started: Ingress, path: str, *, encodings: str = BROWSER, **headers: Any) -> Answer:
    """As a browser asks."""
    return started.ask(PUBLIC, path, Accept_Encoding=encodings, **headers)


def may_be_kept(answer: Answer) -> bool:
    """Whether a browser may use it again without asking (RFC 9111, 4.2; RFC 8246)."""
    words = {word.strip() for word in answer.headers.get("cache-control", "").split(",")}
    return "immutable" in words and "public" in words


# -- what is compressed --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", TEXTS)
def test_text_is_compressed(started: Ingress, kind: str) -> None:
    answer = ask(started, f"/type/{kind.replace(' ', '%20')}")
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(answer.content) == source()
    assert len(answer.content) < len(source()) / 3
    assert answer.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("kind", NOT_TEXTS)
def test_what_gains_nothing_goes_through_as_it_is(started: Ingress, kind: str) -> None:
    """With its length, by which browsers show how far a download is, and resume it."""
    answer = ask(started, f"/type/{kind}")
    assert "content-encoding" not in answer.headers
    assert answer.headers["content-length"] == str(len(source()))
    assert answer.content == source()


@pytest.mark.parametrize("path", ["/small", ICON])
def test_neither_is_what_is_small_or_of_no_type(started: Ingress, path: str) -> None:
    assert "content-encoding" not in ask(started, path).headers


def test_who_accepts_no_compression_gets_none(started: Ingress) -> None:
    answer = ask(started, HASHED, encodings="identity")
    assert "content-encoding" not in answer.headers
    assert answer.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("encodings", [BROWSER, "br", "zstd", "gzip;q=0.5, br;q=1.0, zstd;q=0.9"])
def test_a_part_of_a_file_is_that_part(started: Ingress, encodings: str) -> None:
    """Traefik's writers of brotli and zstd compress the bytes of a 206, so that Content-Range is wrong."""
    answer = ask(started, HASHED, encodings=encodings, Range="bytes=0-4999")
    assert answer.status == 206
    assert "content-encoding" not in answer.headers
    assert answer.content == source()[:5000]


def test_an_event_arrives_when_it_is_sent(started: Ingress) -> None:
    """Its answer ends 2 s later."""
    connection = HTTPConnection("127.0.0.1", started.port, timeout=10)
    try:
        began = time.monotonic()
        connection.request("GET", "/events", headers={"Host": PUBLIC, "Accept-Encoding": BROWSER})
        response = connection.getresponse()
        assert response.getheader("Content-Encoding") is None
        assert response.readline() == b"data: 1\n"
        assert time.monotonic() - began < 0.8 * PAUSE_S
    finally:
        connection.close()


def test_a_websocket_goes_through(started: Ingress) -> None:
    assert started.echo(PUBLIC, b"1234") == b"4321"


# -- what browsers may keep ----------------------------------------------------------------------------------


def test_hashed_files_may_be_kept_for_good(started: Ingress) -> None:
    answer = ask(started, HASHED)
    assert answer.status == 200
    assert answer.headers["cache-control"] == "public,max-age=31536000,immutable"


@pytest.mark.parametrize("path", [GONE, VERSION, ICON, PAGE])
def test_nothing_else_may(started: Ingress, path: str) -> None:
    """An error that is kept for a year is one for a year; an answer with a cookie belongs to one person."""
    answer = ask(started, path)
    assert answer.status == (404 if path == GONE else 200)
    assert "cache-control" not in answer.headers
    assert bool(answer.cookies) is (path in (GONE, PAGE))


def test_an_answer_of_traefik_itself_may_not_be_kept(started: Ingress) -> None:
    answers = [started.ask("unknown.example.org", HASHED)]
    assert [answer.status for answer in answers] == [404]
    assert not any(may_be_kept(answer) for answer in answers)


@pytest.mark.parametrize("environment", ALL)
def test_no_environment_lets_traefik_say_what_may_be_kept(environment: str) -> None:
    """It would say so of errors, too: its headers do not ask for the status. Pages know best, admin pages above all."""
    said = [f"{key}={value}" for each in services(environment) for key, value in each.labels.items()]
    for service in services(environment):
        if service.name == "traefik":
            said += [file.text for file in service.files if not file.at.startswith(PLUGIN)]
    assert not [text for text in said if "cache-control" in text.lower()]


def test_what_both_save(started: Ingress) -> None:
    """One page of hashed files, opened twice: with what browsers are offered, and without it."""
    plain = [opened(started, number, encodings="identity") for number in range(FILES)]
    small = [opened(started, number, encodings=BROWSER) for number in range(FILES)]
    asked_again = [each for each in small if not may_be_kept(each)]
    # A browser that may not keep them asks whether they are still the same.
    unchanged = [
        opened(started, number, encodings=BROWSER, If_None_Match=each.headers["etag"])
        for number, each in enumerate(small)
    ]
    assert {each.status for each in plain + small} == {200}
    assert {each.status for each in unchanged} == {304}
    sizes = [sum(len(each.content) for each in answers) for answers in (plain, small)]
    times = [sum(each.seconds for each in answers) for answers in (plain, small, unchanged)]
    print(
        f"{FILES} files: {sizes[0]} bytes plain, {sizes[1]} compressed ({sizes[1] / sizes[0]:.2f}); "
        f"{times[0] * 1000:.0f} ms and {times[1] * 1000:.0f} ms ({times[1] / times[0]:.2f}); opened again: "
        f"{len(unchanged)} requests and {times[2] * 1000:.0f} ms, or {len(asked_again)} where they are kept"
    )
    assert sizes[1] < sizes[0] / 2
    assert not asked_again


def opened(started: Ingress, number: int, **headers: Any) -> Answer:
    """A hashed file, asked for from an address that has not reached its rate limit."""
    path, encodings = f"{HASHED}?{number}", headers.pop("encodings")
    return started.ask(PUBLIC, path, source="127.0.2.1", Accept_Encoding=encodings, **headers)
