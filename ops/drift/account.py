"""What is in DigitalOcean's account and touches this environment, although no stack declares it.

An account has the things of several environments and of people, too. Ours is what is named like ours, or what acts on
something of ours: a firewall on our droplets, a record of our names. Anything else is left to its owners.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from layers.cloud.names import public_hosts
from layers.loading import environment_names, load_environment
from layers.settings.environment import Environment
from layers.settings.host import is_below
from ops.cloud.client import Client, NotFound
from ops.drift.finding import Drift
from ops.drift.reading import Reading
from ops.model.noun import host_of_record

Raw = Mapping[str, Any]
_SSH_KEYS = "account/keys"
_AUTOMATIC = ("SOA", "NS")
"""Records that DigitalOcean makes with a zone."""


@dataclass(frozen=True, kw_only=True)
class _Ours:
    """What the state says is this environment's."""

    environment: str
    ids: Collection[str]
    tags: Collection[str]
    droplets: Collection[str]
    networks: Collection[str]
    buckets: Collection[str]

    @classmethod
    def of(cls, reading: Reading) -> _Ours:
        def values(type_: str, name: str) -> set[str]:
            found = reading.recorded.of_type(f"digitalocean_{type_}")
            return {str(each.values.get(name)) for each in found}

        return cls(
            environment=reading.target.name,
            ids=reading.ids,
            tags=values("tag", "name"),
            droplets=values("droplet", "id"),
            networks=values("vpc", "id"),
            buckets=values("spaces_bucket", "name"),
        )

    def named(self, raw: Raw) -> bool:
        """Whether it is named like the things of this environment, and not like those of another."""
        fitting = [name for name in environment_names() if str(raw.get("name", "")).startswith(f"{name}-")]
        return bool(fitting) and max(fitting, key=len) == self.environment

    def tagged(self, raw: Raw) -> bool:
        """Whether it has one of our tags."""
        return bool(set(map(str, raw.get("tags") or [])) & set(self.tags))

    def on_droplets(self, raw: Raw) -> bool:
        """Whether it is for one of our droplets."""
        return bool(set(map(str, raw.get("droplet_ids") or [])) & set(self.droplets))

    def in_network(self, raw: Raw) -> bool:
        """Whether it is in our private network."""
        return str(raw.get("vpc_uuid")) in self.networks

    def opens_bucket(self, raw: Raw) -> bool:
        """Whether it is a key to one of our buckets."""
        return any(grant.get("bucket") in self.buckets for grant in raw.get("grants") or [])


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """Resources that the API lists.

    Args:
        touches: whether one that we did not order acts on something of ours.
        says: what it is, in words.
    """

    noun: str
    path: str
    key: str
    touches: Callable[[_Ours, Raw], bool]
    says: Callable[[Raw], str] = lambda raw: ""
    id: str = "id"


_KINDS = (
    _Kind(
        noun="droplet",
        path="droplets",
        key="droplets",
        touches=lambda ours, raw: ours.named(raw) or ours.tagged(raw) or ours.in_network(raw),
        says=lambda raw: str(raw.get("size_slug") or ""),
    ),
    _Kind(
        noun="volume",
        path="volumes",
        key="volumes",
        touches=lambda ours, raw: ours.named(raw) or ours.on_droplets(raw),
        says=lambda raw: f"{raw.get('size_gigabytes')} GiB",
    ),
    _Kind(
        noun="firewall",
        path="firewalls",
        key="firewalls",
        touches=lambda ours, raw: ours.named(raw) or ours.tagged(raw) or ours.on_droplets(raw),
        says=lambda raw: "; ".join(
            f"lets in {rule['protocol']} {rule.get('ports') or ''}".rstrip()
            for rule in raw.get("inbound_rules") or []
        ),
    ),
    _Kind(
        noun="ssh key",
        path=_SSH_KEYS,
        key="ssh_keys",
        touches=lambda ours, raw: ours.named(raw),
        says=lambda raw: str(raw.get("fingerprint") or ""),
    ),
    _Kind(
        noun="Spaces key",
        path="spaces/keys",
        key="keys",
        touches=lambda ours, raw: ours.named(raw) or ours.opens_bucket(raw),
        says=lambda raw: ", ".join(
            f"{grant['permission']} {grant.get('bucket') or 'all buckets'}"
            for grant in raw.get("grants") or []
        ),
        id="access_key",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What the account has.

    Args:
        resources: by their path in the API.
        records: of the environment's zone; none where the zone is gone, which Terraform says.
    """

    resources: Mapping[str, Sequence[Raw]]
    records: Sequence[Raw]


def listing(zone: str, client: Client) -> Listing:
    """Asks the account for everything that is looked at here.

    Raises:
        OpsError: the API does not answer.
    """
    resources = {kind.path: client.listed(kind.path, kind.key) for kind in _KINDS}
    try:
        records = client.listed(f"domains/{zone}/records", "domain_records")
    except NotFound:
        records = []
    return Listing(resources=resources, records=records)


def undeclared_resources(reading: Reading, account: Listing) -> Iterator[Drift]:
    """Droplets, volumes, firewalls, keys and records that no stack has ordered and that touch this environment."""
    ours = _Ours.of(reading)
    for kind in _KINDS:
        for raw in account.resources[kind.path]:
            if str(raw[kind.id]) not in ours.ids and kind.touches(ours, raw):
                detail = kind.says(raw)
                yield Drift(
                    place=reading.target.stack,
                    where=f"{kind.noun} {raw['name']}",
                    what="was not made by a deploy" + (f" ({detail})" if detail else ""),
                    changed=str(raw.get("created_at") or ""),
                    fix=f"delete it in DigitalOcean's control panel (id {raw[kind.id]}), or declare it",
                )
    yield from _records(reading, account.records)


def foreign_keys(reading: Reading, account: Listing) -> Iterator[str]:
    """SSH keys of the account that no environment is named in: they get into no droplet of ours, but can into new ones."""
    prefixes = tuple(f"{name}-" for name in environment_names())
    for raw in account.resources[_SSH_KEYS]:
        if str(raw["id"]) not in reading.ids and not str(raw["name"]).startswith(prefixes):
            yield (
                f"the account has the ssh key {raw['name']} ({raw['fingerprint']}), which no environment declares: it opens no "
                "droplet of ours, but one that somebody makes by hand can get it"
            )


def _records(reading: Reading, records: Iterable[Raw]) -> Iterator[Drift]:
    settings = reading.target.settings
    assert settings.cloud is not None
    zone = settings.cloud.zone
    own = {str(each.values.get("name")) for each in reading.recorded.of_type("digitalocean_record")}
    others = _domains_of_others(settings)
    for raw in records:
        name, type_ = str(raw["name"]), str(raw["type"])
        host = host_of_record({"name": name, "domain": zone})
        if str(raw["id"]) in reading.ids or type_ in _AUTOMATIC:
            continue
        beside_ours = name in own and type_ in ("A", "AAAA", "CNAME")
        if not beside_ours:
            inside = settings.cloud.zone_is_ours or is_below(host, settings.domain)
            if not inside or any(is_below(host, domain) for domain in others):
                continue
        yield Drift(
            place=reading.target.stack,
            where=f"DNS record {type_} {host}",
            what=f"was not made by a deploy ({raw['data']})",
            fix=f"delete it in DigitalOcean's control panel (id {raw['id']}), or declare it",
        )


def _domains_of_others(settings: Environment) -> list[str]:
    """Domains and hosts of other environments with names in the same zone; ours is above some of them."""
    found = []
    for name in environment_names():
        other = load_environment(name)
        if (
            name != settings.name
            and other.cloud
            and settings.cloud
            and other.cloud.zone == settings.cloud.zone
        ):
            found += [other.domain, *public_hosts(other)]
    return [domain for domain in found if not is_below(settings.domain, domain)]
