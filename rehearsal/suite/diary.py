"""The output of every command of a rehearsal: shown at once, kept, and searched for secrets at the end."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from rich.text import Text

from ops.terminal import screen


class Diary:
    """Writes to a file and to the terminal."""

    def __init__(self, file: Path) -> None:
        self.file = file
        file.parent.mkdir(parents=True, exist_ok=True)
        self._out = os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", buffering=1)
        self._lock = threading.Lock()
        self._started = time.monotonic()

    def say(self, text: str, *, style: str = "", shown: bool = True) -> None:
        """Writes one line, with minute and second of the rehearsal."""
        seconds = time.monotonic() - self._started
        line = f"{int(seconds // 60):2}:{int(seconds % 60):02}  {text}"
        with self._lock:
            self._out.write(line + "\n")
            if shown:
                screen.err.print(Text(line, style=style))

    def text(self) -> str:
        """The whole text."""
        self._out.flush()
        return self.file.read_text()

    def close(self) -> None:
        """Closes the file."""
        self._out.close()
