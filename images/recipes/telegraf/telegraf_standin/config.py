"""telegraf.conf: TOML with `${VAR}` from the environment and `@{store:key}` from secret stores."""

from __future__ import annotations

import re
import socket
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from standin.log import Refusal

INPUTS = (
    "docker", "redis", "rabbitmq", "prometheus", "postgresql_extensible", "x509_cert", "influxdb_v2_listener",
    "cpu", "mem", "swap", "system", "disk", "net",
)  # fmt: skip
OUTPUTS = ("influxdb_v2", "influxdb", "health")
SECTIONS = ("agent", "global_tags", "inputs", "outputs", "processors", "secretstores")
SECRETS = "/run/secrets"
Value = TypeVar("Value")
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
_SECRET = re.compile(r"@\{(\w+):([\w.-]+)\}")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")


@dataclass(frozen=True)
class Plugin:
    """One `[[inputs.x]]` or `[[outputs.x]]`, secrets put in."""

    name: str
    options: Mapping[str, Any]

    def text(self, key: str, default: str = "") -> str:
        """An option as text."""
        return str(self.options.get(key, default))

    def flag(self, key: str) -> bool:
        """An option as a switch, off where it is absent."""
        return self.options.get(key) is True

    def texts(self, key: str) -> list[str]:
        """An option as a list of text."""
        value = self.options.get(key) or []
        return [str(item) for item in (value if isinstance(value, list) else [value])]


@dataclass(frozen=True)
class Config:
    """Intervals in seconds."""

    interval: float
    flush_interval: float
    precision: float
    buffer_limit: int
    hostname: str
    tags: dict[str, str]
    renamed_tags: dict[str, str]
    """From processors.rename."""
    inputs: list[Plugin]
    outputs: list[Plugin]


def build(texts: Mapping[str, str], environment: Mapping[str, str]) -> Config:
    """Check the files (name -> text) as one configuration; `Refusal` names what is wrong."""
    parsed = {where: _sections(text, environment, where) for where, text in texts.items()}
    stores = _merged(_stores(v.get("secretstores", {}), where) for where, v in parsed.items())
    inputs = [p for where, v in parsed.items() for p in _plugins(v, "input", INPUTS, stores, where)]
    outputs = [p for where, v in parsed.items() for p in _plugins(v, "output", OUTPUTS, stores, where)]
    for plugin in inputs:
        seconds(plugin.options.get("interval", 0), f"inputs.{plugin.name}: interval")
    where = next(iter(parsed))
    for kind, found in (("inputs", inputs), ("outputs", outputs)):
        if not found:
            raise Refusal(f"{where}: no {kind} found, probably invalid config file provided")
    agent = _merged(v.get("agent", {}) for v in parsed.values())
    name = str(agent.get("hostname") or socket.gethostname())
    return Config(
        interval=seconds(agent.get("interval", "10s"), f"{where}: agent.interval"),
        flush_interval=seconds(agent.get("flush_interval", "10s"), f"{where}: agent.flush_interval"),
        precision=seconds(agent.get("precision") or "0s", f"{where}: agent.precision"),
        buffer_limit=int(agent.get("metric_buffer_limit", 10_000)),
        hostname="" if agent.get("omit_hostname") else name,
        tags=_merged({str(k): str(t) for k, t in v.get("global_tags", {}).items()} for v in parsed.values()),
        renamed_tags=_merged(_renamed(v.get("processors", {}), where) for where, v in parsed.items()),
        inputs=inputs,
        outputs=outputs,
    )


def _sections(text: str, environment: Mapping[str, str], where: str) -> dict[str, Any]:
    expanded = _VARIABLE.sub(lambda m: environment.get(m[1]) or m[2] or "", text)
    try:
        values = tomllib.loads(expanded)
    except tomllib.TOMLDecodeError as error:
        raise Refusal(f"{where}: error parsing data: {error}") from error
    for key in values:
        if key not in SECTIONS:
            raise Refusal(f"{where}: [{key}]: this stand-in knows {', '.join(SECTIONS)}")
    return values


def _merged(parts: Iterable[Mapping[str, Value]]) -> dict[str, Value]:
    return {key: value for part in parts for key, value in part.items()}


def _renamed(sections: Mapping[str, Any], where: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, entries in sections.items():
        if name != "rename":
            raise Refusal(f"{where}: undefined but requested processor: {name} (this stand-in knows rename)")
        for rule in (rule for entry in entries for rule in entry.get("replace", [])):
            if "tag" not in rule or "dest" not in rule:
                raise Refusal(f"{where}: processors.rename: this stand-in renames tags only (tag and dest)")
            found[str(rule["tag"])] = str(rule["dest"])
    return found


def _stores(sections: Mapping[str, Any], where: str) -> dict[str, Path]:
    stores: dict[str, Path] = {}
    for kind, entries in sections.items():
        if kind != "docker":
            raise Refusal(f"{where}: secretstores.{kind}: this stand-in knows docker")
        for entry in entries:
            ident = str(entry.get("id", ""))
            if not re.fullmatch(r"\w+", ident) or ident in stores:
                raise Refusal(f"{where}: secretstores.docker: id {ident!r}: one word, given once, is needed")
            stores[ident] = Path(str(entry.get("path", SECRETS)))
    return stores


def _plugins(
    values: Mapping[str, Any], kind: str, known: tuple[str, ...], stores: dict[str, Path], where: str
) -> list[Plugin]:
    found: list[Plugin] = []
    for name, entries in values.get(f"{kind}s", {}).items():
        if name not in known:
            raise Refusal(
                f"{where}: undefined but requested {kind}: {name} (this stand-in knows {', '.join(known)})"
            )
        for entry in entries if isinstance(entries, list) else [entries]:
            found.append(Plugin(name, _with_secrets(entry, stores, f"{where}: {kind}s.{name}")))
    return found


def _with_secrets(value: Any, stores: dict[str, Path], where: str) -> Any:
    if isinstance(value, dict):
        return {key: _with_secrets(inner, stores, f"{where}.{key}") for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_secrets(inner, stores, where) for inner in value]
    if isinstance(value, str):
        return _SECRET.sub(lambda match: _secret(match, stores, where), value)
    return value


def _secret(match: re.Match[str], stores: dict[str, Path], where: str) -> str:
    store, key = match.groups()
    if store not in stores:
        raise Refusal(
            f'{where}: unknown secret-store for @{{{store}:{key}}}; add [[secretstores.docker]] id = "{store}"'
        )
    try:
        return (stores[store] / key).read_text().rstrip("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal(
            f"{where}: secret {stores[store] / key}: {error}; mount it readable for user telegraf"
        ) from error


def seconds(value: Any, where: str) -> float:
    """Seconds of a duration such as `10s`, also written as a number."""
    text = str(value)
    if isinstance(value, (int, float)):
        return float(value)
    if not text or _DURATION.sub("", text):
        raise Refusal(f"{where}: {text!r}: a duration such as 10s is expected")
    return sum(
        float(n) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[unit] for n, unit in _DURATION.findall(text)
    )
