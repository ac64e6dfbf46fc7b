"""What layers render for programs of others: files, arguments and labels, each with the record of what the program knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

from ops.model.file import MountedFile
from ops.model.service import Service
from tests.policy import alloy_syntax
from tests.policy.recorded_keys import records

Read = Callable[[MountedFile], Any]


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A file, or what stands for one, and what is in it as nested mappings."""

    name: str
    program: str
    what: str
    document: Any

    @property
    def refusals(self) -> list[str]:
        """One sentence for each key that its program does not know."""
        return records()[self.program, self.what].refusals(self.document, file=self.name)


def _data(file: MountedFile) -> Any:
    assert not file.problem, f"{file.at} {file.problem}"
    return file.data


def _below(section: str) -> Read:
    """Provisioning files say by their folder what they are."""
    return lambda file: {section: _data(file)}


def _assignments(file: MountedFile) -> Any:
    return {value.key: value.value for value in file.values}


def _first_words(file: MountedFile) -> Any:
    return {line.split()[0]: line for line in _lines(file)}


def _dotted(file: MountedFile) -> Any:
    return {line.partition("=")[0].strip(): line for line in _lines(file)}


def _lines(file: MountedFile) -> list[str]:
    return [line for line in file.text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


FILES: tuple[tuple[str, str, str, Read], ...] = (
    ("/etc/telegraf/*.conf", "telegraf", "config", _data),
    ("/etc/loki/*.yaml", "loki", "config", _data),
    ("/etc/alloy/*.alloy", "alloy", "config", lambda file: alloy_syntax.blocks(file.text)),
    ("/etc/grafana/grafana.ini", "grafana", "settings", _data),
    ("/etc/grafana/provisioning/alerting/*.yaml", "grafana", "provisioning", _below("alerting")),
    ("/etc/grafana/provisioning/dashboards/*.yaml", "grafana", "provisioning", _below("dashboards")),
    ("/etc/grafana/provisioning/datasources/*.yaml", "grafana", "provisioning", _below("datasources")),
    ("/etc/grafana/dashboards/*.json", "grafana", "dashboard", _data),
    ("/etc/sprocket/influxdb.env", "influxdb", "environment", _assignments),
    ("/etc/sprocket/policies/*.json", "minio", "policy", _data),
    ("/run/secrets/buckets.json", "minio", "aliases", _data),
    ("/run/secrets/minio.env", "minio", "environment", _assignments),
    ("/run/secrets/backup-store.env", "minio", "environment", _assignments),
    ("/etc/rabbitmq/conf.d/*.conf", "rabbitmq", "config", _dotted),
    ("/run/secrets/rabbitmq-definitions.json", "rabbitmq", "definitions", _data),
    ("/usr/local/etc/redis/redis.conf", "redis", "config", _first_words),
    ("/etc/traefik/traefik.yml", "traefik", "static", _data),
    ("/etc/traefik/dynamic.yml", "traefik", "dynamic", _data),
    ("/plugins-local/src/*/.traefik.yml", "traefik", "plugin", _data),
    ("/run/secrets/forward-auth.yaml", "forward-auth", "config", _data),
    ("/run/secrets/tinyauth.env", "tinyauth", "environment", _assignments),
)
"""Where a file lies, which program reads it, which of its records says what it may hold, and how to read it."""

ARGUMENTS = {
    "alloy": "alloy",
    "collectors-socket-proxy": "socket-proxy",
    "forward-auth": "forward-auth",
    "minio": "minio",
    "postgres": "postgres",
    "socket-proxy": "socket-proxy",
    "swarm-socket-proxy": "socket-proxy",
}
"""Services with flags, and the program that takes them."""

OURS = ("/etc/fake-discord/*",)
"""Read by programs of this repository, which check their files themselves."""

CONFIGURATION = (".alloy", ".cfg", ".conf", ".env", ".ini", ".json", ".toml", ".yaml", ".yml")
"""Files with keys have such an ending; others are scripts, certificates, and secrets of one value."""


def rendered(services: Iterable[Service]) -> Iterator[Rendered]:
    """Everything that programs of others read; the application's own files have tests of their own."""
    for service in services:
        if labels := _tree(label for label in service.labels if label.startswith("traefik.")):
            yield Rendered(
                name=f"labels of {service.name}", program="traefik", what="labels", document=labels
            )
        if service.instance:
            continue
        if flags := _flags(service):
            program = ARGUMENTS.get(service.name, service.name)
            document = dict.fromkeys(flags)
            yield Rendered(
                name=f"arguments of {service.name}", program=program, what="arguments", document=document
            )
        for file in service.files:
            for pattern, program, what, read in FILES:
                if fnmatch(file.at, pattern):
                    yield Rendered(name=file.at, program=program, what=what, document=read(file))


def without_record(services: Iterable[Service]) -> set[str]:
    """Files with keys, and flags, that no record is named for above."""
    known = [pattern for pattern, *_ in FILES] + list(OURS)
    found: set[str] = set()
    for service in services:
        if service.instance:
            continue
        found |= {
            file.at
            for file in service.files
            if file.at.endswith(CONFIGURATION) and not any(fnmatch(file.at, pattern) for pattern in known)
        }
        if _flags(service) and service.name not in ARGUMENTS:
            found.add(f"arguments of {service.name}")
    return found


def _flags(service: Service) -> list[str]:
    return [arg.lstrip("-").partition("=")[0] for arg in service.args if arg.startswith("-")]


def _tree(labels: Iterable[str]) -> dict[str, Any]:
    """``{"traefik": {"http": ...}}``."""
    tree: dict[str, Any] = {}
    for label in labels:
        *parents, last = label.split(".")
        holder = tree
        for parent in parents:
            holder = holder.setdefault(parent, {})
        holder.setdefault(last, None)
    return tree
