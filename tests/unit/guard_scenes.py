"""A plan for each row of the guard's table, in the form in which Terraform shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ops.guard.kind import Kind
from tests.unit.ops_cloud import change, plan

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A plan with one change of a kind.

    Args:
        about: what its acknowledgement names it by.
        says: what the sentence has in it.
    """

    kind: Kind
    plan: Json
    about: str
    says: str


def state(*resources: Json, addresses: Mapping[str, str] | None = None) -> Json:
    """What a plan has under ``values``: resources, and who may use which host."""
    outputs = {"addresses": {"value": dict(addresses)}} if addresses else {}
    return {"root_module": {"resources": list(resources)}, "outputs": outputs}


def resource(address: str, **values: Any) -> Json:
    """One resource of a state."""
    type_, _, name = address.partition(".")
    return {"address": address, "type": type_, "name": name, "mode": "managed", "values": values}


def whole(*changes: Json, before: Json | None = None, after: Json | None = None) -> Json:
    """A plan with what was there before and what would be there after."""
    return {
        **plan(*changes),
        "prior_state": {"values": before or state()},
        "planned_values": after or state(),
    }


def service(
    name: str,
    *,
    host: str = "",
    order: str = "stop-first",
    port: int = 0,
    image: str = "example.org/app:1",
    start: str = "1m30s",
    labels: Mapping[str, str] | None = None,
) -> Json:
    """Values of a docker_service, as state has them: each block a list of one. It is away for 10 s more than ``start``."""
    routed = {f"traefik.http.routers.{name}.rule": f"Host(`{host}`)"} if host else {}
    ports = [{"published_port": port, "target_port": port, "publish_mode": "host"}] if port else []
    container = {
        "image": image,
        "stop_grace_period": "10s",
        "healthcheck": [{"test": ["CMD", "true"], "start_period": start}],
    }
    return {
        "name": name,
        "mode": [{"replicated": [{"replicas": 1}]}],
        "update_config": [{"order": order}],
        "endpoint_spec": [{"ports": ports}],
        "labels": [{"label": key, "value": value} for key, value in {**routed, **(labels or {})}.items()],
        "task_spec": [{"container_spec": [container]}],
    }


def of_services(
    old: Mapping[str, Json],
    new: Mapping[str, Json],
    *,
    replaced: tuple[str, ...] = (),
    was: Mapping[str, str] | None = None,
    will: Mapping[str, str] | None = None,
    reason: str = "",
) -> Json:
    """A plan between services by name; all that is on one side, or differs, is a change."""
    changes = []
    for name in {**old, **new}:
        before, after = old.get(name), new.get(name)
        actions: tuple[str, ...] = (
            ("create",) if before is None else ("delete",) if after is None else ("update",)
        )
        if name in replaced:
            actions = ("delete", "create")
        if before != after or name in replaced:
            changes.append(
                change(f"docker_service.{name}", *actions, before=before, after=after, reason=reason)
            )
    sides = [
        state(
            *(resource(f"docker_service.{name}", **values) for name, values in side.items()), addresses=said
        )
        for side, said in ((old, was), (new, will))
    ]
    return whole(*changes, before=sides[0], after=sides[1])


WEB = {"web": service("web", host="x.org", order="start-first"), "redis": service("redis")}
PUBLIC = {"x.org": "web, public"}
DROPLET = "digitalocean_droplet.app-1"
BUCKET = 'digitalocean_spaces_bucket.buckets["b"]'
FIREWALL = "digitalocean_firewall.nodes"


def destroyed(address: str, **values: Any) -> Json:
    return whole(change(address, "delete", before=values))


def replaced(address: str, **values: Any) -> Json:
    return whole(change(address, "delete", "create", before=values, after=values, paths=("name",)))


def bucket(before: Json, after: Json) -> Json:
    return whole(change(BUCKET, "update", before={"name": "b", **before}, after={"name": "b", **after}))


def keeping(days: int) -> Json:
    return {"lifecycle_rule": [{"enabled": True, "noncurrent_version_expiration": [{"days": days}]}]}


def admitting(*rules: tuple[str, str, str], tags: tuple[str, ...] = ("prod",)) -> Json:
    inbound = [{"protocol": p, "port_range": ports, "source_addresses": [peer]} for p, ports, peer in rules]
    return {"name": "prod-nodes", "tags": list(tags), "inbound_rule": inbound}


SSH = ("tcp", "22", "192.0.2.0/24")


def firewall(before: Json, after: Json | None, *more: Json) -> Json:
    """A plan that changes a firewall, or destroys it."""
    return whole(
        change(FIREWALL, "update" if after else "delete", before=before, after=after),
        before=state(resource(FIREWALL, **before), *more),
        after=state(*([resource(FIREWALL, **after)] if after else []), *more),
    )


def tainted(**values: Any) -> Json:
    return whole(
        change(
            DROPLET,
            "delete",
            "create",
            before={"name": "prod-app-1", **values},
            after={"name": "prod-app-1"},
            reason="replace_because_tainted",
        )
    )


def ordering(before: str, after: str) -> Json:
    """A droplet of another size."""
    sizes = [{"name": "prod-app-1", "size": size} for size in (before, after)]
    return whole(
        change(DROPLET, "update", before=sizes[0], after=sizes[1]),
        before=state(resource(DROPLET, **sizes[0])),
        after=state(resource(DROPLET, **sizes[1])),
    )


SCENES: dict[str, Scene] = {
    "a password is removed": Scene(
        kind=Kind.LOST_SECRET,
        plan=destroyed("random_password.jwt", length=32),
        about="random_password.jwt",
        says="generated secret random_password.jwt would be destroyed: the old value is lost",
    ),
    "a password gets a new value": Scene(
        kind=Kind.LOST_SECRET,
        plan=replaced("random_id.salt"),
        about="random_id.salt",
        says="would be replaced (because of name): the old value is lost",
    ),
    "a key gets a new value": Scene(
        kind=Kind.LOST_SECRET,
        plan=replaced("tls_private_key.host", algorithm="RSA"),
        about="tls_private_key.host",
        says="key tls_private_key.host would be replaced",
    ),
    "a volume of the engine": Scene(
        kind=Kind.LOST_VOLUME,
        plan=destroyed("docker_volume.redis", name="sprocket-redis"),
        about="docker_volume.redis",
        says="volume sprocket-redis would be destroyed: all data on it is lost",
    ),
    "a block volume": Scene(
        kind=Kind.LOST_VOLUME,
        plan=replaced('digitalocean_volume.stores["redis"]', name="prod-redis"),
        about='digitalocean_volume.stores["redis"]',
        says="volume prod-redis would be replaced (because of name): a new, empty volume",
    ),
    "a database cluster": Scene(
        kind=Kind.LOST_DATABASE,
        plan=replaced("digitalocean_database_cluster.db[0]", name="prod-db"),
        about="digitalocean_database_cluster.db[0]",
        says="database cluster prod-db would be replaced",
    ),
    "a database": Scene(
        kind=Kind.LOST_DATABASE,
        plan=destroyed('digitalocean_database_db.p["main"]', name="main"),
        about='digitalocean_database_db.p["main"]',
        says="database main would be destroyed: its tables are lost",
    ),
    "a database user": Scene(
        kind=Kind.LOST_DATABASE_USER,
        plan=destroyed("digitalocean_database_user.reader", name="reader"),
        about="digitalocean_database_user.reader",
        says="database user reader would be destroyed: its password is lost",
    ),
    "a bucket": Scene(
        kind=Kind.LOST_BUCKET,
        plan=destroyed(BUCKET, name="b"),
        about=BUCKET,
        says="bucket b would be destroyed",
    ),
    "a bucket keeps no versions any more": Scene(
        kind=Kind.LOST_VERSIONS,
        plan=bucket({"versioning": [{"enabled": True}]}, {"versioning": [{"enabled": False}]}),
        about=BUCKET,
        says="bucket b would no longer keep versions",
    ),
    "a bucket keeps old versions for less long": Scene(
        kind=Kind.SHORTER_RETENTION,
        plan=bucket(keeping(30), keeping(7)),
        about=f"{BUCKET}: what was overwritten or deleted after 7 days",
        says="would delete what was overwritten or deleted after 7 days instead of after 30 days",
    ),
    "a bucket deletes what it kept for ever": Scene(
        kind=Kind.SHORTER_RETENTION,
        plan=bucket(
            {}, {"lifecycle_rule": [{"enabled": True, "prefix": "logs/", "expiration": [{"days": 90}]}]}
        ),
        about=f"{BUCKET}: objects below logs/ after 90 days",
        says="would delete objects below logs/ after 90 days where nothing did before",
    ),
    "a bucket's policy": Scene(
        kind=Kind.BUCKET_POLICY,
        plan=whole(
            change("digitalocean_spaces_bucket_policy.p", "create", after={"bucket": "b"}),
            before=state(resource(BUCKET, name="b")),
        ),
        about="digitalocean_spaces_bucket_policy.p",
        says="the policy of bucket b would change",
    ),
    "a bucket becomes public": Scene(
        kind=Kind.BUCKET_POLICY,
        plan=bucket({"acl": "private"}, {"acl": "public-read"}),
        about=BUCKET,
        says="the access list of bucket b would change from private to public-read",
    ),
    "a Spaces key": Scene(
        kind=Kind.LOST_SPACES_KEY,
        plan=replaced("digitalocean_spaces_key.backups", name="prod-backups"),
        about="digitalocean_spaces_key.backups",
        says="Spaces key prod-backups would be replaced (because of name): it is revoked at once",
    ),
    "a DNS record": Scene(
        kind=Kind.LOST_RECORD,
        plan=destroyed("digitalocean_record.api", type="A", name="api", domain="x.org", value="192.0.2.1"),
        about="digitalocean_record.api",
        says="DNS record A api.x.org would be gone",
    ),
    "a DNS record is renamed": Scene(
        kind=Kind.LOST_RECORD,
        plan=whole(
            change(
                "digitalocean_record.api",
                "update",
                before={"type": "A", "name": "api", "domain": "x.org"},
                after={"type": "A", "name": "rest", "domain": "x.org"},
            )
        ),
        about="digitalocean_record.api",
        says="DNS record A api.x.org would be gone",
    ),
    "a DNS zone": Scene(
        kind=Kind.LOST_ZONE,
        plan=destroyed("digitalocean_domain.zone[0]", name="x.org"),
        about="digitalocean_domain.zone[0]",
        says="DNS zone x.org would be destroyed",
    ),
    "a reserved address": Scene(
        kind=Kind.LOST_ADDRESS,
        plan=destroyed("digitalocean_reserved_ip.address", ip_address="192.0.2.1"),
        about="digitalocean_reserved_ip.address",
        says="reserved address 192.0.2.1 would be destroyed",
    ),
    "a private network": Scene(
        kind=Kind.LOST_NETWORK,
        plan=replaced("digitalocean_vpc.network", name="prod"),
        about="digitalocean_vpc.network",
        says="private network prod would be replaced",
    ),
    "a tainted droplet that runs": Scene(
        kind=Kind.ACTIVE_DROPLET,
        plan=tainted(status="active"),
        about=DROPLET,
        says="droplet prod-app-1 would be replaced, because the apply that made it did not finish; but it is active",
    ),
    "a firewall opens a port": Scene(
        kind=Kind.OPENED_PORT,
        plan=firewall(admitting(SSH), admitting(SSH, ("tcp", "5432", "0.0.0.0/0"))),
        about=f"{FIREWALL}: tcp 5432 from 0.0.0.0/0",
        says="firewall prod-nodes would let in tcp 5432 from 0.0.0.0/0 to droplets of tag prod",
    ),
    "a firewall lets more networks in": Scene(
        kind=Kind.OPENED_PORT,
        plan=firewall(admitting(SSH), admitting(("tcp", "22", "192.0.0.0/16"))),
        about=f"{FIREWALL}: tcp 22 from 192.0.0.0/16",
        says="would let in tcp 22 from 192.0.0.0/16",
    ),
    "a firewall opens more ports": Scene(
        kind=Kind.OPENED_PORT,
        plan=firewall(admitting(SSH), admitting(("tcp", "20-25", "192.0.2.0/24"))),
        about=f"{FIREWALL}: tcp 20-25 from 192.0.2.0/24",
        says="would let in tcp 20-25 from 192.0.2.0/24",
    ),
    "a firewall is gone": Scene(
        kind=Kind.OPENED_PORT,
        plan=firewall(admitting(SSH), None, resource(DROPLET, name="prod-app-1")),
        about=f"{FIREWALL}: tag prod",
        says="would no longer protect droplets of tag prod",
    ),
    "a database lets somebody in": Scene(
        kind=Kind.OPENED_PORT,
        plan=whole(
            change(
                "digitalocean_database_firewall.f",
                "update",
                before={"rule": [{"type": "tag", "value": "prod"}]},
                after={"rule": [{"type": "tag", "value": "prod"}, {"type": "ip_addr", "value": "192.0.2.9"}]},
            )
        ),
        about="digitalocean_database_firewall.f: ip_addr 192.0.2.9",
        says="the database would let in ip_addr 192.0.2.9",
    ),
    "a service publishes a port": Scene(
        kind=Kind.OPENED_PORT,
        plan=of_services(WEB, {**WEB, "redis": service("redis", port=6379)}, was=PUBLIC, will=PUBLIC),
        about="docker_service.redis: 6379",
        says="service redis would publish port 6379 on its nodes",
    ),
    "an admin page becomes public": Scene(
        kind=Kind.WIDER_ACCESS,
        plan=of_services(WEB, WEB, was={"x.org": "web, role admin"}, will=PUBLIC),
        about="https://x.org",
        says="https://x.org would be open to others than now: role admin -> public",
    ),
    "a public page is removed": Scene(
        kind=Kind.DOWNTIME,
        plan=of_services(WEB, {"redis": WEB["redis"]}, was=PUBLIC, will={"y.org": "other, public"}),
        about="https://x.org",
        says="https://x.org, which is public, would not be served any more",
    ),
    "a public service is replaced": Scene(
        kind=Kind.DOWNTIME,
        plan=of_services(WEB, WEB, replaced=("web",), was=PUBLIC, will=PUBLIC),
        about="docker_service.web",
        says="service web, which serves https://x.org, would be replaced: down until the new one is healthy, about 100 s",
    ),
    "the gateway is replaced": Scene(
        kind=Kind.DOWNTIME,
        plan=of_services({"t": service("t", port=443)}, {"t": service("t", port=443)}, replaced=("t",)),
        about="docker_service.t",
        says="service t, which serves every page, would be replaced",
    ),
    "a public service is away for long": Scene(
        kind=Kind.DOWNTIME,
        plan=of_services(
            {"web": service("web", host="x.org", start="5m")},
            {"web": service("web", host="x.org", start="5m", image="example.org/app:2")},
            was=PUBLIC,
            will=PUBLIC,
        ),
        about="docker_service.web",
        says="service web, which serves https://x.org, would be down for up to 310 s; more than 120 s has",
    ),
    "the cloud costs more than it may": Scene(
        kind=Kind.OVER_BUDGET,
        plan=ordering("s-8vcpu-16gb", "s-8vcpu-32gb-640gb-intel"),
        about="192.00 dollars a month",
        says="would cost 192.00 dollars a month by list price instead of 96.00; the budget is 100.00",
    ),
    "nobody knows what it costs": Scene(
        kind=Kind.OVER_BUDGET,
        plan=ordering("s-1vcpu-1gb", "s-none"),
        about="droplet prod-app-1, s-none",
        says="no price is known of droplet prod-app-1, s-none",
    ),
}
"""By what happens."""
