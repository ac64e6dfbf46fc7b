"""Settings from GF_* variables and from the files named by GF_*__FILE."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from standin.log import Refusal

SUFFIX = "__FILE"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def with_files(environment: Mapping[str, str]) -> dict[str, str]:
    """All GF_* variables, those with __FILE replaced by the file's content.

    Both at once is an error, as in the image.
    """
    values = {key: value for key, value in environment.items() if key.startswith("GF_")}
    for key in [key for key in values if key.endswith(SUFFIX)]:
        name, path = key[: -len(SUFFIX)], Path(values.pop(key))
        if environment.get(name):
            raise Refusal(f"both {name} and {key} are set (but are exclusive)")
        try:
            values[name] = path.read_text().rstrip("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise Refusal(
                f"{key}: {path}: cannot be read ({error}); mount it or change the variable"
            ) from error
    return values


@dataclass(frozen=True)
class Database:
    """Where state is kept: sqlite3 in the data folder, or Postgres."""

    type: str = "sqlite3"
    host: str = "127.0.0.1"
    port: int = 5432
    name: str = "grafana"
    user: str = "root"
    password: str = field(default="", repr=False)
    ssl_mode: str = "disable"


@dataclass(frozen=True)
class Settings:
    """What this stand-in uses of Grafana's settings, with Grafana's defaults."""

    port: int
    provisioning: Path
    data: Path
    admin_user: str
    admin_password: str = field(repr=False)
    anonymous: bool
    proxy_header: str
    """Header that signs users in, empty when off."""
    proxy_networks: tuple[Network, ...]
    """Addresses that may send it; empty is everyone."""
    home_dashboard: str
    """File of the page after sign-in, empty for the program's own."""
    database: Database


def build(values: Mapping[str, str]) -> Settings:
    """Check and convert."""
    proxy = _switch(values, "GF_AUTH_PROXY_ENABLED")
    header = values.get("GF_AUTH_PROXY_HEADER_NAME") or "X-WEBAUTH-USER"
    return Settings(
        port=_number(values, "GF_SERVER_HTTP_PORT", 3000),
        provisioning=Path(values.get("GF_PATHS_PROVISIONING") or "/etc/grafana/provisioning"),
        data=Path(values.get("GF_PATHS_DATA") or "/var/lib/grafana"),
        admin_user=values.get("GF_SECURITY_ADMIN_USER") or "admin",
        admin_password=values.get("GF_SECURITY_ADMIN_PASSWORD") or "admin",
        anonymous=_switch(values, "GF_AUTH_ANONYMOUS_ENABLED"),
        proxy_header=header if proxy else "",
        proxy_networks=_networks(values.get("GF_AUTH_PROXY_WHITELIST") or ""),
        home_dashboard=values.get("GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH") or "",
        database=_database(values),
    )


def _database(values: Mapping[str, str]) -> Database:
    kind = values.get("GF_DATABASE_TYPE") or "sqlite3"
    if kind not in ("sqlite3", "postgres"):
        raise Refusal(
            f"GF_DATABASE_TYPE: {kind!r}: sqlite3 or postgres is allowed here (mysql: not this stand-in)"
        )
    mode = values.get("GF_DATABASE_SSL_MODE") or "disable"
    if mode not in ("disable", "require", "verify-ca", "verify-full"):
        raise Refusal(
            f"GF_DATABASE_SSL_MODE: {mode!r}: disable, require, verify-ca or verify-full is allowed"
        )
    host, sign, port = (values.get("GF_DATABASE_HOST") or "127.0.0.1:3306").rpartition(":")
    if not sign:
        host, port = port, "5432"
    if not port.isdigit():
        raise Refusal(f"GF_DATABASE_HOST: port {port!r} is not a number; host:port is expected")
    return Database(
        type=kind,
        host=host,
        port=int(port),
        name=values.get("GF_DATABASE_NAME") or "grafana",
        user=values.get("GF_DATABASE_USER") or "root",
        password=values.get("GF_DATABASE_PASSWORD") or "",
        ssl_mode=mode,
    )


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(
            ipaddress.ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip()
        )
    except ValueError as error:
        raise Refusal(f"GF_AUTH_PROXY_WHITELIST: {error}") from error


def _number(values: Mapping[str, str], key: str, default: int) -> int:
    text = values.get(key) or str(default)
    if not text.isdigit():
        raise Refusal(f"{key}: {text!r} is not a number")
    return int(text)


def _switch(values: Mapping[str, str], key: str) -> bool:
    text = (values.get(key) or "false").lower()
    if text not in ("true", "false", "1", "0", "yes", "no", "on", "off"):
        raise Refusal(f"{key}: {text!r}: true or false is allowed")
    return text in ("true", "1", "yes", "on")
