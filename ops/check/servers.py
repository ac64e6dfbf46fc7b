"""What the stores of the data layer know: logins, databases, buckets; read from the files that set them up."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ops.check.listening import Writer, writers_of
from ops.check.platform import Platform
from ops.model.service import Service

DEFINITIONS = "/run/secrets/rabbitmq-definitions.json"
KEEPER = "/etc/sprocket/keeper.sh"


@dataclass(frozen=True, kw_only=True)
class BucketAccount:
    """Keys of object storage, as names of secret values, and the buckets that they open."""

    access_key: str
    secret_key: str
    buckets: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Servers:
    """Logins are secret values by user name.

    Args:
        redis: user ``default`` is whoever names none.
        databases: owner by database.
        metrics: users of InfluxDB.
    """

    redis: Mapping[str, str]
    rabbitmq: Mapping[str, str]
    postgres: Mapping[str, str]
    databases: Mapping[str, str]
    buckets: frozenset[str]
    accounts: tuple[BucketAccount, ...]
    metrics: Mapping[str, str]
    metrics_buckets: frozenset[str]
    metrics_organization: str
    writers: tuple[Writer, ...] = field(default=())


def servers_of(platform: Platform) -> Servers:
    """Reads them all; what is not in the swarm is empty."""
    postgres = _keeper(platform, "postgres-keeper")
    influxdb = _keeper(platform, "influxdb-keeper")
    telegraf = platform.service("telegraf")
    return Servers(
        redis=_redis(platform.service("redis")),
        rabbitmq=_rabbitmq(platform.service("rabbitmq")),
        postgres=_logins(postgres, r"^\\set role '([^']+)'\n\\set password `cat ([^`]+)`"),
        databases=dict(
            re.findall(r"^\\set database '([^']+)'\n\\set owner '([^']+)'", _script(postgres), re.M)
        ),
        buckets=_buckets(platform),
        accounts=_accounts(platform),
        metrics=_logins(influxdb, r"^user (\S+) (/\S+)"),
        metrics_buckets=frozenset(re.findall(r"^bucket (\S+)$", _script(influxdb), re.M)),
        metrics_organization=next(iter(re.findall(r"orgs\?org=([^\"&]+)", _script(influxdb))), ""),
        writers=tuple(writers_of(telegraf)) if telegraf else (),
    )


def _keeper(platform: Platform, name: str) -> Service | None:
    return platform.service(name)


def _script(service: Service | None) -> str:
    file = service.file(KEEPER) if service else None
    return file.text if file else ""


def _secret(service: Service, at: str) -> str:
    file = service.file(at)
    return file.secrets[0] if file and file.secrets else ""


def _logins(keeper: Service | None, pattern: str) -> dict[str, str]:
    """User and file with the password, as a keeper's script names them."""
    if keeper is None:
        return {}
    return {name: _secret(keeper, at) for name, at in re.findall(pattern, _script(keeper), re.M)}


def _redis(service: Service | None) -> dict[str, str]:
    text = "\n".join(file.text for file in service.files if file.at.endswith(".conf")) if service else ""
    return dict(re.findall("^user (\\S+) on >\ue000([^\ue001]+)", text, re.M))


def _rabbitmq(service: Service | None) -> dict[str, str]:
    """Of the definitions that the broker imports when it starts."""
    file = service.file(DEFINITIONS) if service else None
    users = json.loads(file.text)["users"] if file and not file.problem else []
    found = {user["name"]: re.fullmatch("\ue000([^\ue001]+)\ue001", user["password"]) for user in users}
    return {name: password[1] for name, password in found.items() if password}


def _buckets(platform: Platform) -> frozenset[str]:
    """Made by MinIO's keeper; on Spaces by the cloud stack, so there the declaration is all there is."""
    keeper = _keeper(platform, "minio-keeper")
    if keeper is None:
        return frozenset(platform.declared.buckets)
    return frozenset(re.findall(r" mb --ignore-existing store/(\S+)", _script(keeper)))


def _accounts(platform: Platform) -> tuple[BucketAccount, ...]:
    keeper = _keeper(platform, "minio-keeper")
    if keeper is None:
        return tuple(
            BucketAccount(access_key=a.access_key, secret_key=a.secret_key, buckets=frozenset(a.buckets))
            for a in platform.declared.accounts
        )
    found = []
    for policy_at, keys_at in re.findall(r"^account \S+ (/\S+) (/\S+)$", _script(keeper), re.M):
        policy, keys = keeper.file(policy_at), keeper.file(keys_at)
        names = keys.secrets if keys else []
        if policy and len(names) == 2:
            found.append(
                BucketAccount(access_key=names[0], secret_key=names[1], buckets=_covered(policy.text))
            )
    return tuple(found)


def _covered(policy: str) -> frozenset[str]:
    """Buckets whose objects a policy lets its holder write."""
    statements = json.loads(policy)["Statement"]
    return frozenset(
        resource.removeprefix("arn:aws:s3:::").removesuffix("/*")
        for statement in statements
        if statement["Effect"] == "Allow" and "s3:PutObject" in statement["Action"]
        for resource in statement["Resource"]
    )
