"""The image lock: reads and writes pins, and looks up their digests in registries."""

from __future__ import annotations

import difflib
import io
import os
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from sprocket_constructs import UNRESOLVED

from layers.images import LOCK, Lock, read_lock
from layers.loading import load_environment
from ops.registry.client import Registries, RegistryError, Verdict
from ops.registry.login import Login

TOKEN = "TF_VAR_registry_token"
"""Environment variable with the secret ``registry-token``, the same as for deploys."""


@dataclass(frozen=True)
class Pin:
    """One entry of the lock. ``place`` is its section: images, application/<line> or promoted/<where>."""

    place: str
    service: str
    name: str
    tag: str
    entry: MutableMapping[str, Any]

    @property
    def digest(self) -> str:
        """The pinned digest, or ``unresolved``."""
        return str(self.entry.get("digest", UNRESOLVED))

    @property
    def source(self) -> str:
        """Where the digest comes from and when, such as ``pins 2026-11-27``; empty if not recorded."""
        return str(self.entry.get("source", ""))

    @property
    def is_confirmed(self) -> bool:
        """Whether the tag is confirmed, not only concluded from the application's history."""
        return not self.entry.get("unconfirmed", False)

    @property
    def is_first_hand(self) -> bool:
        """Whether the digest comes from the registry, or from the build that pushed the image."""
        return self.digest != UNRESOLVED and not self.source.startswith("pins")

    def put(self, digest: str, source: str, *, tag: str | None = None) -> None:
        """Writes a digest from a first-hand source, and marks the tag as confirmed."""
        self.entry.update({**({"tag": tag} if tag else {}), "digest": digest, "source": source})
        self.entry.pop("unconfirmed", None)


class LockFile:
    """``images.lock.yaml``; keeps its comments and layout.

    Raises:
        SettingsError: it cannot be read, or is not valid.
    """

    def __init__(self, path: Path = LOCK) -> None:
        self.path = path
        self.content: Lock = read_lock(path)
        self._before = path.read_text()
        self._yaml = YAML()
        self._yaml.width = 10_000
        self._yaml.preserve_quotes = True
        self._document: Any = self._yaml.load(self._before)

    def pins(self) -> Iterator[Pin]:
        """All entries, in the order of the file."""
        namespaces: dict[str, str] = {}
        yield from self._in("images", self._document.get("images") or {}, namespaces)
        for line, group in (self._document.get("application") or {}).items():
            namespaces |= dict.fromkeys(group["images"], group["namespace"])
            yield from self._in(f"application/{line}", group["images"], namespaces)
        for where, group in (self._document.get("promoted") or {}).items():
            yield from self._in(f"promoted/{where}", group, namespaces)

    def promote(self, where: str, pin: Pin, *, tag: str, digest: str, source: str = "") -> None:
        """Writes the entry of an environment or an instance for an image, beside the entry that all others have.

        Args:
            where: ``prod`` or ``prod/main``.
            pin: the entry of all others.
            source: who said that the tag has this digest; empty for what the lock says already, if it does.
        """
        if not self._document.get("promoted"):
            self._document["promoted"] = CommentedMap()
        group = self._document["promoted"].setdefault(where, CommentedMap())
        entry = CommentedMap()
        entry.fa.set_flow_style()
        if not pin.place.startswith("application/") or "name" in pin.entry:
            entry["name"] = pin.name
        entry |= {"tag": tag, "digest": digest}
        said = (p.source for p in self.pins() if (p.name, p.tag, p.digest) == (pin.name, tag, digest))
        if source := source or next(filter(None, said), ""):
            entry["source"] = source
        if dict(group.get(pin.service, {})) != dict(entry):
            group[pin.service] = entry

    def diff(self) -> str:
        """What :meth:`save` would change, as a patch; empty for nothing."""
        name = self.path.name
        before, after = (text.splitlines(keepends=True) for text in (self._before, self._text()))
        return "".join(difflib.unified_diff(before, after, f"a/{name}", f"b/{name}", n=1))

    def save(self) -> bool:
        """Replaces the file atomically if it changed; returns whether it did."""
        text = self._text()
        if text == self._before:
            return False
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        draft.write_text(text)
        draft.replace(self.path)
        return True

    def _text(self) -> str:
        text = io.StringIO()
        self._yaml.dump(self._document, text)
        return text.getvalue()

    @staticmethod
    def _in(place: str, group: MutableMapping[str, Any], namespaces: Mapping[str, str]) -> Iterator[Pin]:
        for service, entry in group.items():
            name = entry.get("name") or (f"{namespaces[service]}/{service}" if service in namespaces else "")
            if name:
                yield Pin(place, service, str(name), str(entry["tag"]), entry)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a registry said about one image of the lock.

    Args:
        before: digest in the lock until now, or ``unresolved``.
        digest: what the registry says; empty where it says none, and the lock keeps what it has.
        verdict: ``new``, ``same`` and ``differs`` are fine, all others are failures.
        text: the same for people.
    """

    image: str
    before: str
    digest: str
    verdict: Literal["new", "same", "differs"] | Verdict
    text: str

    @property
    def is_failure(self) -> bool:
        """Whether the registry named no digest."""
        return not self.digest

    def as_data(self) -> dict[str, str]:
        """For programs."""
        return asdict(self)


def logins_of(environment: str, variables: Mapping[str, str]) -> dict[str, Login]:
    """The environment's login for the application's images, if its file and the shell have both parts."""
    login = load_environment(environment).platform.login
    token = variables.get(TOKEN)
    if login is None or not token:
        return {}
    return {login.registry: Login(user=login.user, password=token, origin=TOKEN)}


def resolve(
    lock: LockFile,
    registries: Registries,
    *,
    today: date,
    again: bool = False,
    say: Callable[[str], None] = lambda text: None,
) -> list[Answer]:
    """Looks up every image whose digest is not first-hand (``again``: all images), and puts the answers into the lock.

    Does not save the lock. A digest that differs from the lock's replaces it and is not a failure: official images are
    rebuilt under the same tag.
    """
    answers: dict[str, Answer] = {}
    for pin in lock.pins():
        if pin.is_first_hand and not again:
            continue
        image = f"{pin.name}:{pin.tag}"
        say(f"looking up {image}")
        answer = _ask(pin, image, registries)
        answers.setdefault(image, answer)
        if not answer.is_failure and not (answer.verdict == "same" and pin.source.startswith("registry")):
            pin.put(answer.digest, f"registry {today.isoformat()}")
    return list(answers.values())


def _ask(pin: Pin, image: str, registries: Registries) -> Answer:
    before = pin.digest
    try:
        digest = registries.digest(pin.name, pin.tag)
        if before == UNRESOLVED:
            return Answer(image=image, before=before, digest=digest, verdict="new", text="new")
        if digest == before:
            return Answer(image=image, before=before, digest=digest, verdict="same", text="as in the lock")
        kept = registries.has(pin.name, before)
    except RegistryError as error:
        return Answer(image=image, before=before, digest="", verdict=error.verdict, text=error.problem)
    text = f"differs from {_short(before)}{f' ({pin.source})' if pin.source else ''}: " + (
        "the image was rebuilt under this tag, which is not an error; the registry still has the old one"
        if kept
        else "the registry does not have the old one"
    )
    return Answer(image=image, before=before, digest=digest, verdict="differs", text=text)


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]
