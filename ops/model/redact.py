"""Takes secret values out of what Terraform shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

HIDDEN = "(sensitive)"

SECRET_ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "docker_secret": ("data",),
    "random_password": ("result", "bcrypt_hash"),
    "tls_private_key": ("private_key_pem", "private_key_openssh", "private_key_pem_pkcs8"),
    "digitalocean_droplet": ("user_data",),
    "digitalocean_database_cluster": ("password", "uri", "private_uri", "ui_password", "ui_uri"),
    "digitalocean_database_user": ("password", "access_cert", "access_key"),
    "digitalocean_database_connection_pool": ("password", "uri", "private_uri"),
    "digitalocean_spaces_key": ("secret_key",),
}
"""Hidden even if the provider's schema forgot to mark them."""

_URL_PASSWORD = re.compile(r"(?P<head>[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s@/]+@", re.IGNORECASE)
_ASSIGNED = re.compile(
    r"(?P<head>[\"']?[a-z_.-]*(?:password|passwd|secret|token|api_?key)[\"']?\s*[:=]\s*[\"']?)(?P<value>[^\s\"',;&]+)",
    re.IGNORECASE,
)
_LITERAL_URL_PASSWORD = re.compile(r"(?P<head>[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s@/${}<>%]+@", re.IGNORECASE)
_LITERAL = re.compile(
    r"(?P<head>[a-z_.-]*(?:password|passwd|secret|token|api_?key)[\"']?\s*[:=]\s*[\"']?)"
    r"(?P<value>[a-z0-9+_.~!*#^-]{6,}=*)(?![^\s\"',;&])",
    re.IGNORECASE,
)
_SHORTEST = 6
"""Shorter values are ordinary words; replacing them would garble every line."""


def redacted(type_: str, values: Mapping[str, Any], sensitive: Any) -> dict[str, Any]:
    """The values of a resource with every sensitive one hidden.

    Args:
        sensitive: Terraform's marks: the same shape as the values, with ``true`` where one is sensitive.
    """
    hidden = _hide(values, sensitive)
    result = dict(hidden) if isinstance(hidden, Mapping) else {}
    for name in SECRET_ATTRIBUTES.get(type_, ()):
        if result.get(name) is not None:
            result[name] = HIDDEN
    return result


def _hide(value: Any, marks: Any) -> Any:
    if marks is True:
        return HIDDEN
    if isinstance(value, Mapping):
        return {k: _hide(v, marks.get(k) if isinstance(marks, Mapping) else None) for k, v in value.items()}
    if isinstance(value, list):
        known = marks if isinstance(marks, list) else []
        return [_hide(v, known[i] if i < len(known) else None) for i, v in enumerate(value)]
    return value


def scrubbed(text: str, secrets: Iterable[str] = ()) -> str:
    """Log text without the given secret values, and without what looks like a password in a URL or a setting."""
    for secret in sorted({s for s in secrets if len(s) >= _SHORTEST}, key=len, reverse=True):
        text = text.replace(secret, "***")
    text = _URL_PASSWORD.sub(lambda m: f"{m['head']}***@", text)
    return _ASSIGNED.sub(lambda m: f"{m['head']}***", text)


def without_passwords(line: str) -> str:
    """A line of a file or a setting without a password that is written out in it.

    References to one stay, such as ``$__file{/run/secrets/x}``, ``${PASSWORD}`` or a path: reviewers have to see those.
    """
    line = _LITERAL_URL_PASSWORD.sub(lambda m: f"{m['head']}***@", line)
    return _LITERAL.sub(lambda m: f"{m['head']}***", line)
