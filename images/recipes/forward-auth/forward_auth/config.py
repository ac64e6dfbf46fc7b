"""The checked configuration. Refuses what the real program refuses, with the same words where it has any."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from standin.log import Refusal

from forward_auth import raw_config as raw
from forward_auth.auth_rule import parse_auth_rule
from forward_auth.domains import matching_domain
from forward_auth.expression import ExpressionError, Test
from forward_auth.forwarded import Forwarded
from forward_auth.route_rule import parse_route_rule

ACTIONS = ("auth", "soft-auth", "allow", "login", "logout", "callback")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Provider:
    """Where to send the browser, where to change the code for a token, where to ask about the user."""

    auth_url: str
    token_url: str
    user_url: str
    client_id: str
    client_secret: str
    scopes: list[str]
    token_style: str
    prompt: str
    resource: str

    name = "generic-oauth"


@dataclass(frozen=True)
class Rule:
    """What to do with the requests that match. The highest priority wins."""

    name: str
    action: str
    priority: int
    applies: Test[Forwarded]
    allows: Test[Any]


@dataclass(frozen=True)
class Config:
    """All settings, checked."""

    secret: bytes
    auth_hosts: list[str]
    cookie_domains: list[str]
    insecure_cookie: bool
    cookie_name: str
    csrf_cookie_name: str
    lifetime: int
    callback_path: str
    port: int
    info_fields: list[str]
    trusted: list[Network]
    provider: Provider
    rules: list[Rule]
    headers: list[tuple[str, str]]


def build(file: Mapping[str, Any], environment: Mapping[str, str]) -> Config:
    """Check everything; `Refusal` for the first thing that is wrong."""
    values = raw.merge(file, environment)
    secret = raw.text(values["secret"], "secret")
    if not secret:
        raise Refusal('"secret" option must be set')
    callback = raw.text(values["callback-path"], "callback-path")
    callback = callback if callback.startswith("/") or not callback else f"/{callback}"
    domains = raw.texts(values["cookie-domains"], "cookie-domains")
    hosts = raw.texts(values["auth-host"], "auth-host")
    fields = raw.texts(values["info-fields"], "info-fields")
    trusted = _trusted(raw.texts(values["trusted-ip-addresses"], "trusted-ip-addresses"))
    rules = _with_built_in(raw.mapping(values["rules"], "rules"), callback)
    for host in hosts:
        if matching_domain(domains, host) is None:
            raise Refusal(
                f'"auth-host" option must match one of "cookie-domains" ({host}; now: {", ".join(domains)})'
            )
    return Config(
        secret=secret.encode(),
        auth_hosts=hosts,
        cookie_domains=domains,
        insecure_cookie=raw.switch(values["insecure-cookie"], "insecure-cookie"),
        cookie_name=raw.text(values["cookie-name"], "cookie-name"),
        csrf_cookie_name=raw.text(values["csrf-cookie-name"], "csrf-cookie-name"),
        lifetime=raw.number(values["lifetime"], "lifetime"),
        callback_path=callback,
        port=raw.number(values["port"], "port"),
        info_fields=fields,
        trusted=trusted,
        provider=_provider(values),
        rules=sorted((_rule(name, rule, fields) for name, rule in rules.items()), key=lambda r: -r.priority),
        headers=[_header(name, h, fields) for name, h in raw.mapping(values["headers"], "headers").items()],
    )


def _with_built_in(rules: dict[str, Any], callback: str) -> dict[str, Any]:
    """The file's rules and the three that stand where the file has none of that name."""
    built_in: dict[str, Any] = {
        "default": {"action": "auth", "priority": -10000},
        "callback": {"action": "callback", "route-rule": f"Path(`{callback}`)", "priority": 1},
        "health": {
            "action": "allow",
            "route-rule": "!HeaderRegexp(`X-Forwarded-Host`, `.+`) && Path(`/healthz`)",
            "priority": 1,
        },
    }
    return {**built_in, **rules}


def _rule(name: str, value: Any, info_fields: list[str]) -> Rule:
    key = f"rules.{name}"
    entry = raw.mapping(value, key)
    action = raw.text(entry.get("action"), f"{key}.action")
    if action not in ACTIONS:
        raise Refusal(f"{key}: invalid rule action {action!r}, must be one of: {', '.join(ACTIONS)}")
    route = raw.text(entry.get("route-rule"), f"{key}.route-rule") or "PathPrefix(`/`)"
    auth = raw.text(entry.get("auth-rule"), f"{key}.auth-rule") or "True()"
    try:
        return Rule(
            name=name,
            action=action,
            priority=raw.number(entry.get("priority"), f"{key}.priority") or len(route),
            applies=parse_route_rule(route),
            allows=parse_auth_rule(auth, info_fields),
        )
    except ExpressionError as error:
        raise Refusal(f"{key}: {error}") from error


def _header(name: str, value: Any, info_fields: list[str]) -> tuple[str, str]:
    key = f"headers.{name}"
    entry = raw.mapping(value, key)
    header = raw.text(entry.get("name"), f"{key}.name")
    source = raw.text(entry.get("source"), f"{key}.source")
    if not header or not source:
        raise Refusal(f'{key}: header "name" and header value "source" must be set')
    if source not in info_fields:
        raise Refusal(
            f'{key}: source "{source}" of header "{header}" is not going to be included in generated tokens'
            ' - include it in "info-fields" config'
        )
    return header, source


def _provider(values: dict[str, Any]) -> Provider:
    selected = raw.text(values["provider"], "provider")
    if selected in ("google", "oidc"):
        raise Refusal(f"provider: {selected}: this stand-in knows generic-oauth only")
    if selected != "generic-oauth":
        raise Refusal(f"unknown provider: {selected}")
    key = "providers.generic-oauth"
    entry = raw.mapping(raw.mapping(values["providers"], "providers").get(selected), key)
    needed = ("auth-url", "token-url", "user-url", "client-id", "client-secret")
    missing = [f"{key}.{name}" for name in needed if not raw.text(entry.get(name), f"{key}.{name}")]
    if missing:
        raise Refusal(f"{', '.join(missing)} must be set")
    return Provider(
        auth_url=raw.text(entry["auth-url"], key),
        token_url=raw.text(entry["token-url"], key),
        user_url=raw.text(entry["user-url"], key),
        client_id=raw.text(entry["client-id"], key),
        client_secret=raw.text(entry["client-secret"], key),
        scopes=raw.texts(entry.get("scopes"), f"{key}.scopes"),
        token_style=raw.text(entry.get("token-style"), key),
        prompt=raw.text(entry.get("prompt"), key),
        resource=raw.text(entry.get("resource"), key),
    )


def _trusted(addresses: list[str]) -> list[Network]:
    try:
        return [ipaddress.ip_network(address, strict=False) for address in addresses]
    except ValueError as error:
        raise Refusal(f"trusted-ip-addresses: {error}") from error
