"""Ports that a service listens on: those it was declared with, and those that its own configuration opens."""

from __future__ import annotations

from dataclasses import dataclass

from ops.model.service import Service

TELEGRAF = "/etc/telegraf/telegraf.conf"
LOOPBACK = "//127.0.0.1:"
TOKEN_FILES = "/run/secrets"


@dataclass(frozen=True, kw_only=True)
class Writer:
    """A port of Telegraf for writers with one token, and the bucket that their points go to."""

    port: int
    token: str
    bucket: str


def ports_of(service: Service) -> set[int]:
    """All of them. Telegraf opens one for each token, which its declaration does not name."""
    return {*service.listens.values(), *(writer.port for writer in writers_of(service))}


def own_ports_of(service: Service) -> set[int]:
    """The same, and those on its loopback, which nobody else reaches: where Telegraf is told of deploys."""
    config = service.file(TELEGRAF)
    inputs = config.data.get("inputs", {}) if config and isinstance(config.data, dict) else {}
    addresses = [str(each.get("service_address", "")) for each in inputs.get("http_listener_v2", [])]
    return {*ports_of(service), *(int(each.rpartition(":")[2]) for each in addresses if LOOPBACK in each)}


def writers_of(service: Service) -> list[Writer]:
    """Telegraf's listeners; the token is the name of the secret value in the file that it is read from."""
    config = service.file(TELEGRAF)
    data = config.data if config else None
    if not isinstance(data, dict):
        return []
    return [
        Writer(
            port=int(str(each.get("service_address", ":0")).rpartition(":")[2]),
            token=_token(service, str(each.get("token", ""))),
            bucket=str(each.get("tags", {}).get("bucket", "")),
        )
        for each in data.get("inputs", {}).get("influxdb_v2_listener", [])
    ]


def _token(service: Service, reference: str) -> str:
    """``@{files:name}`` is the file of that name."""
    name = reference.removeprefix("@{files:").removesuffix("}")
    file = service.file(f"{TOKEN_FILES}/{name}")
    return file.secrets[0] if file and file.secrets else ""
