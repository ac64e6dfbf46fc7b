"""Who listens on a port of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_LISTENING = "0A"


def is_taken(port: int) -> bool:
    """Whether any process listens on a TCP port, on any address."""
    return bool(list(_sockets(port)))


def listener(port: int) -> str:
    """The listening process as ``nginx (process 123)``; ``a process`` if it belongs to another user."""
    sockets = set(_sockets(port))
    for folder in Path("/proc").glob("[0-9]*/fd"):
        try:
            if any(str(link.readlink()) in sockets for link in folder.iterdir()):
                name = (folder.parent / "comm").read_text().strip()
                return f"{name} (process {folder.parent.name})"
        except OSError:
            continue
    return f"a process that you may not see (sudo ss -ltnp sport = :{port} names it)"


def _sockets(port: int) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        try:
            lines = Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            words = line.split()
            if words[3] == _LISTENING and int(words[1].rpartition(":")[2], 16) == port:
                yield f"socket:[{words[9]}]"
