"""Several engines at once: what one of them refuses or leaves unanswered is told of that one."""

from __future__ import annotations

import gc
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from ops.errors import OpsError
from ops.swarm.engine import Swarm, connected


class Answers(BaseHTTPRequestHandler):
    """An engine that knows its version and nothing else."""

    def address_string(self) -> str:
        return "socket"

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""

    def do_GET(self) -> None:
        if self.path.endswith("/tasks"):
            return  # closes the connection
        if self.path.endswith("/logs"):
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"cut off")
            return
        known = self.path == "/version"
        body = b'{"ApiVersion": "1.41"}' if known else b'{"message": "no such thing"}'
        self.send_response(200 if known else 500)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def engine(path: Path) -> Iterator[str]:
    with socketserver.ThreadingUnixStreamServer(str(path), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"unix://{path}"
        finally:
            server.shutdown()
            thread.join()


def refuses(swarm: Swarm) -> None:
    swarm.services()


def hangs_up(swarm: Swarm) -> None:
    swarm.tasks()


def stops_within(swarm: Swarm) -> None:
    list(swarm.api.service_logs("x", follow=True, is_tty=True))


# urllib3 leaves the socket of a cut off answer to the collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("ask", [refuses, hangs_up, stops_within])
@pytest.mark.parametrize("failing", [0, 1, 2])
def test_an_error_is_told_of_the_engine_that_it_came_from(
    ask: Callable[[Swarm], None], failing: int, tmp_path: Path
) -> None:
    with engine(tmp_path / "a") as a, engine(tmp_path / "b") as b, engine(tmp_path / "c") as c:
        with (
            pytest.raises(OpsError) as caught,
            connected(a) as first,
            connected(b) as second,
            connected(c) as third,
        ):
            ask((first, second, third)[failing])
        assert caught.value.problem.startswith(f"the engine at {(a, b, c)[failing]}: ")
    del caught
    gc.collect()
