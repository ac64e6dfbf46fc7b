"""Every page is declared public or needs a role that somebody has, and Traefik finds its service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sprocket_constructs import Access

from ops.check.finding import Finding
from ops.check.platform import Platform
from ops.model.service import Router, Service

PUBLIC_CHAIN, GUARDED_CHAIN = "public@file", "guarded@file"
DYNAMIC = "/etc/traefik/dynamic.yml"
FORWARD_AUTH = "/run/secrets/forward-auth.yaml"


def routes_declare_access(platform: Platform) -> Iterator[Finding]:
    """What the label says is what was declared: public with a reason, or a role."""
    for service in platform.services:
        for router in service.routers:
            access = platform.declared.access.get((service.name, router.rule))
            yield from _decided(platform, service, router, access)
    labelled = {(service.name, router.rule) for service in platform.services for router in service.routers}
    for service_name, rule in sorted(platform.declared.access.keys() - labelled):
        yield Finding(
            path=f"{platform.settings.services_stack}: {service_name}",
            what=f"has no labels for its route {rule}",
            cause="Traefik would not know the route, and the page would answer 404",
            fix="use expose_via(gateway, ...), which writes the labels",
        )


def roles_have_members(platform: Platform) -> Iterator[Finding]:
    """A role without a Discord role behind it lets nobody in, or everybody."""
    for name, ids in platform.settings.ingress.sign_in.roles.items():
        if not ids:
            yield Finding(
                path=f"{platform.file_name}: ingress/sign_in/roles/{name}",
                what="has no Discord role ids",
                cause="an empty list would let every member of the guild in",
                fix="list the ids of the Discord roles that have it",
            )
    yield from _sign_in_asks_for_roles(platform)


def sign_in_is_set_up(platform: Platform) -> Iterator[Finding]:
    """Ids of zeros hold the place of those that somebody has to look up in Discord."""
    sign_in = platform.settings.ingress.sign_in
    ids = {"client_id": sign_in.client_id, "guild": sign_in.guild}
    ids |= {f"roles/{name}": " ".join(each) for name, each in sign_in.roles.items()}
    for setting in (name for name, value in ids.items() if not value.strip("0 ")):
        yield Finding(
            path=f"{platform.file_name}: ingress/sign_in/{setting}",
            what="is a placeholder",
            cause="Discord has no id of zeros, so nobody could sign in",
            fix="copy the id from Discord (developer mode: Copy ID)",
            severity="deploy",
        )


def guarded_routes_require_sign_in(platform: Platform) -> Iterator[Finding]:
    """The chain of guarded pages asks the sign-in."""
    traefik = next((s for s in platform.services if s.file(DYNAMIC)), None)
    dynamic = traefik.file(DYNAMIC) if traefik else None
    chains = (dynamic.data or {}).get("http", {}).get("middlewares", {}) if dynamic else {}
    guarded = chains.get("guarded", {}).get("chain", {}).get("middlewares", [])
    asking = [name for name in guarded if "forwardAuth" in chains.get(name, {})]
    if not asking:
        yield Finding(
            path=f"{traefik.path if traefik else platform.settings.services_stack}: {DYNAMIC}: http/middlewares/guarded",
            what="does not ask the sign-in",
            cause="every page that needs a role would be open to anyone",
            fix="add a forwardAuth middleware to its chain",
        )


def traefik_finds_the_service(platform: Platform) -> Iterator[Finding]:
    """On the network that the label names, which both are on."""
    gateways = [set(service.networks) for service in platform.services if service.file(DYNAMIC)]
    for service in platform.services:
        network = service.labels.get("traefik.swarm.network", "")
        if not service.labels.get("traefik.enable"):
            continue
        if network not in service.networks or not any(network in joined for joined in gateways):
            yield Finding(
                path=f"{service.path}: label traefik.swarm.network",
                what=f"is {network or 'missing'}",
                cause=f"Traefik and {service.name} are not both on it, so requests would time out",
                fix="use expose_via(gateway, ...), which writes the labels",
            )


def routes_are_unique(platform: Platform) -> Iterator[Finding]:
    """One router of a name, one service for a rule."""
    names = Counter(router.name for service in platform.services for router in service.routers)
    rules = Counter(router.rule for service in platform.services for router in service.routers)
    for service in platform.services:
        for router in service.routers:
            if names[router.name] > 1:
                yield _twice(service, f"router {router.name}", "Traefik would serve neither")
            if rules[router.rule] > 1:
                yield _twice(service, f"rule {router.rule}", "either of them could answer")


def _decided(
    platform: Platform, service: Service, router: Router, access: Access | None
) -> Iterator[Finding]:
    path = f"{service.path}: router {router.name}"
    if access is None:
        yield Finding(
            path=path,
            what=f"leads to {router.rule or 'nothing'}",
            cause="its access is not declared",
            fix="call expose_via(gateway, host=..., access=...)",
        )
        return
    expected = PUBLIC_CHAIN if access.is_public else GUARDED_CHAIN
    # An alias sends browsers on, behind what all pages pass through.
    if router.middlewares not in ((expected,), (expected, f"{router.name}-redirect")):
        yield Finding(
            path=path,
            what=f"passes through {','.join(router.middlewares) or 'nothing'}",
            cause=f"its access is declared as {access}, which needs {expected}",
            fix="use expose_via(gateway, access=...), which writes the labels",
        )
    if access.is_public and not access.because:
        yield Finding(path=path, what="is public without a reason", cause="a reviewer could not tell whether it is intended",
                      fix="declare Access.public(because=...) or Access.only(role)")  # fmt: skip
    roles = platform.settings.ingress.sign_in.roles
    if access.role is not None and access.role not in roles:
        yield Finding(
            path=path,
            what=f"is for role {access.role}",
            cause=f"{platform.file_name}: ingress/sign_in/roles has {', '.join(sorted(roles))} only",
            fix="use one of these, or add it with its Discord role ids",
        )


def _sign_in_asks_for_roles(platform: Platform) -> Iterator[Finding]:
    """Every rule that lets somebody in names ids that the environment gives to a role."""
    known = {id_ for ids in platform.settings.ingress.sign_in.roles.values() for id_ in ids}
    for service in platform.services:
        file = service.file(FORWARD_AUTH)
        for name, rule in ((file.data or {}).get("rules", {}) if file else {}).items():
            if rule.get("action") == "auth" and not any(id_ in rule.get("auth-rule", "") for id_ in known):
                yield Finding(
                    path=f"{service.path}: {FORWARD_AUTH}: rules/{name}/auth-rule",
                    what=f"asks for {rule.get('auth-rule') or 'nothing'}",
                    cause=f"it names no Discord role of {platform.file_name}: ingress/sign_in/roles, so sign-in would admit everyone or no one",
                    fix="take the ids from the environment's roles",
                )


def _twice(service: Service, what: str, cause: str) -> Finding:
    return Finding(
        path=service.path,
        what=f"{what} is declared twice",
        cause=cause,
        fix="give each service a host of its own",
    )
