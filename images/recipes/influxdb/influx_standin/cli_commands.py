"""What each command does and prints."""

from __future__ import annotations

import csv
import getpass
import gzip
import io
import json
import sys
from argparse import Namespace
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from influx_standin.cli_client import Client, CommandError
from influx_standin.duration import go_text, seconds
from influx_standin.permission import operator

Command = Callable[[Client, Namespace], None]
V2 = "/api/v2/authorizations"
V1 = "/private/legacy/authorizations"
SUFFIX = ".standin.sqlite.gz"


def ping(client: Client, options: Namespace) -> None:
    """`OK` when the server is healthy."""
    client.call("GET", "/health")
    print("OK")


def bucket_create(client: Client, options: Namespace) -> None:
    """Create a bucket and print it."""
    try:
        keep = int(seconds(options.retention))
    except ValueError as error:
        raise CommandError(str(error)) from error
    rules = [{"type": "expire", "everySeconds": keep}] if keep else []
    asked = {"orgID": client.org_id(), "name": options.name, "retentionRules": rules}
    _print_buckets([client.json("POST", "/api/v2/buckets", send=asked)], options)


def bucket_list(client: Client, options: Namespace) -> None:
    """Print the buckets the caller may read; an error when one asked for by name is not among them."""
    query = {"orgID": client.org_id()} | ({"name": options.name} if options.name else {})
    found = client.json("GET", "/api/v2/buckets", query=query)["buckets"]
    if options.name and not found:
        raise CommandError(f'failed to list buckets: 404 Not Found: bucket "{options.name}" not found')
    _print_buckets(found, options)


def _print_buckets(buckets: list[dict[str, Any]], options: Namespace) -> None:
    headers = ["ID", "Name", "Retention", "Shard group duration", "Organization ID", "Schema Type"]
    rows = []
    for bucket in buckets:
        rule = bucket["retentionRules"][0]
        kept, group = go_text(rule["everySeconds"]), go_text(rule["shardGroupDurationSeconds"])
        rows.append([bucket["id"], bucket["name"], kept, group, bucket["orgID"], "implicit"])
    _print_table(headers, rows, buckets, options)


def auth_create(client: Client, options: Namespace) -> None:
    """Create a token and print it: the one time that its value is shown."""
    org = client.org_id()
    permissions = _bucket_permissions(options, org)
    for action in ("read", "write"):
        if getattr(options, f"{action}_buckets"):
            permissions.append({"action": action, "resource": {"type": "buckets", "orgID": org}})
    if options.operator:
        permissions += _operator_permissions(permissions)
    users = client.json("GET", "/api/v2/users", query={"name": options.user})["users"]
    if not users:
        raise CommandError(f'could not find user with name "{options.user}"')
    asked = {
        "orgID": org,
        "userID": users[0]["id"],
        "description": options.description,
        "permissions": permissions,
    }
    _print_auths([client.json("POST", V2, send=asked)], options)


def _operator_permissions(others: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if others:
        raise CommandError("cannot compose other permissions with operator permissions")
    return [p.to_json() for p in operator() if p.type != "instance"]


def _bucket_permissions(options: Namespace, org: str) -> list[dict[str, Any]]:
    found = []
    for action in ("read", "write"):
        for ident in getattr(options, f"{action}_bucket"):
            if len(ident) != 16 or set(ident) - set("0123456789abcdef"):
                raise CommandError(
                    f"invalid bucket ID '{ident}': must have 16 hexadecimal characters"
                    " (did you pass a bucket name instead of an ID?)"
                )
            resource = {"type": "buckets", "id": ident, "orgID": org}
            found.append({"action": action, "resource": resource})
    return found


def auth_list(client: Client, options: Namespace) -> None:
    """Print tokens without their values, which the server does not keep."""
    _print_auths(client.json("GET", V2)["authorizations"], options)


def auth_delete(client: Client, options: Namespace) -> None:
    """Delete a token and print it."""
    auth = client.json("GET", f"{V2}/{options.id}")
    client.call("DELETE", f"{V2}/{options.id}")
    _print_auths([auth], options)


def v1_auth_create(client: Client, options: Namespace) -> None:
    """Create a v1 user with the name and password given."""
    if options.password and options.no_password:
        raise CommandError("only one of --password and --no-password may be specified")
    org = client.org_id()
    if _v1_user(client, options.username) is not None:
        raise CommandError(f'authorization with username "{options.username}" already exists')
    password = "" if options.no_password else _password(options)
    asked = {"orgID": org, "token": options.username, "description": options.description}
    made = client.json("POST", V1, send={**asked, "permissions": _bucket_permissions(options, org)})
    if password:
        try:
            client.call(
                "POST", f"{V1}/{made['id']}/password", body=json.dumps({"password": password}).encode()
            )
        except CommandError:
            client.call("DELETE", f"{V1}/{made['id']}")
            raise
    _print_auths([made], options)


def v1_auth_set_password(client: Client, options: Namespace) -> None:
    """Give a v1 user another password."""
    ident = _v1_user(client, options.username)
    if ident is None:
        raise CommandError(f'authorization with username "{options.username}" not found')
    body = json.dumps({"password": _password(options)}).encode()
    client.call("POST", f"{V1}/{ident}/password", body=body)


def _v1_user(client: Client, name: str) -> str | None:
    found = client.json("GET", V1)["authorizations"]
    return next((str(auth["id"]) for auth in found if auth["token"] == name), None)


def _password(options: Namespace) -> str:
    """From --password, a prompt, or the first line of standard input, as the real command takes it."""
    if options.password:
        return str(options.password)
    if sys.stdin.isatty():
        return getpass.getpass("Please type your password: ")
    return sys.stdin.readline().rstrip("\r\n")


def v1_auth_list(client: Client, options: Namespace) -> None:
    """Print v1 users."""
    _print_auths(client.json("GET", V1)["authorizations"], options)


def v1_auth_delete(client: Client, options: Namespace) -> None:
    """Delete a v1 user and print it."""
    auth = client.json("GET", f"{V1}/{options.id}")
    client.call("DELETE", f"{V1}/{options.id}")
    _print_auths([auth], options)


def _print_auths(auths: list[dict[str, Any]], options: Namespace) -> None:
    headers = ["ID", "Description", "Token", "User Name", "User ID", "Permissions"]
    rows = []
    for auth in auths:
        rights = "[" + " ".join(_permission_text(p) for p in auth["permissions"]) + "]"
        rows.append([auth["id"], auth["description"], auth["token"], auth["user"], auth["userID"], rights])
    _print_table(headers, rows, auths, options)


def _permission_text(permission: dict[str, Any]) -> str:
    resource = permission["resource"]
    place = f"orgs/{resource['orgID']}/" if resource.get("orgID") else ""
    return f"{permission['action']}:{place}{resource['type']}" + (
        f"/{resource['id']}" if "id" in resource else ""
    )


def write(client: Client, options: Namespace) -> None:
    """Send line protocol from the argument, `@file`, `--file`, or standard input."""
    bucket = options.bucket_id or options.bucket
    if not bucket:
        raise CommandError("must specify bucket ID or bucket name")
    file = options.file or (options.lines[1:] if options.lines.startswith("@") else "")
    text = _read(file) if file else options.lines
    if not text or text == "-":
        text = sys.stdin.read()
    query = {"org": client.org, "bucket": bucket, "precision": options.precision}
    client.call("POST", "/api/v2/write", query=query, body=text.encode())


def query(client: Client, options: Namespace) -> None:
    """Run Flux; print annotated CSV with --raw, else one line per row."""
    source = _read(options.file) if options.file else options.flux
    if not source or source == "-":
        source = sys.stdin.read()
    dialect = {"header": True, "annotations": ["datatype", "group", "default"] if options.raw else []}
    send = json.dumps({"query": source, "type": "flux", "dialect": dialect}).encode()
    answer = client.call("POST", "/api/v2/query", query={"org": client.org} if client.org else {}, body=send)
    if options.raw:
        sys.stdout.write(answer.body.decode())
        return
    for row in csv.reader(io.StringIO(answer.body.decode())):
        if row:
            print("\t".join(row[2:]))


def backup(client: Client, options: Namespace) -> None:
    """Write one file into the folder; its name begins with the time."""
    content = client.call("GET", "/api/v2/backup/standin").body
    folder = Path(options.path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        file = folder / f"{stamp}{SUFFIX}"
        file.write_bytes(gzip.compress(content))
    except OSError as error:
        raise CommandError(f"{folder}: {error.strerror}") from error
    print(f"backup written to {file} (form of the stand-in)")


def restore(client: Client, options: Namespace) -> None:
    """Send the folder's newest file back."""
    if options.full and (options.bucket or options.new_bucket):
        raise CommandError("--full restore cannot be limited to a single org or bucket")
    if options.new_bucket and not options.bucket:
        raise CommandError("--bucket-id or --bucket must be set to use --new-bucket")
    files = sorted(Path(options.path).glob(f"*{SUFFIX}"))
    if not files:
        raise CommandError(f"{options.path}: no backup found (a file that ends in {SUFFIX})")
    try:
        content = gzip.decompress(files[-1].read_bytes())
    except (OSError, EOFError) as error:
        raise CommandError(f"{files[-1]}: damaged: {error}") from error
    asked = {"full": str(options.full).lower(), "bucket": options.bucket, "newBucket": options.new_bucket}
    print(client.call("POST", "/api/v2/restore/standin", query=asked, body=content).text())


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path}: {error}") from error


def _print_table(headers: list[str], rows: list[list[str]], values: Any, options: Namespace) -> None:
    if options.json:
        print(json.dumps(values, indent=1))
        return
    for row in rows if options.hide_headers else [headers, *rows]:
        print("\t".join(row))
