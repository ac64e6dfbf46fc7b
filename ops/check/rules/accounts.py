"""Clients of a store sign in with an account that exists there and has the rights that they need."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ops.check.application import PROGRAMS
from ops.check.finding import Finding
from ops.check.platform import Platform
from ops.check.servers import Servers, servers_of
from ops.model.file import MountedFile
from ops.model.service import Service

_LOGIN = re.compile("\\b(amqp|redis)://([^:@/\\s]*):\ue000([^\ue001]*)\ue001@")
_BUCKET_KEYS = ("minio/bucketNames/replays", "minio/bucketNames/image_generation", "minio/bucket")
_DATABASE_KEYS = (("db/username", "db/database"), ("knex/user", "knex/database"))


def logins_are_known(platform: Platform) -> Iterator[Finding]:
    """User and password in a URL are those of the server."""
    servers = servers_of(platform)
    for service in platform.services:
        for file in service.files:
            for value in file.values:
                for scheme, user, secret in _LOGIN.findall(str(value.value)):
                    logins = servers.rabbitmq if scheme == "amqp" else servers.redis
                    path = f"{service.path}: {file.at}: {value.key}"
                    yield from _login(path, scheme, user or "default", secret, logins)


def redis_passwords_are_known(platform: Platform) -> Iterator[Finding]:
    """The password in its file is the server's."""
    servers = servers_of(platform)
    for service in platform.services:
        file = service.file("/app/secret/redis-password.txt")
        if file and file.secrets:
            yield from _login(
                f"{service.path}: {file.at}", "redis", "default", file.secrets[0], servers.redis
            )


def database_logins_exist(platform: Platform) -> Iterator[Finding]:
    """The database exists, the role owns it, and the password in the file is the role's."""
    servers = servers_of(platform)
    for service, settings in _applications(platform):
        for user_key, database_key in _DATABASE_KEYS:
            user, database = settings.get(user_key), settings.get(database_key)
            if isinstance(user, str) and isinstance(database, str):
                yield from _database(service, settings, servers, (user_key, user), (database_key, database))


def bucket_accounts_exist(platform: Platform) -> Iterator[Finding]:
    """The bucket exists, and the service's keys open it."""
    servers = servers_of(platform)
    for service, settings in _applications(platform):
        keys = _keys(service)
        named = [(key, settings.get(key)) for key in _BUCKET_KEYS]
        for key, bucket in named:
            if isinstance(bucket, str):
                yield from _bucket(f"{service.path}: {settings.at}: {key}", bucket, keys, servers)
        yield from _pair_of_keys(service, keys, servers)


def metrics_arrive(platform: Platform) -> Iterator[Finding]:
    """The bucket exists, and the token that is sent to that port writes into it."""
    servers = servers_of(platform)
    for service, settings in _applications(platform):
        address, bucket = settings.get("influx/address"), settings.get("influx/bucket")
        token = service.file("/app/secret/influx-token")
        if not isinstance(address, str) or not isinstance(bucket, str) or token is None:
            continue
        path = f"{service.path}: {settings.at}"
        if bucket not in servers.metrics_buckets:
            yield _finding(f"{path}: influx/bucket", f"is {bucket}", "InfluxDB has no such bucket; it has "
                           + ", ".join(sorted(servers.metrics_buckets)), "declare it: influxdb.bucket(...)")  # fmt: skip
        if settings.get("influx/org") != servers.metrics_organization:
            yield _finding(f"{path}: influx/org", f"is {settings.get('influx/org')}",
                           f"InfluxDB's organization is {servers.metrics_organization}", "use influxdb.organization")  # fmt: skip
        yield from _writer(f"{path}: influx/address", address, bucket, token.secrets, servers)


def collectors_have_accounts(platform: Platform) -> Iterator[Finding]:
    """Telegraf and Grafana sign in to stores with the passwords that the stores give their users."""
    servers = servers_of(platform)
    for user, at, server, logins in (
        ("telegraf", "/run/secrets/influxdb", "influxdb", servers.metrics),
        ("telegraf", "/run/secrets/postgres", "postgres", servers.postgres),
        ("telegraf", "/etc/telegraf/telegraf.d/redis.conf", "redis", servers.redis),
        ("grafana", "/run/secrets/influxdb-password", "influxdb", servers.metrics),
    ):
        service = platform.service(user)
        file = service.file(at) if service else None
        if service and file and file.secrets:
            yield from _login(f"{service.path}: {at}", server, user, file.secrets[0], logins)


def _applications(platform: Platform) -> Iterator[tuple[Service, MountedFile]]:
    for service in platform.services:
        program = PROGRAMS.get(service.short_name) if service.instance else None
        file = service.file(program.settings) if program else None
        if file:
            yield service, file


def _login(path: str, server: str, user: str, secret: str, logins: Mapping[str, str]) -> Iterator[Finding]:
    if logins and logins.get(user) != secret:
        known = f"expects {logins[user]} for {user}" if user in logins else f"has no user {user}"
        yield _finding(
            path,
            f"signs in as {user} with {secret}",
            f"the server ({server}) {known}, and would refuse the login",
            "pass the server's own secret: " + (logins.get(user) or ", ".join(sorted(logins.values()))),
        )


def _database(
    service: Service,
    settings: MountedFile,
    servers: Servers,
    user: tuple[str, str],
    database: tuple[str, str],
) -> Iterator[Finding]:
    path = f"{service.path}: {settings.at}"
    owner = servers.databases.get(database[1])
    if owner is None:
        yield _finding(f"{path}: {database[0]}", f"is {database[1]}", "Postgres has no such database; it has "
                       + ", ".join(sorted(servers.databases)), "declare it: postgres.database(...)")  # fmt: skip
    elif owner != user[1]:
        yield _finding(f"{path}: {user[0]}", f"is {user[1]}", f"only role {owner} may connect to {database[1]}",
                       "use the database's own role")  # fmt: skip
    for file in service.files:
        if file.at.endswith(("/db-password.txt", "/db-secret.txt")) and file.secrets:
            yield from _login(
                f"{service.path}: {file.at}", "postgres", user[1], file.secrets[0], servers.postgres
            )


def _keys(service: Service) -> tuple[str, str] | None:
    found = [service.file(f"/app/secret/minio-{part}.txt") for part in ("access", "secret")]
    names = [file.secrets[0] for file in found if file and file.secrets]
    return (names[0], names[1]) if len(names) == 2 else None


def _bucket(path: str, bucket: str, keys: tuple[str, str] | None, servers: Servers) -> Iterator[Finding]:
    if bucket not in servers.buckets:
        yield _finding(path, f"is {bucket}", f"object storage has no such bucket; it has {', '.join(sorted(servers.buckets))}",
                       "declare it: object_storage.bucket(...)")  # fmt: skip
        return
    opened = next((a.buckets for a in servers.accounts if keys and a.access_key == keys[0]), None)
    if keys and bucket not in (opened or ()):
        yield _finding(path, f"is {bucket}", f"the keys of {keys[0]} give access only to {', '.join(sorted(opened or ())) or 'nothing'}",
                       "add the bucket to the account: object_storage.account(buckets=...)")  # fmt: skip


def _pair_of_keys(service: Service, keys: tuple[str, str] | None, servers: Servers) -> Iterator[Finding]:
    if keys and keys not in {(account.access_key, account.secret_key) for account in servers.accounts}:
        yield _finding(f"{service.path}: /app/secret/minio-secret.txt", f"is {keys[1]}, with access key {keys[0]}",
                       "object storage has no account with that pair, and would refuse every request",
                       "mount both keys of one account")  # fmt: skip


def _writer(path: str, address: str, bucket: str, tokens: list[str], servers: Servers) -> Iterator[Finding]:
    port = address.rpartition(":")[2].partition("/")[0]
    writer = next((each for each in servers.writers if str(each.port) == port), None)
    if writer is None:
        return
    if writer.bucket != bucket:
        yield _finding(path, f"is port {port}", f"points sent there go to bucket {writer.bucket}, not to {bucket}",
                       "use the address that telegraf.connect(client, token) returns")  # fmt: skip
    if [writer.token] != tokens:
        yield _finding(path, f"is port {port}", f"it accepts token {writer.token}, and the service has {', '.join(tokens) or 'none'}",
                       "mount the token that belongs to the port")  # fmt: skip


def _finding(path: str, what: str, cause: str, fix: str) -> Finding:
    return Finding(path=path, what=what, cause=cause, fix=fix)
