"""Start: read `--config`, check it, serve."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from standin.http_server import listen
from standin.log import Refusal, announce, log, refuse
from standin.stop import exit_on_signals
from standin.yaml_file import read_mapping

from forward_auth.config import Config, build
from forward_auth.gate import Gate
from forward_auth.raw_config import unknown_keys

IMAGE = "ghcr.io/traptitech/traefik-forward-auth:3.3.2"


def main() -> None:
    """Run until SIGTERM."""
    exit_on_signals()
    announce(IMAGE, "OAuth2 code flow, signed cookie and rules of the same YAML, written anew in Python")
    try:
        config = _load(sys.argv[1:])
    except Refusal as error:
        refuse(str(error))
    server = listen(config.port, Gate(config))
    log("info", f"listening on :{server.port}, {len(config.rules)} rules")
    server.serve_forever()


def _load(arguments: list[str]) -> Config:
    file = {}
    path = _config_path(arguments)
    if path:
        file = read_mapping(Path(path), "the configuration")
        for key in unknown_keys(file):
            log("warn", f"{path}: {key} is unknown; the real program ignores it in silence")
    return build(file, os.environ)


def _config_path(arguments: list[str]) -> str:
    """The value of `-config` or `--config`, with `=` or as the next argument."""
    words = list(arguments)
    path = ""
    while words:
        name, sign, value = words.pop(0).partition("=")
        if name not in ("-config", "--config"):
            raise Refusal(f"flag {name!r}: only --config=<file> is allowed")
        if not sign and not words:
            raise Refusal("flag --config needs a file")
        path = value if sign else words.pop(0)
    return path
