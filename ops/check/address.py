"""Addresses in what a service is given: files, command, variable, health check."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from ipaddress import ip_address

from ops.model.decoding import Value
from ops.model.file import MountedFile
from ops.model.service import Service

DEFAULT_PORTS = {"http": 80, "https": 443, "amqp": 5672, "amqps": 5671, "redis": 6379, "postgres": 5432}
"""Of URLs that name none."""

HOST_KEYS = {"host", "hostname", "endpoint", "endPoint", "server"}
"""Keys whose value is a host, with the port beside it under ``port`` or in the value."""

SPOKEN = {
    **dict.fromkeys(("redis/host", "cache/host"), "redis"),
    **dict.fromkeys(("db/host", "knex/host", "PGHOST"), "postgres"),
    **dict.fromkeys(("minio/endPoint", "minio/endpoint", "minio/hostname"), "s3"),
}
"""What programs speak to the host at a key: the name of the server's port for it, as in ``listens``."""

SPOKEN_IN_URLS = {"amqp", "redis"}
"""Schemes that are the names of such ports."""

BARE_HOSTS = {"ACME_TARGET"}
"""Variables whose value is the name of a service, without a port."""

_URL = re.compile(
    r"\b(?P<scheme>[a-z][a-z0-9+.-]*)://(?:[^\s/@\"'`]*@)?(?P<host>[A-Za-z0-9._-]*)(?::(?P<port>\d+))?"
)
_PAIR = re.compile(r"(?P<before>^|[=,\s\"'])(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*):(?P<port>\d{2,5})(?![\w.:-])")
_LIBPQ = re.compile(r"\bhost=(?P<host>\S+).*?\bport=(?P<port>\d+)")
_ALLOWED = re.compile(r"-allowfrom=(?P<hosts>[^\s]+)")
_DEVICE = re.compile(r"/dev/tcp/(?P<host>[^/\s]+)/(?P<port>\d+)")
_CONNECT = re.compile(r"connect\((?P<port>\d+),'(?P<host>[^']+)'\)")
_LISTENS = re.compile(r"(?:^|//|[\s\"'=]):(?P<port>\d{2,5})(?![\w:])")


@dataclass(frozen=True, kw_only=True)
class Address:
    """A host and a port that something names.

    Args:
        place: where in the service: a file and its key, or its command, variable or health check.
        speaks: the name that the server's port for it has; empty where many would do (HTTP).
        certain: whether this can be nothing but an address. In free text ``word:80`` may be anything; it counts as
            an address only where a service has that name.
    """

    place: str
    host: str
    port: int | None
    speaks: str = ""
    certain: bool = True

    @property
    def is_own(self) -> bool:
        """The task itself: loopback, or where it listens."""
        return self.host in ("", "localhost", "0.0.0.0", "::") or self.host.startswith("127.")

    @property
    def is_ip(self) -> bool:
        """A number and no name."""
        try:
            ip_address(self.host)
        except ValueError:
            return False
        return True

    def __str__(self) -> str:
        return self.host if self.port is None else f"{self.host}:{self.port}"


def addresses_of(service: Service) -> list[Address]:
    """Every address that a service is given."""
    found = [address for file in service.files for address in _in_file(file)]
    found += _in_texts((f"variable {name}", value) for name, value in service.environment.items())
    found += [
        Address(place=f"variable {name}", host=value, port=None)
        for name, value in service.environment.items()
        if name in BARE_HOSTS
    ]
    found += _in_texts(("command", word) for word in service.words)
    found += _in_texts(("health check", word) for word in service.health_check.test)
    return found


def _in_texts(texts: Iterable[tuple[str, str]]) -> list[Address]:
    return [address for place, text in texts for address in _in_text(place, text)]


def _in_file(file: MountedFile) -> Iterator[Address]:
    for address in _in_content(file.at, file.text):
        yield replace(address, place=f"{file.at}: {address.place}")


@cache
def _in_content(at: str, text: str) -> tuple[Address, ...]:
    """With keys for places. Kept, because the same file has many readers."""
    file = MountedFile(at=at, text=text)
    found: list[Address] = []
    hosts = [value for value in file.values if _names_host(value)]
    for value in file.values:
        if isinstance(value.value, str) and value not in hosts:
            found += _in_text(value.key, value.value)
    for value in hosts:
        found += [
            replace(each, speaks=SPOKEN.get(value.key, each.speaks)) for each in _beside_port(value, file)
        ]
    return tuple(found)


def _names_host(value: Value) -> bool:
    if not isinstance(value.value, str):
        return False
    last = value.last
    return last in HOST_KEYS or last.endswith("_HOST") or last == "PGHOST"


def _beside_port(value: Value, file: MountedFile) -> list[Address]:
    """A host under its own key; the port may be in the value, or in the key next to it."""
    text = str(value.value)
    found = _in_text(value.key, text)
    if found or not re.fullmatch(r"[A-Za-z0-9._-]+", text):
        return found
    port = file.get(_port_key(value))
    number = int(port) if isinstance(port, int) or (isinstance(port, str) and port.isdigit()) else None
    return [Address(place=value.key, host=text, port=number)]


def _port_key(value: Value) -> str:
    if value.last.endswith("HOST"):
        return value.key.removesuffix("HOST") + "PORT"
    return f"{value.parent}/port" if value.parent else "port"


def _in_text(place: str, text: str) -> list[Address]:
    found = [
        Address(
            place=place,
            host=match["host"],
            port=_port(match),
            speaks=match["scheme"] if match["scheme"] in SPOKEN_IN_URLS else "",
        )
        for match in _URL.finditer(text)
        if match["scheme"] != "unix"
    ]
    rest = _URL.sub(" ", text)
    for pattern in (_LIBPQ, _DEVICE, _CONNECT):
        found += [Address(place=place, host=m["host"], port=int(m["port"])) for m in pattern.finditer(rest)]
        rest = pattern.sub(" ", rest)
    for match in _ALLOWED.finditer(rest):
        found += [
            Address(place=place, host=host, port=None)
            for host in match["hosts"].split(",")
            if re.fullmatch(r"[a-z][a-z0-9-]*", host)
        ]
    found += [_pair(place, match, whole=rest.strip()) for match in _PAIR.finditer(rest)]
    if (not found and place.endswith(("address", "--console-address"))) or text.startswith(":"):
        found += [Address(place=place, host="", port=int(m["port"])) for m in _LISTENS.finditer(text)]
    return found


def _pair(place: str, match: re.Match[str], *, whole: str) -> Address:
    """``host:port`` alone, or as the value of an option, is an address for certain."""
    host = match["host"]
    certain = match["before"] == "=" or whole == f"{host}:{match['port']}" or host[0].isdigit()
    return Address(place=place, host=host, port=int(match["port"]), certain=certain)


def _port(match: re.Match[str]) -> int | None:
    if match["port"]:
        return int(match["port"])
    return DEFAULT_PORTS.get(match["scheme"])
