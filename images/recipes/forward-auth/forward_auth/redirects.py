"""Where a browser may be sent back to. Anything else is an open redirect."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from forward_auth.config import Config
from forward_auth.domains import auth_domain
from forward_auth.forwarded import Forwarded


class InvalidRedirect(Exception):
    """The browser must not be sent there."""


def current_url(request: Forwarded) -> str:
    """The page asked for, without its query, which the real program drops too."""
    return f"{request.scheme}://{request.host}{request.path}"


def redirect_uri(config: Config, request: Forwarded) -> str:
    """Where the provider sends the browser back: the auth host's callback, else this host's."""
    found = auth_domain(config.auth_hosts, config.cookie_domains, request.host)
    return f"{request.scheme}://{found[1] if found else request.host}{config.callback_path}"


def after_callback(config: Config, request: Forwarded, target: str) -> str:
    """The page to return to after sign-in: under the same cookie domain, or on the same host."""
    try:
        parts = urlsplit(target)
    except ValueError as error:
        raise InvalidRedirect("unable to parse redirect") from error
    if parts.scheme not in ("http", "https"):
        raise InvalidRedirect("invalid redirect URL scheme")
    host = parts.netloc.rpartition("@")[2]
    found = auth_domain(config.auth_hosts, config.cookie_domains, request.host)
    if found and not host.endswith(found[0]):
        raise InvalidRedirect(
            "redirect host does not match any expected hosts (should match cookie domain when using auth host)"
        )
    if not found and host != request.forwarded_host:
        raise InvalidRedirect(
            "redirect host does not match request host (must match when not using auth host)"
        )
    return target


def after_login(request: Forwarded, target: str) -> str:
    """The page to go to after /login or /logout: a path, or a URL of the same scheme and host."""
    try:
        parts = urlsplit(target)
    except ValueError as error:
        raise InvalidRedirect(f"invalid path: {error}") from error
    if not parts.scheme and not target.startswith("/"):
        raise InvalidRedirect("invalid path: invalid URI for request")
    if parts.scheme and parts.scheme != request.scheme:
        raise InvalidRedirect("invalid redirect: scheme mismatch")
    if parts.netloc and parts.netloc.rpartition("@")[2] != request.forwarded_host:
        raise InvalidRedirect("invalid redirect: host mismatch")
    return urlunsplit((request.scheme, request.forwarded_host, parts.path, parts.query, parts.fragment))
