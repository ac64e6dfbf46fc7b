"""Checks names, paths, ports and texts before the engine would refuse them."""

from __future__ import annotations

import re
from typing import TypeVar

from ._cdktf import Construct
from .errors import ConstructError
from .secret_value import secret_names_in

Key = TypeVar("Key")
Value = TypeVar("Value")

NAME_LIMIT = 63
"""Characters in the name of a service or network: swarm accepts what fits into a DNS label."""

SUFFIX_LIMIT = 7
"""Characters that a service's own networks add to its name (``-egress``)."""

FILE_NAME_LIMIT = 55
"""Characters in the name of a config or secret: swarm accepts 64, a dash and eight of the hash are added."""

_DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_FILE_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")


def dns_label(where: Construct, kind: str, text: str, *, longest: int = NAME_LIMIT) -> str:
    """Checks a name: swarm accepts it and every resolver finds it."""
    if len(text) > longest or not _DNS_LABEL.fullmatch(text):
        raise ConstructError(
            where,
            f"{kind} {text!r} is not a name on a swarm",
            fix=f"use at most {longest} lower case letters, digits and inner dashes",
        )
    return text


def service_name(where: Construct, text: str) -> str:
    """Checks a name: it leaves room for what the service's own networks add to it."""
    return dns_label(where, "service name", text, longest=NAME_LIMIT - SUFFIX_LIMIT)


def file_name(where: Construct, kind: str, text: str) -> str:
    """Checks the name of a config or secret: it leaves room for the hash."""
    if len(text) > FILE_NAME_LIMIT or not _FILE_NAME.fullmatch(text):
        raise ConstructError(
            where,
            f"{kind} name {text!r} is not allowed",
            fix=f"use at most {FILE_NAME_LIMIT} letters, digits and inner dots, dashes or underscores",
        )
    return text


def tcp_port(where: Construct, number: int) -> int:
    """Checks a TCP port."""
    if not 1 <= number <= 65535:
        raise ConstructError(where, f"port {number} is out of range", fix="use 1 to 65535")
    return number


def absolute(where: Construct, path: str) -> None:
    """Checks that a path is absolute."""
    if not path.startswith("/"):
        raise ConstructError(where, f"path {path!r} is not absolute", fix="start it with /")


def no_secrets(where: Construct, place: str, *texts: str) -> None:
    """Refuses secret values in text that anyone who may inspect a service can read."""
    found = list(dict.fromkeys(name for text in texts for name in secret_names_in(text)))
    if found:
        raise ConstructError(
            where,
            f"{place} would show secret value {', '.join(found)} to anyone who may inspect the service",
            fix="read it from a file",
        )


def set_once(where: Construct, settled: dict[Key, Value], key: Key, value: Value, *, what: str) -> None:
    """Sets a value, and refuses a second one that differs."""
    if settled.get(key, value) != value:
        raise ConstructError(
            where, f"{what} is {settled[key]!r} and {value!r}", fix="set it in one place only"
        )
    settled[key] = value
