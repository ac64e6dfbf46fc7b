"""Failures on demand: which request, how it fails, how many times."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase

from .errors import EmulatorError
from .ids import unique
from .store import Document, Store

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "*")
LOWEST_ERROR, HIGHEST_ERROR = 400, 599

FORM = """METHOD PATH KIND [xTIMES], such as `POST /v2/droplets 429 x2`.
  METHOD: GET, POST, PUT, PATCH, DELETE or * (any)
  PATH:   the path, * for any letters, such as /v2/volumes/*/actions
  KIND:   400 to 599     answers with that status and does nothing
          reset          resets the connection and does nothing
          reset-after    does it, and resets the connection before the answer
          slow=SECONDS   the action that the request starts takes that much longer
          never          the action never ends: a droplet stays new, and can only be deleted
          errored        the action ends as errored: a droplet stays new
  xTIMES: how many requests; without it, every one until the fault is cleared"""


@dataclass(frozen=True)
class Fault:
    id: str
    method: str
    path: str
    kind: str
    seconds: float = 0.0
    left: int | None = None  # None: for ever

    @property
    def status(self) -> int | None:
        """The status of an answer that is refused."""
        return int(self.kind) if self.kind.isdigit() else None

    def matches(self, method: str, path: str) -> bool:
        return self.method in (method, "*") and fnmatchcase(path, self.path)

    def text(self) -> str:
        kind = f"{self.kind}={self.seconds:g}" if self.kind == "slow" else self.kind
        return f"{self.method} {self.path} {kind}" + (f" x{self.left}" if self.left is not None else "")

    @classmethod
    def parse(cls, text: str) -> Fault:
        words = text.split()
        times = re.fullmatch(r"x([1-9]\d*)", words[-1]) if words else None
        words = words[:-1] if times else words
        if len(words) != 3:
            raise EmulatorError(f"fault {text!r}: use three or four words: {FORM}")
        method, path, kind = words[0].upper(), words[1], words[2]
        if method not in METHODS:
            raise EmulatorError(f"fault {text!r}: unknown method {words[0]!r}: {FORM}")
        if not path.startswith(("/", "*")):
            raise EmulatorError(f"fault {text!r}: the path must begin with /: {FORM}")
        kind, seconds = _kind(text, kind)
        return cls(unique(), method, path, kind, seconds, int(times[1]) if times else None)


def _kind(text: str, word: str) -> tuple[str, float]:
    if word in ("reset", "reset-after", "never", "errored"):
        return word, 0.0
    if word.isdigit() and LOWEST_ERROR <= int(word) <= HIGHEST_ERROR:
        return word, 0.0
    slow = re.fullmatch(r"slow=(\d+(?:\.\d+)?)", word)
    if slow:
        return "slow", float(slow[1])
    raise EmulatorError(f"fault {text!r}: unknown kind {word!r}: {FORM}")


class Faults:
    """Kept in the store, so that they outlive a restart and can be set from another process."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, fault: Fault) -> None:
        self._store.put("fault", fault.id, asdict(fault))

    def all(self) -> list[Fault]:
        return [self._load(one) for one in self._store.all("fault")]

    def clear(self) -> None:
        with self._store.transaction():
            for one in self.all():
                self._store.remove("fault", one.id)

    def take(self, method: str, path: str) -> Fault | None:
        """The first fault for this request, used once."""
        with self._store.transaction():
            fault = next((one for one in self.all() if one.matches(method, path)), None)
            if fault and fault.left is not None:
                if fault.left > 1:
                    self._store.put("fault", fault.id, {**asdict(fault), "left": fault.left - 1})
                else:
                    self._store.remove("fault", fault.id)
            return fault

    @staticmethod
    def _load(document: Document) -> Fault:
        return Fault(**document)
