"""A way to the engine that can be cut: a socket of its own, behind which the real one is."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class EngineProxy:
    """Passes bytes on between a socket of its own and the engine's, until it is cut."""

    def __init__(self, path: Path, engine: str) -> None:
        self.address = f"unix://{path}"
        self._engine = engine.removeprefix("unix://")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(64)
        self._open: list[socket.socket] = []
        self._cut = False
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Ends every connection and takes no more."""
        self._cut = True
        for each in [self._listener, *self._open]:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        while not self._cut:
            try:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._engine)
            except OSError:
                return
            self._open += [client, server]
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=_pass_on, args=(source, sink), daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextmanager
def engine_proxy(folder: Path, engine: str) -> Iterator[EngineProxy]:
    """A proxy to an engine, gone afterwards."""
    proxy = EngineProxy(folder / "engine.sock", engine)
    try:
        yield proxy
    finally:
        proxy.cut()
