"""What the constructs know and Terraform's JSON does not say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sprocket_constructs import Access

from layers.services import ServicesStack


@dataclass(frozen=True, kw_only=True)
class DeclaredSecret:
    """A secret value: its name, who owns it, and the Terraform reference to it.

    Args:
        administers: the server that it opens all of; empty where it opens a part or none.
    """

    name: str
    owner: str
    reference: str
    path: str
    administers: str = ""


@dataclass(frozen=True, kw_only=True)
class DeclaredAccount:
    """An account of object storage: the secret values that are its keys, and its buckets."""

    access_key: str
    secret_key: str
    buckets: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Declared:
    """Facts of a finished stack.

    Args:
        listens: ports of each service by their names.
        access: who may use a route, by service and rule.
        data: for each path of a service that keeps data: its backup, or the reason for none; empty when neither
            was said.
        unchecked: reasons for having no health check, by service.
        buckets: of object storage.
    """

    listens: Mapping[str, Mapping[str, int]]
    access: Mapping[tuple[str, str], Access]
    data: Mapping[tuple[str, str], str]
    unchecked: Mapping[str, str]
    secrets: tuple[DeclaredSecret, ...]
    buckets: tuple[str, ...]
    accounts: tuple[DeclaredAccount, ...]


def declared_by(stack: ServicesStack) -> Declared:
    """Reads a stack that was synthesized."""
    storage, administrators = stack.data.object_storage, stack.secrets.administrators
    return Declared(
        listens={service.name: dict(service.listens) for service in stack.services},
        access={(route.service.name, route.rule): route.access for route in stack.ingress.gateway.routes},
        data=_data(stack),
        unchecked={s.name: s.health.because for s in stack.services if s.health.because},
        secrets=tuple(
            DeclaredSecret(
                name=v.name,
                owner=v.owner,
                reference=v.reference,
                path=v.node.path,
                administers=administrators.get(v.name, ""),
            )
            for v in stack.secret_values.values()
        ),
        buckets=tuple(bucket.name for bucket in storage.buckets),
        accounts=tuple(
            DeclaredAccount(access_key=a.access_key.name, secret_key=a.secret_key.name, buckets=a.buckets)
            for a in storage.accounts
        ),
    )


def _data(stack: ServicesStack) -> dict[tuple[str, str], str]:
    return {
        (service.name, mount.target): mount.because or (mount.backup.in_words if mount.backup else "")
        for service in stack.services
        for mount in service.data_mounts
    }
