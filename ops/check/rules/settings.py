"""Each program of the application finds what it looks for, in the form that it understands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ops.check.application import PROGRAMS, Kind, Program
from ops.check.finding import Finding
from ops.check.platform import Platform
from ops.model.decoding import Scalar
from ops.model.file import MountedFile
from ops.model.service import Service

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_URL = re.compile(r"[a-z]+://[^\s]+")
_DURATION = re.compile(r"\d+(s|m|h|d)")

_IS: dict[Kind, tuple[Callable[[Scalar], bool], str]] = {
    "text": (lambda v: isinstance(v, str) and bool(v), "a text"),
    "number": (
        lambda v: isinstance(v, int) and not isinstance(v, bool),
        "a number; in quotes it would be text, and equal no number",
    ),
    "flag": (lambda v: isinstance(v, bool), "true or false; any text would count as true"),
    "host": (
        lambda v: isinstance(v, str) and bool(_HOST.fullmatch(v)),
        "a host without scheme and port, which the program adds itself",
    ),
    "host:port": (
        lambda v: isinstance(v, str) and bool(re.fullmatch(r"[a-z0-9.-]+:\d+", v)),
        "host:port; the program reads no other port",
    ),
    "url": (lambda v: isinstance(v, str) and bool(_URL.fullmatch(v)), "a URL with its scheme"),
    "duration": (
        lambda v: isinstance(v, str) and bool(_DURATION.fullmatch(v)),
        "a time with its unit, such as 6h; a bare number would be milliseconds",
    ),
}


def files_can_be_parsed(platform: Platform) -> Iterator[Finding]:
    """JSON is JSON, YAML is YAML."""
    for service in platform.services:
        for file in service.files:
            if file.problem:
                yield Finding(
                    path=f"{service.path}: {file.at}",
                    what=file.problem,
                    cause=f"{service.name} would not start",
                    fix="render the data with layers.rendering instead of pasting text",
                )


def settings_are_complete(platform: Platform) -> Iterator[Finding]:
    """Every value is there and of the right kind."""
    for service, program in _programs(platform):
        file = service.file(program.settings)
        if file is None:
            yield _missing(service, program.settings, "the whole file", service.name)
            continue
        for key, kind in program.keys.items():
            yield from _value(service, file, key, kind)


def secret_files_are_there(platform: Platform) -> Iterator[Finding]:
    """The file that a program looks for, with the value that belongs into it."""
    for service, program in _programs(platform):
        for at, name in program.secrets.items():
            file = service.file(at)
            if file is None:
                yield _missing(service, at, f"the file with {name}", service.name)
                continue
            own = {name, f"{service.instance}-{name}"}
            if file.text.strip() and not (len(file.secrets) == 1 and file.secrets[0] in own):
                yield Finding(
                    path=f"{service.path}: {at}",
                    what=f"holds {', '.join(file.secrets) or 'no secret value'}",
                    cause=f"the program reads it as {name} of instance {service.instance}",
                    fix=f"mount {name} there: reads_value(secrets.{name.replace('-', '_')}, ...)",
                )


def programs_have_their_variables(platform: Platform) -> Iterator[Finding]:
    """Variables that a program must have, as its variable or exported by its command."""
    for service, program in _programs(platform):
        said = [f"{name}={value}" for name, value in service.environment.items()]
        words = " ".join([*said, *service.words])
        for setting, cause in program.variables.items():
            if not re.search(rf"(^|[\s;]){re.escape(setting)}(?=$|[\s;])", words):
                yield Finding(
                    path=f"{service.path}: variable {setting.partition('=')[0]}",
                    what=f"is not {setting.partition('=')[2]}",
                    cause=cause,
                    fix=f"set or export {setting}",
                )


def broker_urls_fit_their_library(platform: Platform) -> Iterator[Finding]:
    """``frameMax`` for Node, whose library asks for too small a frame; not for Python, which has no such parameter."""
    for service, program in _programs(platform):
        file = service.file(program.settings)
        for value in file.values if file else []:
            if not (isinstance(value.value, str) and value.value.startswith("amqp")):
                continue
            if ("frameMax=" in value.value) is program.python:
                yield Finding(
                    path=f"{service.path}: {program.settings}: {value.key}",
                    what="has frameMax" if program.python else "has no frameMax",
                    cause="kombu raises a TypeError for it" if program.python
                    else "amqplib asks for frames of 4096 bytes, which RabbitMQ from 4.1 on refuses",
                    fix=f"use instance.broker_url(self, frame_max={not program.python})",
                )  # fmt: skip


def web_calls_its_own_api(platform: Platform) -> Iterator[Finding]:
    """``client/gqlUrl`` is the host that leads to the same instance's core."""
    for service, program in _programs(platform):
        file = service.file(program.settings)
        host = file.get("client/gqlUrl") if file and service.short_name == "web" else None
        if not isinstance(host, str) or not _HOST.fullmatch(host):
            continue
        behind = platform.route_hosts.get(host)
        if behind is None or (behind.short_name, behind.instance) != ("core", service.instance):
            yield Finding(
                path=f"{service.path}: {program.settings}: client/gqlUrl",
                what=f"is {host}, where {behind.name if behind else 'no service'} answers",
                cause=f"pages of instance {service.instance} need its own core there",
                fix="use the instance's api_host",
            )


def _programs(platform: Platform) -> Iterator[tuple[Service, Program]]:
    for service in platform.services:
        if service.instance and service.short_name in PROGRAMS:
            yield service, PROGRAMS[service.short_name]


def _value(service: Service, file: MountedFile, key: str, kind: Kind) -> Iterator[Finding]:
    if not file.has(key):
        yield _missing(service, f"{file.at}: {key}", "it", service.name)
    elif kind == "words":
        if not file.has(f"{key}/0"):
            yield _wrong(service, file, key, "a list of words; words with commas would mean the default")
    else:
        fits, meaning = _IS[kind]
        if not fits(file.get(key)):
            yield _wrong(service, file, key, meaning)


def _wrong(service: Service, file: MountedFile, key: str, meaning: str) -> Finding:
    value = file.get(key)
    shown = repr(value) if not file.secrets or not isinstance(value, str) else "of the wrong type"
    return Finding(
        path=f"{service.path}: {file.at}: {key}",
        what=f"is {shown}",
        cause=f"{service.name} needs {meaning}",
        fix="set it in its section of layers/platform/production_json.py",
    )


def _missing(service: Service, where: str, what: str, name: str) -> Finding:
    return Finding(
        path=f"{service.path}: {where}",
        what="is missing",
        cause=f"{name} does not start without {what}",
        fix="add it where the service declares what it reads",
    )
