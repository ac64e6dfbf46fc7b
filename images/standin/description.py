"""What a stand-in must find, where it listens and what it depends on: descriptions/<image>.yaml, read and checked.

A text in it may hold references: ``${file}`` is the text of a file, ``${file:path.to.key}`` a value in it, ``${args:name}``
the value of ``-name=value`` on the command line. Whatever is referred to must be there, so a description needs no list of keys.
"""

from __future__ import annotations

import configparser
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from .log import Refusal

_REFERENCE = re.compile(r"\$\{([a-z0-9-]+)(?::([^}]+))?\}")
FORMS = ("text", "json", "yaml", "ini", "env")
KINDS: Mapping[str, tuple[str, ...]] = {
    "postgres": ("host", "port", "user", "password", "database", "tls", "statement"),
    "redis": ("host", "port", "password", "url", "prefix"),
    "amqp": ("url", "queue"),
    "s3": ("endpoint", "tls", "access_key", "secret_key", "bucket"),
    "http": ("url", "user", "password", "token", "host", "method"),
    "tcp": ("at",),
    "docker": ("at",),
}
"""What each kind of dependency is told; what a description leaves out is empty."""


@dataclass(frozen=True)
class File:
    """A file that must be there and readable by the program's user, and what it must be."""

    at: str
    form: str = "text"
    keys: Sequence[str] = ()


@dataclass(frozen=True)
class Role:
    """One way in which an image is started.

    Args:
        when: beginning of the command line, as words with one blank between; empty for any.
        does: ``serve``, ``probe`` (ask the serving role's health and end) or ``try`` (use each dependency once and end).
        health: path that answers 200 while every dependency works, on each port.
        stays_ready: it goes on answering 200 once every dependency has worked, as the real program does in an outage.
        ports: where it listens; ``raw`` ones accept and close.
        forwards: Unix socket, or nothing for TCP port 2375, where it passes on what comes, see :mod:`.forward`.
        accounts: the token of whoever may make accounts, see :mod:`.accounts`.
        runs: ``fake-discord`` or ``forward-auth``, the two that answer by themselves.
    """

    when: str = ""
    does: str = "serve"
    files: Mapping[str, File] = field(default_factory=dict)
    dependencies: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    ports: Sequence[int] = ()
    raw: Sequence[int] = ()
    health: str = "/healthz"
    stays_ready: bool = False
    forwards: str = ""
    accounts: str = ""
    runs: str = ""


@dataclass(frozen=True)
class Description:
    """A whole description.

    Args:
        image: name in images.lock.yaml.
        programs: paths at which the image has its program; the first is the entry point.
        user: ``number:group`` that it runs as.
        gives_up_root: it is started by root, takes over its folders and goes on as ``user``.
        folders: must be there and writable by the user.
    """

    image: str
    programs: Sequence[str]
    user: str = "0:0"
    gives_up_root: bool = False
    folders: Sequence[str] = ()
    roles: Sequence[Role] = ()

    def role(self, words: Sequence[str]) -> Role:
        """The first role that a command line fits.

        Raises:
            Refusal: none does.
        """
        line = " ".join(words)
        for role in self.roles:
            if line == role.when or line.startswith(f"{role.when} " if role.when else ""):
                return role
        known = ", ".join(role.when for role in self.roles)
        raise Refusal(f"command {line!r}: the stand-in for {self.image} knows {known}; use one of them")


def parse(text: str, source: str) -> Description:
    """A description from its text.

    Raises:
        Refusal: an unknown or missing key, with its place and what is allowed.
    """
    try:
        data = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise Refusal(f"{source}: is not YAML: {error}; fix it") from None
    whole = _record(Description, data, source)
    roles = [_role(role, f"{source}: roles/{number}") for number, role in enumerate(whole.pop("roles", []))]
    if not roles:
        raise Refusal(f"{source}: roles: is empty; describe at least one way in which the image is started")
    return Description(**whole, roles=tuple(roles))


def _role(data: Any, where: str) -> Role:
    values = _record(Role, data, where)
    if values.get("does", "serve") not in ("serve", "probe", "try"):
        raise Refusal(f"{where}/does: {values['does']!r}; allowed: serve, probe, try")
    values["files"] = {
        name: File(**_record(File, file if isinstance(file, dict) else {"at": file}, f"{where}/files/{name}"))
        for name, file in (values.get("files") or {}).items()
    }
    for name, file in values["files"].items():
        if file.form not in FORMS:
            raise Refusal(f"{where}/files/{name}/form: {file.form!r}; allowed: {', '.join(FORMS)}")
    for name, told in (values.get("dependencies") or {}).items():
        _dependency(told, f"{where}/dependencies/{name}")
    return Role(**values)


def _dependency(told: Any, where: str) -> None:
    kind = str(told.get("kind")) if isinstance(told, dict) else "no mapping"
    if kind not in KINDS:
        raise Refusal(f"{where}/kind: {kind!r}; allowed: {', '.join(KINDS)}")
    for key in told:
        if key not in ("kind", *KINDS[kind]):
            raise Refusal(f"{where}/{key}: {kind} has no such key; allowed: {', '.join(KINDS[kind])}")


def _record(of: type, data: Any, where: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise Refusal(f"{where}: is {type(data).__name__}; a mapping is needed")
    allowed = [each.name for each in fields(of)]
    for key in data:
        if key not in allowed:
            raise Refusal(f"{where}/{key}: unknown key; allowed: {', '.join(allowed)}")
    needed = [name for name in ("image", "programs", "at") if name in allowed and name not in data]
    if needed:
        raise Refusal(f"{where}/{needed[0]}: is missing; add it")
    return dict(data)


class Values:
    """The files of a role, read, and what a description refers to in them."""

    def __init__(self, role: Role, args: Sequence[str] = (), *, root: str = "") -> None:
        self._args = dict(word.lstrip("-").partition("=")[::2] for word in args if word.startswith("-"))
        self._paths = {name: file.at for name, file in role.files.items()}
        self._values = {name: _read(file, root) for name, file in role.files.items()}
        for name, file in role.files.items():
            for key in file.keys:
                self._value(name, key)

    def text(self, template: str) -> str:
        """A text with its references put in.

        Raises:
            Refusal: there is no such value.
        """
        return _REFERENCE.sub(lambda match: str(self._value(match[1], match[2])), str(template))

    def mapping(self, name: str) -> dict[str, Any]:
        """A whole file."""
        return dict(self._value(name, None))

    def _value(self, name: str, key: str | None) -> Any:
        if name == "args":
            return self._args.get(key or "", "")
        if name not in self._values:
            raise Refusal(f"${{{name}}}: no file of that name; there are {', '.join(self._values)}")
        found = self._values[name]
        for part in (key or "").split(".") if key else ():
            try:
                found = found[int(part)] if isinstance(found, list) else found[part]
            except (KeyError, IndexError, ValueError, TypeError):
                raise Refusal(f"{self._paths[name]}: {key}: is missing; the program needs it") from None
        return "" if found is None else found


def _read(file: File, root: str) -> Any:
    try:
        text = Path(root + file.at).read_text()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "is no text"
        raise Refusal(f"{file.at}: {why}; mount it so that the program's user can read it") from None
    if not text.strip():
        raise Refusal(f"{file.at}: is empty; the program needs what belongs there")
    try:
        return _READERS[file.form](text)
    except (ValueError, YAMLError, configparser.Error) as error:
        raise Refusal(f"{file.at}: is not {file.form}: {error}; fix the file") from None


def _ini(text: str) -> dict[str, dict[str, str]]:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    return {name: dict(section) for name, section in parser.items()}


def _env(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip().strip("'\"") for name, _, value in pairs}


_READERS: Mapping[str, Callable[[str], Any]] = {
    "text": str.strip,
    "json": json.loads,
    "yaml": lambda text: YAML(typ="safe", pure=True).load(text),
    "ini": _ini,
    "env": _env,
}
