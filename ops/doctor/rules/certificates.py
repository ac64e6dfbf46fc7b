"""Certificates that browsers would refuse, and pages without TLS."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from ops.doctor.facts import Facts
from ops.doctor.finding import Finding
from ops.smoke.authority import certificate_of, trust_of
from ops.smoke.browser import Reach
from ops.smoke.route import hosts_of, routes_of

HTTPS = 443
SIDE_BY_SIDE = 8


def invalid(facts: Facts) -> Iterator[Finding]:
    """Hosts of the chosen services whose certificate is not valid, together where their problem is the same."""
    gateway = next(
        (s.name for s in facts.declared.values() if any(p.published == HTTPS for p in s.published)), None
    )
    if gateway is None or gateway not in facts.running:
        return
    settings = facts.target.settings
    chosen = {service.name for service in facts.chosen}
    routes = routes_of(facts.target.wanted, admin_role=settings.ingress.admin_role)
    hosts = list(hosts_of([route for route in routes if route.service in chosen]))
    trust, reach = trust_of(settings, facts.tasks), Reach()
    with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE) as pool:
        found = dict(
            zip(hosts, pool.map(lambda host: certificate_of(host, reach, trust), hosts), strict=True)
        )
    alike: dict[str, list[str]] = {}
    for host, certificate in found.items():
        if certificate.problem:
            alike.setdefault(certificate.problem.replace(host, "it"), []).append(host)
    for problem, having in alike.items():
        others = f" and {len(having) - 1} more" if len(having) > 1 else ""
        yield Finding(
            kind="certificate",
            about=f"page {having[0]}{others}",
            cause=f"browsers refuse it: {problem}",
            evidence=(f"expected: of {trust.described}", *([", ".join(having)] if others else [])),
            next=facts.ops(f"logs {gateway}", "--since 1h --grep acme"),
            follows=(f"service {gateway}",),
        )
