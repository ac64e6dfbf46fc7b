"""Looks up the records of a name: RFC 1034 section 4.3.2 over a few zones, with wildcards and CNAMEs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FOUND, NO_SUCH_NAME = 0, 3  # response codes
LONGEST_CHAIN = 8

Zones = Mapping[str, Sequence[Mapping[str, Any]]]
"""By domain: records with type, name ("@", "*" and relative to the domain), data, ttl."""


@dataclass(frozen=True)
class Answer:
    name: str
    type: str
    ttl: int
    data: str


def lookup(zones: Zones, name: str, type: str) -> tuple[int, list[Answer]]:
    """Response code and answers. A name in no zone does not exist, since the box has no other zones."""
    answers: list[Answer] = []
    code = NO_SUCH_NAME
    for _ in range(LONGEST_CHAIN):
        found = _records(zones, name)
        if found is None:
            # The end of a chain that leaves these zones: the chain itself is an answer.
            return (FOUND if answers and _zone_of(zones, name) is None else NO_SUCH_NAME), answers
        code = FOUND
        wanted = [one for one in found if one["type"] == type]
        aliases = [one for one in found if one["type"] == "CNAME"]
        if wanted or not aliases:
            return code, [*answers, *(Answer(name, type, one["ttl"], one["data"]) for one in wanted)]
        alias = aliases[0]
        target = _full(alias["data"], str(alias["zone"]))
        answers.append(Answer(name, "CNAME", alias["ttl"], target))
        name = target
    return code, answers


def address(zones: Zones, name: str) -> str | None:
    """The first IPv4 address of a name."""
    return next((one.data for one in lookup(zones, name, "A")[1] if one.type == "A"), None)


def names(zones: Zones) -> Iterator[str]:
    """All names with a record, wildcards (`*.example.test`) included."""
    yield from dict.fromkeys(name for domain in zones for name in _by_name(zones, domain))


def _records(zones: Zones, name: str) -> list[dict[str, Any]] | None:
    """The records of a name, by itself or by wildcard; None where the name does not exist."""
    domain = _zone_of(zones, name)
    if domain is None:
        return None
    by_name = _by_name(zones, domain)
    if name in by_name:
        return by_name[name]
    labels, depth = name.split("."), len(domain.split("."))
    for cut in range(len(labels) - depth + 1):
        encloser = ".".join(labels[cut:])
        if _exists(by_name, encloser):
            return [] if cut == 0 else by_name.get(f"*.{encloser}")
    return by_name.get(f"*.{domain}")


def _exists(by_name: Mapping[str, Any], name: str) -> bool:
    """Whether a name has records, or lies between the domain and one that has."""
    return any(one == name or one.endswith(f".{name}") for one in by_name)


def _by_name(zones: Zones, domain: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for record in zones[domain]:
        found.setdefault(_relative(record["name"], domain), []).append({**record, "zone": domain})
    return found


def _zone_of(zones: Zones, name: str) -> str | None:
    """The longest domain that a name is in."""
    inside = [domain for domain in zones if name == domain or name.endswith(f".{domain}")]
    return max(inside, key=len, default=None)


def _relative(name: str, domain: str) -> str:
    return domain if name == "@" else f"{name}.{domain}".lower()


def _full(data: str, domain: str) -> str:
    """What a CNAME points to: the API keeps full names, without the dot at the end."""
    return domain if data == "@" else data.removesuffix(".").lower()
