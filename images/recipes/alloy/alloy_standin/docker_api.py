"""Reading a Docker API over TCP or a unix socket: running containers and their logs."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from standin.http_client import UnixConnection

READ_SECONDS = 330.0
"""A followed log may be silent; after this long the connection is made anew, from the last line on."""


class DockerError(Exception):
    """The Docker API refused or did not answer; the message says which call."""


class Docker:
    """One Docker API, at `tcp://host:port`, `http://host:port` or `unix:///path`."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("tcp", "http", "unix"):
            raise DockerError(f"{address}: tcp://, http:// or unix:// is allowed")
        self._address = address
        self._parts = parts

    def containers(self) -> list[dict[str, Any]]:
        """The running containers."""
        found = self._json("/containers/json")
        return found if isinstance(found, list) else []

    def has_terminal(self, ident: str) -> bool:
        """Whether the container's output is raw, without frames."""
        return bool(self._json(f"/containers/{quote(ident)}/json").get("Config", {}).get("Tty"))

    def follow(self, ident: str, since: str, *, raw: bool) -> Iterator[str]:
        """Lines as they come, each with its timestamp first.

        Ends when the container does or the log is silent.
        """
        query = {"stdout": 1, "stderr": 1, "follow": 1, "timestamps": 1, "since": since}
        connection = self._open(READ_SECONDS)
        try:
            answer = self._answer(connection, f"/containers/{quote(ident)}/logs?{urlencode(query)}")
            yield from _lines(_raw(answer) if raw else _frames(answer))
        except (OSError, http.client.HTTPException) as error:
            if not isinstance(error, TimeoutError):
                raise DockerError(f"{self._address}: logs of {ident[:12]}: {error}") from error
        finally:
            connection.close()

    def _json(self, path: str) -> Any:
        connection = self._open(10)
        try:
            return json.loads(self._answer(connection, path).read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise DockerError(f"{self._address}: {path}: {error}") from error
        finally:
            connection.close()

    def _answer(self, connection: http.client.HTTPConnection, path: str) -> http.client.HTTPResponse:
        connection.request("GET", path, headers={"Host": "docker"})
        answer = connection.getresponse()
        if answer.status != 200:
            text = answer.read(200).decode(errors="replace").strip()
            raise DockerError(f"{self._address}: {path.partition('?')[0]}: {answer.status} {text}")
        return answer

    def _open(self, timeout: float) -> http.client.HTTPConnection:
        if self._parts.scheme == "unix":
            return UnixConnection(self._parts.path, timeout)
        return http.client.HTTPConnection(
            self._parts.hostname or "", self._parts.port or 2375, timeout=timeout
        )


def _frames(answer: http.client.HTTPResponse) -> Iterator[tuple[int, bytes]]:
    """(stream, content) of each frame: 1 is standard output, 2 standard error."""
    while len(head := _exactly(answer, 8)) == 8:
        yield head[0], _exactly(answer, int.from_bytes(head[4:], "big"))


def _raw(answer: http.client.HTTPResponse) -> Iterator[tuple[int, bytes]]:
    while chunk := answer.read1(65536):
        yield 1, chunk


def _exactly(answer: http.client.HTTPResponse, size: int) -> bytes:
    data = b""
    while len(data) < size and (chunk := answer.read(size - len(data))):
        data += chunk
    return data


def _lines(chunks: Iterator[tuple[int, bytes]]) -> Iterator[str]:
    rest: dict[int, bytes] = {}
    for stream, chunk in chunks:
        *whole, rest[stream] = (rest.get(stream, b"") + chunk).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace").rstrip("\r")
    for line in rest.values():
        if line:
            yield line.decode(errors="replace").rstrip("\r")
