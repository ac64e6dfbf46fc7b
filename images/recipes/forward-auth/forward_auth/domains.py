"""Which cookie domain and which auth host belong to a host."""

from __future__ import annotations


def matching_domain(domains: list[str], host: str) -> str | None:
    """The first cookie domain that is the host or a parent of it; None where there is none."""
    bare = host.split(":", maxsplit=1)[0]
    return next((d for d in domains if bare == d or bare.endswith(f".{d}")), None)


def cookie_domain(domains: list[str], host: str) -> str:
    """The domain for the session cookie: the matching one, else the host itself without its port."""
    return matching_domain(domains, host) or host.split(":", maxsplit=1)[0]


def auth_domain(auth_hosts: list[str], domains: list[str], host: str) -> tuple[str, str] | None:
    """(cookie domain, auth host) that serve this host, None where sign-in happens on the host itself."""
    wanted = matching_domain(domains, host)
    if wanted is None:
        return None
    for auth_host in auth_hosts:
        if matching_domain(domains, auth_host) == wanted:
            return wanted, auth_host
    return None
