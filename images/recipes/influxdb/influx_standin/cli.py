"""The `influx` command: ping, bucket, auth, v1 auth, write, query, backup, restore."""

from __future__ import annotations

import argparse
import os
import sys
import tomllib
from pathlib import Path
from typing import NoReturn

from influx_standin import cli_commands as commands
from influx_standin.cli_client import Client, CommandError


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(1, f"Error: {message}\n")


def main() -> None:
    """Run one command; exit code 1 and one line on standard error when it fails."""
    options = _parser().parse_args()
    try:
        options.run(_client(options), options)
    except CommandError as error:
        sys.stderr.write(f"Error: {error}\n")
        raise SystemExit(1) from None


def _client(options: argparse.Namespace) -> Client:
    """Flags before INFLUX_* variables before the active entry of the configuration file."""
    active = _active_config()
    host = options.host or os.environ.get("INFLUX_HOST") or active.get("url") or "http://localhost:8086"
    token = options.token or os.environ.get("INFLUX_TOKEN") or active.get("token") or ""
    org = getattr(options, "org", None) or os.environ.get("INFLUX_ORG") or active.get("org") or ""
    return Client(host.rstrip("/"), token, getattr(options, "org_id", None) or org)


def _active_config() -> dict[str, str]:
    path = Path(os.environ.get("INFLUX_CONFIGS_PATH") or Path.home() / ".influxdbv2" / "configs")
    try:
        entries = tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError):
        return {}
    for entry in entries.values():
        if isinstance(entry, dict) and entry.get("active"):
            return {key: str(value) for key, value in entry.items()}
    return {}


def _parser() -> _Parser:
    parser = _Parser(prog="influx", description="Stand-in for the influx command of InfluxDB 2.")
    verbs = parser.add_subparsers(required=True, metavar="command", parser_class=_Parser)
    _leaf(verbs, "ping", commands.ping)
    bucket = _group(verbs, "bucket")
    create = _leaf(bucket, "create", commands.bucket_create, org=True)
    create.add_argument("-n", "--name", required=True)
    create.add_argument("-r", "--retention", default="", help="such as 30d; 0 is for ever")
    create.add_argument("-d", "--description", default="")
    _leaf(bucket, "list", commands.bucket_list, org=True).add_argument("-n", "--name", default="")
    _auth(_group(verbs, "auth"))
    _v1_auth(_group(_group(verbs, "v1"), "auth"))
    _data(verbs)
    backup = _leaf(verbs, "backup", commands.backup, org=True)
    backup.add_argument("path")
    restore = _leaf(verbs, "restore", commands.restore, org=True)
    restore.add_argument("path")
    restore.add_argument("--full", action="store_true")
    restore.add_argument("-b", "--bucket", default="")
    restore.add_argument("--new-bucket", default="")
    return parser


def _auth(verbs: argparse._SubParsersAction[_Parser]) -> None:
    create = _leaf(verbs, "create", commands.auth_create, org=True)
    create.add_argument("-u", "--user", default="")
    create.add_argument("-d", "--description", default="")
    create.add_argument("--operator", action="store_true")
    for action in ("read", "write"):
        create.add_argument(f"--{action}-bucket", action="append", default=[], metavar="BUCKET_ID")
        create.add_argument(f"--{action}-buckets", action="store_true")
    _leaf(verbs, "list", commands.auth_list, org=True)
    _leaf(verbs, "delete", commands.auth_delete).add_argument("-i", "--id", required=True)


def _v1_auth(verbs: argparse._SubParsersAction[_Parser]) -> None:
    create = _leaf(verbs, "create", commands.v1_auth_create, org=True)
    create.add_argument("--username", required=True)
    create.add_argument("--password", default="")
    create.add_argument("--no-password", action="store_true")
    create.add_argument("-d", "--description", default="")
    for action in ("read", "write"):
        create.add_argument(f"--{action}-bucket", action="append", default=[], metavar="BUCKET_ID")
    change = _leaf(verbs, "set-password", commands.v1_auth_set_password)
    change.add_argument("--username", required=True)
    change.add_argument("--password", default="")
    _leaf(verbs, "list", commands.v1_auth_list, org=True)
    _leaf(verbs, "delete", commands.v1_auth_delete).add_argument("--id", required=True)


def _data(verbs: argparse._SubParsersAction[_Parser]) -> None:
    write = _leaf(verbs, "write", commands.write, org=True)
    write.add_argument("-b", "--bucket", default="")
    write.add_argument("--bucket-id", default="")
    write.add_argument("-p", "--precision", default="ns")
    write.add_argument("-f", "--file", default="")
    write.add_argument("lines", nargs="?", default="")
    query = _leaf(verbs, "query", commands.query, org=True)
    query.add_argument("-f", "--file", default="")
    query.add_argument("-r", "--raw", action="store_true")
    query.add_argument("flux", nargs="?", default="")


def _group(verbs: argparse._SubParsersAction[_Parser], name: str) -> argparse._SubParsersAction[_Parser]:
    parser = verbs.add_parser(name)
    return parser.add_subparsers(required=True, metavar="command", parser_class=_Parser)


def _leaf(
    verbs: argparse._SubParsersAction[_Parser], name: str, run: commands.Command, *, org: bool = False
) -> _Parser:
    parser = verbs.add_parser(name, aliases=["ls", "find"] if name == "list" else [])
    parser.set_defaults(run=run)
    parser.add_argument("--host", default="")
    parser.add_argument("-t", "--token", default="")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--hide-headers", action="store_true")
    parser.add_argument("--skip-verify", action="store_true")
    if org:
        parser.add_argument("-o", "--org", default="")
        parser.add_argument("--org-id", default="")
    return parser
