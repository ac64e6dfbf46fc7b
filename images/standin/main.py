"""Starts as whatever program of the image was called: serves, asks its own health, or tries the dependencies once."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from . import forward
from .accounts import Accounts
from .connections import answer_of, request
from .dependencies import Dependencies
from .description import Description, Role, Values, parse
from .fake_discord import FakeDiscord
from .forward_auth import ForwardAuth
from .http_server import Application, HttpServer, Request, Response
from .log import Refusal, log

DESCRIPTION = Path("/etc/stand-in.yaml")


def main() -> None:
    """Entry point: a refusal is one line and exit code 1."""
    try:
        description = parse(DESCRIPTION.read_text(), str(DESCRIPTION))
        words = (Path(sys.argv[0]).name, *sys.argv[1:])
        role = description.role(words)
        if role.does == "probe":
            sys.exit(_probe(description))
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: os._exit(0))
        log(
            "warning",
            f"STAND-IN for {description.image}: proves files, user, ports and credentials, nothing else",
        )
        _have_folders(description)
        values = Values(role, words)
        dependencies = Dependencies(
            {
                name: {key: values.text(value) for key, value in told.items()}
                for name, told in role.dependencies.items()
            }
        )
        if role.does == "try":
            sys.exit(_try(dependencies))
        _serve(description, role, values, dependencies)
    except Refusal as error:
        log("error", str(error))
        sys.exit(1)


def _have_folders(description: Description) -> None:
    """Take over the folders and give up root where the program does so itself, then see that they are writable."""
    user, group = map(int, description.user.split(":"))
    if description.gives_up_root and os.geteuid() == 0:
        for folder in description.folders:
            os.chown(folder, user, group)
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)
    for folder in description.folders:
        if not os.access(folder, os.W_OK):
            raise Refusal(
                f"{folder}: user {os.geteuid()} cannot write there; give it to user {description.user}"
            )


def _try(dependencies: Dependencies) -> int:
    failed = list(dependencies.try_once())
    for name, why in failed:
        log("error", f"{name}: {why}")
    return 1 if failed else 0


def _serve(description: Description, role: Role, values: Values, dependencies: Dependencies) -> None:
    application = _application(description, role, values, dependencies)
    for port in role.ports:
        threading.Thread(target=HttpServer(port, application).serve_forever, daemon=True).start()
    for port in role.raw:
        threading.Thread(target=_accept, args=(port,), daemon=True).start()
    if role.forwards:
        forward.serve(values.text(role.forwards), 2375)
    dependencies.watch()
    log("info", f"listens on {', '.join(map(str, (*role.ports, *role.raw))) or 'no port'}")
    threading.Event().wait()


def _application(
    description: Description, role: Role, values: Values, dependencies: Dependencies
) -> Application:
    if role.runs == "fake-discord":
        return FakeDiscord(values.mapping("config"))
    if role.runs == "forward-auth":
        return ForwardAuth(values.mapping("config"))
    accounts = (
        Accounts(values.text(role.accounts), Path(description.folders[0], "accounts.json"))
        if role.accounts
        else None
    )

    def answer(asked: Request) -> Response:
        if asked.path == role.health:
            body = answer_of(dependencies.work, dependencies.report())
            ready = dependencies.work or (role.stays_ready and dependencies.have_worked)
            return Response(200 if ready else 503, body, "application/json")
        known = accounts.answer(asked) if accounts else None
        if known is not None:
            return known
        return Response.json(200, {"stand-in": description.image, "bytes": asked.size})

    return answer


def _accept(port: int) -> None:
    with socket.create_server(("", port), reuse_port=False) as server:
        while True:
            server.accept()[0].close()


def _probe(description: Description) -> int:
    """Ask the health of the role that serves."""
    role = next(role for role in description.roles if role.does == "serve")
    if role.forwards:
        paths = [
            word.partition("=")[2]
            for word in Path("/proc/1/cmdline").read_text().split("\0")
            if "socketendpoint=" in word
        ]
        url = f"unix://{paths[0]}" if paths else "http://127.0.0.1:2375/_ping"
    else:
        url = f"http://127.0.0.1:{role.ports[0]}{role.health}"
    try:
        return 0 if request(url)[0] == 200 else 1
    except OSError as error:
        log("error", f"{url}: {error}")
        return 1


def install(words: Sequence[str]) -> None:
    """While the image is built: check the description, make folders for the user, and put the program at its paths."""
    description = parse(Path(words[0]).read_text(), words[0])
    user, group = map(int, description.user.split(":"))
    for folder in description.folders:
        Path(folder).mkdir(parents=True, exist_ok=True)
        if not description.gives_up_root:
            os.chown(folder, user, group)
    for program in description.programs:
        path = Path(program)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/usr/bin/python3\nfrom standin.main import main\nmain()\n")
        path.chmod(0o755)


if __name__ == "__main__":
    install(sys.argv[1:])
