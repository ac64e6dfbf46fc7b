"""A JSON file that another process replaces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Watched:
    """Reads the file when it has changed since the last look; `{}` while there is none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = (0, 0)
        self._value: Any = {}

    def changed(self) -> bool:
        """Whether it has changed since `value` was read."""
        return self._stamp() != self._seen

    @property
    def value(self) -> Any:
        stamp = self._stamp()
        if stamp != self._seen:
            self._value = json.loads(self._path.read_text()) if stamp[0] else {}
            self._seen = stamp
        return self._value

    def _stamp(self) -> tuple[int, int]:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return 0, 0
        return found.st_mtime_ns, found.st_ino
