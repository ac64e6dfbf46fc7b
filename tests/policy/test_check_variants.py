"""No false alarm in what an environment may choose besides what the real ones do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.policy.seeding import findings_with_settings, said
from tests.stacks.synthesis import with_ratings

Change = Callable[[dict[str, Any]], object]


def main(document: dict[str, Any]) -> Any:
    return document["platform"]["instances"]["main"]


def spaces(document: dict[str, Any]) -> None:
    document["data"]["object_storage"] = {"kind": "spaces", "endpoint": "nyc3.digitaloceanspaces.com"}


def tinyauth(document: dict[str, Any]) -> None:
    document["ingress"]["sign_in"].update(proxy="tinyauth", emails=["somebody@example.org"])


def two_pools(document: dict[str, Any]) -> None:
    document["nodes"]["more"] = {"count": 2, "role": "worker", "cpus": 4, "memory": "8GiB"}


def ratings(document: dict[str, Any]) -> None:
    with_ratings(document, elo_host="elo.admin.sprocket.mlesports.gg")


VARIANTS: dict[str, tuple[str, Change]] = {
    "object storage outside": ("prod", spaces),
    "sign-in by address": ("prod", tinyauth),
    "workers": ("prod", two_pools),
    "wildcard certificates": ("prod", lambda d: d["ingress"]["acme"].update(challenge="dns")),
    "dashboards in Postgres": ("prod", lambda d: d["data"]["grafana"].update(database="postgres")),
    "chat widget": (
        "prod",
        lambda d: main(d).update(chatwoot={"url": "https://chat.example.org", "website_token": "x"}),
    ),
    "images behind a login": (
        "prod",
        lambda d: d["platform"].update(login={"registry": "ghcr.io", "user": "somebody"}),
    ),
    "ratings": ("prod", ratings),
    "several of a service": ("prod", lambda d: main(d).update(web_replicas=2, parser_replicas=2)),
    "other names": ("prod", lambda d: main(d).update(queue_prefix="q", database="d", bucket_prefix="bbb")),
    "admin pages at other names": (
        "prod",
        lambda d: d["ingress"].update(pages={"rabbitmq": "management", "auth": "sign-in"}),
    ),
    "an alias": ("prod", lambda d: main(d).update(aliases=["www.sprocket.mlesports.gg"])),
    "one instance alone": ("staging", lambda d: d["platform"]["instances"].pop("dev")),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_variant_has_no_finding(variant: str) -> None:
    environment, change = VARIANTS[variant]
    assert said(findings_with_settings(environment, change)) == "nothing was found"
