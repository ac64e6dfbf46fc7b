"""Command line and SP_ variables of the proxy stood in for, as far as they are used; others are refused."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "TRACE", "OPTIONS")
_LEVELS = ("DEBUG", "INFO", "WARN", "ERROR")
_DEFAULTS = {
    "loglevel": "INFO", "listenip": "127.0.0.1", "proxyport": "2375", "allowfrom": "127.0.0.1/32",
    "socketpath": "/var/run/docker.sock", "watchdoginterval": "0", "shutdowngracetime": "10",
    "proxysocketendpoint": "", "proxysocketendpointfilemode": "0600",
}  # fmt: skip
_SWITCHES = ("allowhealthcheck", "stoponwatchdog", "logjson")


class Wrong(Exception):
    """A setting that cannot be used."""


@dataclass(frozen=True)
class Settings:
    """What the proxy was told. Intervals in seconds, 0 is off."""

    loglevel: str
    listenip: str
    proxyport: int
    allowfrom: tuple[str, ...]
    socketpath: str
    watchdoginterval: int
    shutdowngracetime: int
    proxysocketendpoint: str
    """Path of a Unix socket to listen on in place of the port; whoever can open it is a client."""
    proxysocketendpointfilemode: int
    allowhealthcheck: bool
    stoponwatchdog: bool
    logjson: bool
    rules: Mapping[str, tuple[re.Pattern[str], ...]] = field(repr=False)

    def allows(self, method: str, path: str) -> bool:
        """Whether a rule of that method matches the whole path (the query is not part of it)."""
        return any(rule.fullmatch(path) for rule in self.rules.get(method, ()))


def parse(words: Sequence[str], environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from `-name=value` words, over SP_NAME variables, over defaults."""
    values = dict(_DEFAULTS)
    rules: dict[str, list[str]] = {}
    for name in (*_DEFAULTS, *_SWITCHES):
        if f"SP_{name.upper()}" in environment:
            values[name] = environment[f"SP_{name.upper()}"]
    for variable, value in environment.items():
        if match := re.fullmatch(r"SP_ALLOW_([A-Z]+)(_[0-9A-Z_]+)?", variable):
            _rule(rules, match[1], value, variable)
    for word in words:
        name, given, value = word.lstrip("-").partition("=")
        if name.startswith("allow") and name[5:] in METHODS:
            _rule(rules, name[5:], value, word)
        elif not word.startswith("-") or name not in (*_DEFAULTS, *_SWITCHES):
            allowed = [
                *(f"-{key}=" for key in _DEFAULTS),
                *(f"-{key}" for key in _SWITCHES),
                "-allow<METHOD>=",
            ]
            raise Wrong(f"{word}: not known here; allowed: {' '.join(allowed)}")
        else:
            values[name] = value if given else "true"
    return _checked(values, rules)


def _rule(rules: dict[str, list[str]], method: str, pattern: str, source: str) -> None:
    if method not in METHODS:
        raise Wrong(f"{source}: {method} is no HTTP method; allowed: {', '.join(METHODS)}")
    rules.setdefault(method, []).append(pattern)


def _checked(values: Mapping[str, str], rules: Mapping[str, list[str]]) -> Settings:
    if values["loglevel"].upper() not in _LEVELS:
        raise Wrong(f"-loglevel={values['loglevel']}: allowed: {', '.join(_LEVELS)}")
    compiled = {}
    for method, patterns in rules.items():
        try:
            compiled[method] = tuple(re.compile(pattern) for pattern in patterns)
        except re.error as error:
            raise Wrong(f"-allow{method}: {error}") from None
    return Settings(
        loglevel=values["loglevel"].upper(), listenip=_address(values["listenip"]),
        proxyport=_number("proxyport", values, 1, 65535),
        allowfrom=tuple(part.strip() for part in values["allowfrom"].split(",")),
        socketpath=values["socketpath"], watchdoginterval=_number("watchdoginterval", values, 0, 86400),
        shutdowngracetime=_number("shutdowngracetime", values, 0, 3600),
        proxysocketendpoint=values["proxysocketendpoint"],
        proxysocketendpointfilemode=_mode("proxysocketendpointfilemode", values),
        allowhealthcheck=_switch("allowhealthcheck", values), stoponwatchdog=_switch("stoponwatchdog", values),
        logjson=_switch("logjson", values), rules=compiled,
    )  # fmt: skip


def _address(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        raise Wrong(f"-listenip={value}: should be an IP address") from None


def _number(name: str, values: Mapping[str, str], least: int, most: int) -> int:
    if not values[name].isdigit() or not least <= int(values[name]) <= most:
        raise Wrong(f"-{name}={values[name]}: should be a number from {least} to {most}")
    return int(values[name])


def _mode(name: str, values: Mapping[str, str]) -> int:
    if not re.fullmatch(r"0[0-7]{3}", values[name]):
        raise Wrong(f"-{name}={values[name]}: should be a file mode such as 0660")
    return int(values[name], 8)


def _switch(name: str, values: Mapping[str, str]) -> bool:
    value = values.get(name, "false").lower()
    if value not in ("true", "false", "1", "0", "t", "f"):
        raise Wrong(f"-{name}={value}: should be true or false")
    return value in ("true", "1", "t")
