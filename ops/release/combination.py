"""The stack that a rollback applies: what an old release asked for, without what cannot go back.

What cannot go back is what ``make down`` keeps, for the same reason (docs/decisions/0022-releases.md): generated
secrets, which running stores know, and volumes with data. Where the state is and how the engine is reached are
not part of a release either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ops.errors import Obstacle, Refused
from ops.model.inventory import Resource, from_synthesis
from ops.model.noun import noun_of
from ops.model.services import TYPE as SERVICE
from ops.model.services import services_of
from ops.model.store_versions import RECORD
from ops.paths import STATE

Document = Mapping[str, Any]

STAYING = ("docker_volume", "random_", "tls_")
"""Types, or their beginnings, that stay as they are now."""
_TAKEN_ALONG = ("docker_config", "docker_secret", RECORD)
"""Types that one service brings with it: its files, and the version of its data, which must be seen to be refused."""

_ADDRESS = re.compile(r"\b([a-z][a-z0-9]*_[a-z0-9_]+\.[A-Za-z0-9_-]+)")
_LOCAL = re.compile(r"\blocal\.([A-Za-z0-9_-]+)")


def whole(current: Document, wanted: Document) -> dict[str, Any]:
    """All services as ``wanted`` has them, on what stays of ``current``.

    Where both have a record of a store's version, the wanted one counts, so that a way back is seen and refused; records
    of stores that ``wanted`` does not have stay, since their data does. Backend and providers are those of now: the state
    is where it is, and an older provider does not read what a newer one wrote.
    """
    old, now = wanted.get("resource", {}), current.get("resource", {})
    resources = {type_: dict(group) for type_, group in old.items()}
    for type_ in {**old, **now}:
        if _stays(type_):
            # Secrets that only the wanted release has are generated again; see the runbook.
            resources[type_] = {**old.get(type_, {}), **now.get(type_, {})}
    if records := {**now.get(RECORD, {}), **old.get(RECORD, {})}:
        resources[RECORD] = records
    present = {name: current[name] for name in ("terraform", "provider") if name in current}
    return _with_variables({**wanted, **present, "resource": resources}, current, wanted)


def one_service(current: Document, wanted: Document, name: str, *, number: int) -> dict[str, Any]:
    """``current`` with one service, and the files it reads, as ``wanted`` has them.

    Args:
        number: of the wanted release, for people.

    Raises:
        Refused: one of the two has no such service, or it needs what the current release does not have.
    """
    address = _address_of(wanted, name)
    if address is None or _address_of(current, name) != address:
        where = "the current release" if address else f"release {number}"
        names = ", ".join(sorted(service.name for service in services_of(from_synthesis(wanted))))
        raise Refused(
            f"{name} cannot go back alone; nothing was changed",
            [
                Obstacle(
                    what=f"{where} has no service {name}",
                    fix=f"use one of {names}; or go back with all services: leave out --service",
                )
            ],
        )
    taken = {address, *_reached(wanted, address)}
    refused = [
        *_lacking(current, wanted, taken, number),
        *_shared(current, wanted, taken, address),
    ]
    if refused:
        raise Refused(f"{name} cannot go back alone; nothing was changed", refused)
    resources = {type_: dict(group) for type_, group in current["resource"].items()}
    texts = dict(current.get("locals", {}))
    for each in taken:
        type_, _, key = each.partition(".")
        if each == address or type_ in _TAKEN_ALONG:
            block = wanted["resource"][type_][key]
            resources.setdefault(type_, {})[key] = block
            texts |= {local: wanted["locals"][local] for local in _LOCAL.findall(_text(block))}
    document = {**current, "resource": resources, **({"locals": texts} if texts else {})}
    return _with_variables(document, current, wanted)


def with_state_here(document: Document) -> dict[str, Any]:
    """The same with the state in this clone's folder, if it is a file: another clone's path means nothing here."""
    terraform = dict(document.get("terraform", {}))
    local = terraform.get("backend", {}).get("local")
    if local:
        path = STATE / "state" / Path(str(local["path"])).name
        terraform["backend"] = {"local": {**local, "path": str(path)}}
    return {**document, "terraform": terraform}


def _with_variables(document: Document, current: Document, wanted: Document) -> dict[str, Any]:
    """With the declarations of all variables that it uses, and no others: each would have to be given a value."""
    declared = {**wanted.get("variable", {}), **current.get("variable", {})}
    rest = {name: value for name, value in document.items() if name != "variable"}
    used = set(re.findall(r"\bvar\.([A-Za-z0-9_-]+)", _text(rest)))
    kept = {name: value for name, value in declared.items() if name in used}
    return {**rest, "variable": kept} if kept else rest


def _stays(type_: str) -> bool:
    return type_.startswith(STAYING)


def _address_of(document: Document, name: str) -> str | None:
    services = services_of(from_synthesis(document))
    return next((service.address for service in services if service.name == name), None)


def _reached(document: Document, address: str) -> Iterator[str]:
    """Addresses that a resource refers to, and what the files among them refer to."""
    resources = from_synthesis(document).resources
    left, seen = [address], {address}
    while left:
        resource = resources[left.pop()]
        for found in sorted(_references(document, resource) & resources.keys() - seen):
            seen.add(found)
            yield found
            if found.startswith(_TAKEN_ALONG):
                left.append(found)


def _references(document: Document, resource: Resource) -> set[str]:
    text = _text(resource.values)
    locals_ = "".join(str(document.get("locals", {}).get(name, "")) for name in _LOCAL.findall(text))
    return set(_ADDRESS.findall(text + locals_))


def _lacking(current: Document, wanted: Document, taken: set[str], number: int) -> Iterator[Obstacle]:
    there = from_synthesis(current).resources
    old = from_synthesis(wanted).resources
    for address in sorted(taken):
        if address not in there and not address.startswith(_TAKEN_ALONG):
            resource = old[address]
            yield Obstacle(
                what=f"it needs {noun_of(resource.type)} {resource.name} of release {number}, which is not there any more",
                fix="go back with all services: leave out --service",
            )


def _shared(current: Document, wanted: Document, taken: set[str], address: str) -> Iterator[Obstacle]:
    """Files that would change under another service, too."""
    now, old = from_synthesis(current), from_synthesis(wanted)
    others = [each for each in now.resources.values() if each.type == SERVICE and each.address != address]
    for each in sorted(taken):
        if not each.startswith(("docker_config.", "docker_secret.")) or each not in now.resources:
            continue
        readers = sorted(o.name for o in others if each in _references(current, o))
        if readers and now.resources[each].values != old.resources[each].values:
            yield Obstacle(
                what=f"{old.resources[each].name}, which it reads, is read by {', '.join(readers)} too",
                fix="go back with all services: leave out --service",
            )


def _text(values: Any) -> str:
    if isinstance(values, Mapping):
        return "\n".join(_text(value) for name, value in values.items() if name != "//")
    if isinstance(values, list):
        return "\n".join(map(_text, values))
    return str(values)
