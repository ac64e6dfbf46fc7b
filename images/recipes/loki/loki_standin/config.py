"""The mounted configuration: what is checked and used of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from standin.log import Refusal

# fmt: off
TOP_LEVEL = frozenset((
    "target", "auth_enabled", "http_prefix", "ballast_bytes", "server", "internal_server", "ui",
    "distributor", "querier", "query_engine", "query_scheduler", "frontend", "query_range", "ruler",
    "ruler_storage", "ingester_client", "ingester", "pattern_ingester", "index_gateway", "bloom_build",
    "bloom_gateway", "storage_config", "chunk_store_config", "schema_config", "compactor",
    "compactor_client", "compactor_grpc_client", "limits_config", "frontend_worker", "memberlist",
    "kafka_config", "dataobj", "ingest_limits", "ingest_limits_frontend", "ingest_limits_frontend_client",
    "runtime_config", "operational_config", "tracing", "analytics", "profiling",
    "tenant_limits_allow_publish", "legacy_read_target", "common", "shutdown_delay", "metrics_namespace",
))
# fmt: on
"""The keys of Loki 3's root configuration (pkg/loki/loki.go).

Another one stops the start, as in the real program.
"""

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|ms|s|m|h|d|w|y)")
_SECONDS = {
    "ns": 1e-9,
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1,
    "m": 60,
    "h": 3600,
    "d": 86400,
    "w": 604_800,
    "y": 31_536_000,
}
MAX_SAMPLE_AGE_SECONDS = 7 * 86400.0
"""Loki's default for `reject_old_samples_max_age`."""


@dataclass(frozen=True)
class Config:
    """Seconds and bytes; 0 is unlimited."""

    port: int
    folder: str
    needs_tenant: bool
    retention: float
    """How long lines are kept; 0 when the compactor deletes nothing."""
    oldest_push: float
    lookback: float
    max_line: int


def build(values: Mapping[str, Any], where: str) -> Config:
    """Check the configuration; `Refusal` names the path of what is wrong."""
    for key in values:
        if key not in TOP_LEVEL:
            raise Refusal(
                f"{where}: field {key} not found in type loki.ConfigWrapper (a misspelt top-level key)"
            )
    limits, compactor = _section(values, "limits_config", where), _section(values, "compactor", where)
    if not _section(values, "schema_config", where).get("configs"):
        raise Refusal(f"{where}: schema_config/configs: at least one period is needed")
    enabled = compactor.get("retention_enabled") is True
    if enabled and not compactor.get("delete_request_store"):
        raise Refusal(
            f"{where}: compactor/delete_request_store: should be configured when retention is enabled"
            " (filesystem, where chunks are on disk)"
        )
    period = _seconds(limits, "retention_period", where, 0)
    if period and period < 86400:
        raise Refusal(f"{where}: limits_config/retention_period: must be at least 24h")
    rejects = limits.get("reject_old_samples", True) is not False
    return Config(
        port=int(_section(values, "server", where).get("http_listen_port", 3100)),
        folder=str(_section(values, "common", where).get("path_prefix") or "/loki"),
        needs_tenant=values.get("auth_enabled", True) is not False,
        retention=period if enabled else 0,
        oldest_push=_seconds(limits, "reject_old_samples_max_age", where, MAX_SAMPLE_AGE_SECONDS)
        if rejects
        else 0,
        lookback=_seconds(limits, "max_query_lookback", where, 0),
        max_line=_bytes(limits.get("max_line_size", "256KB"), f"{where}: limits_config/max_line_size"),
    )


def _section(values: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    found = values.get(key) or {}
    if not isinstance(found, dict):
        raise Refusal(f"{where}: {key}: a mapping is expected, got {type(found).__name__}")
    return found


def _seconds(values: Mapping[str, Any], key: str, where: str, default: float) -> float:
    value = values.get(key)
    if value is None:
        return default
    text = str(value)
    if text == "0":
        return 0
    if _DURATION.sub("", text):
        raise Refusal(f"{where}: limits_config/{key}: {text!r} is no duration such as 336h")
    return sum(float(count) * _SECONDS[unit] for count, unit in _DURATION.findall(text))


def _bytes(value: Any, where: str) -> int:
    match = re.fullmatch(r"(\d+)\s*(B|KB|MB|KiB|MiB)?", str(value))
    if match is None:
        raise Refusal(f"{where}: {value!r} is no size such as 256KB")
    return int(match.group(1)) * {"KB": 1024, "KiB": 1024, "MB": 1 << 20, "MiB": 1 << 20}.get(
        match.group(2), 1
    )
