"""Every host that an environment file stands for, and who may use what is there."""

from __future__ import annotations

from functools import cache

from ruamel.yaml import YAML

from layers.cloud.names import manager_host, public_hosts
from layers.ingress.forward_auth import CONFIG
from layers.loading import load_environment
from tests.stacks.synthesis import ALL, declared, text_at


@cache
def admin_hosts(environment: str) -> frozenset[str]:
    """Hosts of its admin pages, and of the page that people sign in at."""
    return frozenset(r.host for r in declared(environment).ingress.gateway.routes if not r.access.is_public)


@cache
def hosts(environment: str) -> frozenset[str]:
    """All hosts that its services answer at, and all that have a name in DNS beside these."""
    routes = {route.host for route in declared(environment).ingress.gateway.routes}
    settings = load_environment(environment)
    named = {host for host in public_hosts(settings) if not host.startswith("*.")}
    return frozenset({*routes, *named, manager_host(settings)})


@cache
def every_host() -> frozenset[str]:
    """Those of all environment files."""
    return frozenset().union(*map(hosts, ALL))


def receivers(environment: str) -> frozenset[str]:
    """Hosts that its cookie of admins is meant for; boxes with a simulated world may share a domain."""
    domain = load_environment(environment).domain
    return frozenset().union(*(admin_hosts(e) for e in ALL if load_environment(e).domain == domain))


def session(environment: str) -> tuple[str, str]:
    """The host that signs people in, and the line that it sets their session with.

    As forward-auth writes it (v3.3.2 internal/auth.go, MakeCookie), from the configuration that the environment renders.
    """
    config = YAML(typ="safe").load(text_at(declared(environment), "forward-auth", CONFIG))
    (host,), (domain,) = config["auth-host"], config["cookie-domains"]
    return host, f"{config['cookie-name']}=session; Path=/; Domain={domain}; HttpOnly; Secure"
