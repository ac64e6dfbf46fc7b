"""The configuration as the real program's reader (viper) sees it: file, environment and defaults in one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from standin.log import Refusal

DEFAULTS: dict[str, Any] = {
    "log-level": "warn",
    "log-format": "text",
    "cookie-name": "_forward_auth",
    "csrf-cookie-name": "_forward_auth_csrf",
    "lifetime": "43200",
    "callback-path": "/_oauth",
    "port": "4181",
    "info-fields": "email",
    "provider": "google",
    "insecure-cookie": False,
    "secret": "",
    "auth-host": [],
    "cookie-domains": [],
    "trusted-ip-addresses": [],
    "providers": {
        "google": {"prompt": "select_account"},
        "oidc": {"scopes": "profile,email"},
        "generic-oauth": {
            "token-style": "header",
            "scopes": "profile,email",
            "auth-url": "",
            "token-url": "",
            "user-url": "",
            "client-id": "",
            "client-secret": "",
            "prompt": "",
            "resource": "",
        },
    },
    "rules": {},
    "headers": {"default": {"name": "X-Forwarded-User", "source": "email"}},
}
"""The real program's defaults.

The default header stays even when the file names others, with source `email`.
"""


def merge(file: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Defaults, overlaid by the file (keys in any case), overlaid by the environment.

    A variable is the dotted key in upper case with `_` for `.` and `-`: SECRET, PROVIDERS_GENERIC_OAUTH_CLIENT_ID.
    """
    return _from_environment(_overlay(DEFAULTS, _lower(file)), environment, "")


def unknown_keys(file: Mapping[str, Any]) -> list[str]:
    """Keys of the file that the real program ignores in silence (a misspelt `auth-rule` opens a route)."""
    found = [key for key in _lower(file) if key not in DEFAULTS]
    known = {"action", "route-rule", "priority", "auth-rule"}
    for section, allowed in (("rules", known), ("headers", {"name", "source"})):
        entries = _lower(file).get(section)
        for name, entry in (entries if isinstance(entries, dict) else {}).items():
            found += [f"{section}.{name}.{key}" for key in (entry or {}) if key not in allowed]
    return found


def _lower(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key).lower(): _lower(inner) for key, inner in value.items()}
    return value


def _overlay(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _overlay(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _from_environment(values: dict[str, Any], environment: Mapping[str, str], prefix: str) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}".upper().replace(".", "_").replace("-", "_")
        if isinstance(value, dict):
            merged[key] = _from_environment(value, environment, f"{prefix}{key}.")
        else:
            merged[key] = environment.get(name) or value
    return merged


def text(value: Any, key: str) -> str:
    """A scalar as text; numbers and switches may stand where text is expected."""
    if value is None:
        return ""
    if isinstance(value, (dict, list)):
        raise Refusal(f"{key}: text is expected, got {type(value).__name__}")
    return str(value).lower() if isinstance(value, bool) else str(value)


def number(value: Any, key: str) -> int:
    """A whole number, also written as text."""
    try:
        return int(text(value, key) or "0", 0)
    except ValueError as error:
        raise Refusal(f"{key}: {value!r} is not a whole number") from error


def switch(value: Any, key: str) -> bool:
    """True or false, also written as text."""
    found = {"true": True, "1": True, "t": True, "false": False, "0": False, "f": False, "": False}.get(
        text(value, key).lower()
    )
    if found is None:
        raise Refusal(f"{key}: {value!r} is neither true nor false")
    return found


def texts(value: Any, key: str) -> list[str]:
    """A list of text, also written as one text with commas."""
    if value is None or value == "":
        return []
    items = value if isinstance(value, list) else text(value, key).split(",")
    return [text(item, key) for item in items]


def mapping(value: Any, key: str) -> dict[str, Any]:
    """A mapping, empty where nothing is given."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refusal(f"{key}: a mapping is expected, got {type(value).__name__}")
    return value
