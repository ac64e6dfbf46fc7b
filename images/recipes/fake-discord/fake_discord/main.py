"""Start: read the configuration, serve."""

from __future__ import annotations

import sys
from pathlib import Path

from standin.http_server import listen
from standin.log import Refusal, announce, log, refuse
from standin.stop import exit_on_signals
from standin.yaml_file import read_mapping

from fake_discord.api import FakeDiscord
from fake_discord.config import build

PORT = 8080
CONFIG = "/etc/fake-discord/config.yaml"


def main() -> None:
    """Run until SIGTERM.

    One argument is allowed: `--config=<file>`, default /etc/fake-discord/config.yaml.
    """
    exit_on_signals()
    announce("discord.com", "a FAKE Discord; who signs in is chosen by a button, no password is asked")
    path = CONFIG
    for argument in sys.argv[1:]:
        name, sign, value = argument.partition("=")
        if name != "--config" or not sign or not value:
            refuse(f"argument {argument!r}: only --config=<file> is allowed")
        path = value
    try:
        config = build(read_mapping(Path(path), "the fake Discord's configuration"), path)
    except Refusal as error:
        refuse(str(error))
    server = listen(PORT, FakeDiscord(config))
    log("info", f"listening on :{PORT}: {len(config.clients)} applications, {len(config.users)} users")
    server.serve_forever()
