"""Start: `run <file> --flags`, then read, redact and send for ever."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from standin.http_server import Request, Response, listen
from standin.log import Refusal, announce, log, refuse
from standin.stop import exit_on_signals
from standin.yaml_file import read_text

from alloy_standin.delivery import Delivery
from alloy_standin.docker_api import DockerError
from alloy_standin.plan import Plan, build
from alloy_standin.syntax import parse
from alloy_standin.tail import Positions, Tailer

IMAGE = "grafana/alloy:v1.18.1"
FLAGS = ("storage.path", "server.http.listen-addr", "disable-reporting", "stability.level")


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    config: Path
    storage: Path
    host: str
    port: int


def options(arguments: list[str]) -> Options:
    """Read `run <file> --name=value ...`; `Refusal` for anything else."""
    words = [word for word in arguments if not word.startswith("--")]
    flags: dict[str, str] = {}
    for word in arguments:
        if word.startswith("--"):
            name, _, value = word[2:].partition("=")
            if name not in FLAGS:
                raise Refusal(f"flag --{name}: this stand-in knows --{', --'.join(FLAGS)}")
            flags[name] = value
    if len(words) != 2 or words[0] != "run":
        raise Refusal(f"arguments {' '.join(words)!r}: `run <file>` is expected")
    host, sign, port = (flags.get("server.http.listen-addr") or "127.0.0.1:12345").rpartition(":")
    if not sign or not port.isdigit():
        raise Refusal(f"--server.http.listen-addr: host:port is expected, got {port!r}")
    return Options(Path(words[1]), Path(flags.get("storage.path") or "data-alloy"), host, int(port))


def main() -> None:
    """Run until SIGTERM."""
    exit_on_signals()
    announce(IMAGE, "container logs to Loki with relabelling and redaction")
    try:
        chosen = options(sys.argv[1:])
        plan = build(
            parse(read_text(chosen.config, "the configuration"), str(chosen.config)), str(chosen.config)
        )
        delivery, tailer = _parts(plan, chosen)
    except (Refusal, DockerError) as error:
        refuse(str(error))
    threading.Thread(target=tailer.run, daemon=True).start()
    threading.Thread(target=delivery.run, daemon=True).start()
    host = "" if chosen.host in ("", "0.0.0.0", "::") else chosen.host
    server = listen(chosen.port, lambda request: _answer(request, delivery, tailer), host)
    log("info", f"listening on {chosen.host}:{chosen.port}, from {plan.docker} to {plan.push_url}")
    server.serve_forever()


def _parts(plan: Plan, chosen: Options) -> tuple[Delivery, Tailer]:
    try:
        chosen.storage.mkdir(parents=True, exist_ok=True)
        positions = Positions(chosen.storage)
        positions.save(set(positions.known()))
    except OSError as error:
        raise Refusal(f"--storage.path {chosen.storage}: {error.strerror}; it must be writable") from error
    delivery = Delivery(plan.steps, plan.push_url)
    return delivery, Tailer(plan, positions, delivery.add)


def _answer(request: Request, delivery: Delivery, tailer: Tailer) -> Response:
    if request.path == "/-/ready":
        return Response.text(200, "Alloy is ready.\n")
    if request.path == "/-/healthy":
        problem = tailer.problem
        return Response.text(
            500 if problem else 200, f"unhealthy components: {problem}\n" if problem else "All healthy.\n"
        )
    if request.path == "/metrics":
        return Response.text(
            200,
            f"loki_write_sent_entries_total {delivery.sent}\nloki_write_dropped_entries_total {delivery.dropped}\n",
        )
    return Response.text(404, "404 page not found\n")
