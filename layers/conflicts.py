"""Compares environments with each other: what two of them would both use.

Each file alone can be right and still break another: the second deploy would move the first one's DNS records, or write into
its backups. Terraform does not see it, since each environment has a state of its own (two states never have one key: it
begins with the environment's name).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Network
from itertools import combinations

from .cloud.names import manager_host
from .cloud.nodes import nodes_of, volume_name
from .errors import Problem, SettingsError
from .loading import load_environment
from .node.node import managers_name
from .platform.identity import hosts_of, identities_of
from .settings.cloud import Cloud
from .settings.environment import Environment

RENAME = "rename one of the environments"


@dataclass(frozen=True, kw_only=True)
class _Claim:
    """A name that an environment takes: in which namespace, by which setting."""

    kind: str
    value: str
    setting: str
    environment: str
    fix: str = "give one of them another name"

    @property
    def path(self) -> str:
        file = f"{self.environment}.yaml"
        return f"{file}: {self.setting}" if self.setting else file


def comparable(names: Iterable[str]) -> list[Environment]:
    """The environments of these names that can be compared: not those whose file is wrong, which their own check says."""
    found = []
    for name in names:
        with suppress(SettingsError):
            environment = load_environment(name)
            identities_of(environment)
            found.append(environment)
    return found


def conflicts(environments: Iterable[Environment]) -> list[Problem]:
    """What environments would take from each other; each problem names the settings of both.

    All public environments are taken to share one account at DigitalOcean and one DNS: those that are not
    simulated (:attr:`.Environment.is_simulated`). Only those with a cloud order anything there.

    Raises:
        SettingsError: the instances of one environment take names from each other (:func:`identities_of`).
    """
    public = sorted((each for each in environments if not each.is_simulated), key=lambda each: each.name)
    clouds = [(each, each.cloud) for each in public if each.cloud is not None]
    claims = [claim for each in public for claim in (*_hosts(each), *_engine(each))]
    claims += [claim for each, cloud in clouds for claim in _account(each, cloud)]
    return [
        *_duplicates(claims),
        *_below_the_same_domain(public),
        *_overlaps(clouds),
        *_buckets(public),
    ]


def _hosts(environment: Environment) -> Iterator[_Claim]:
    """The domain, and every host that an instance has."""

    def claim(host: str, setting: str) -> _Claim:
        return _Claim(kind="host", value=host, setting=setting, environment=environment.name)

    yield claim(environment.domain, "domain")
    for setting, host in hosts_of(environment).items():
        # A page at the domain itself is the domain's own claim.
        if host != environment.domain:
            yield claim(host, setting)


def _derived_hosts(environment: Environment) -> dict[str, str]:
    """Hosts below the domain that no setting spells out, and what each is; admin pages are :mod:`.cookie_reach`'s."""
    found = {manager_host(environment): "the manager's name for SSH"}
    if environment.cloud is not None:
        found[managers_name(environment.domain)] = "the managers' name for nodes"
        found |= {node.dns_name: f"the name of node {node.name}" for node in nodes_of(environment)}
        if environment.cloud.database:
            found[f"db.{environment.domain}"] = "the managed database's name"
    return found


def _engine(environment: Environment) -> Iterator[_Claim]:
    yield _Claim(
        kind="engine",
        value=environment.engine.host,
        setting="engine/host",
        environment=environment.name,
        fix="give each environment an engine of its own: their services have the same names",
    )


def _account(environment: Environment, cloud: Cloud) -> Iterator[_Claim]:
    """Names of things in the account. They begin with the environment's name, which a longer one may continue."""
    name = environment.name

    def claim(kind: str, value: str, setting: str = "", fix: str = RENAME) -> _Claim:
        return _Claim(kind=kind, value=value, setting=setting, environment=name, fix=fix)

    for node in nodes_of(environment):
        yield claim("droplet", node.name, f"nodes/{node.pool}", f"{RENAME}, or the pool")
    for store in cloud.volumes:
        yield claim("volume", volume_name(environment, store), f"cloud/volumes/{store}")
    for part in ("nodes", "ingress"):
        yield claim("firewall", f"{name}-{part}")
    for tag in (name, *(f"{name}-{part}" for part in ("manager", "worker", "ingress"))):
        yield claim("tag of nodes", tag)
    if cloud.database:
        yield claim("database cluster", f"{name}-db", "cloud/database")
    if cloud.zone_is_ours:
        fix = "set cloud/zone_is_ours to true in only one of them"
        yield claim("DNS zone to be made", cloud.zone, "cloud/zone", fix)


def _duplicates(claims: Iterable[_Claim]) -> Iterator[Problem]:
    first: dict[tuple[str, str], _Claim] = {}
    for claim in claims:
        other = first.setdefault((claim.kind, claim.value), claim)
        if other.environment != claim.environment:
            yield _problem(claim, f"{claim.kind} {claim.value} is also that of {other.path}", claim.fix)


def _below_the_same_domain(environments: Sequence[Environment]) -> Iterator[Problem]:
    """A host of one environment that is a name which another derives from its domain."""
    for one in environments:
        derived = _derived_hosts(one)
        for other in environments:
            if other.domain == one.domain:
                continue
            for claim in _hosts(other):
                if claim.value in derived:
                    what = f"is {claim.value}, which is {derived[claim.value]} of {one.name}.yaml: domain"
                    yield _problem(claim, what, "use another host")


def _overlaps(clouds: Sequence[tuple[Environment, Cloud]]) -> Iterator[Problem]:
    """DigitalOcean refuses networks of one account that overlap, whatever their regions (API reference, VPCs: ip_range)."""
    for (one, first), (other, second) in combinations(clouds, 2):
        if IPv4Network(first.vpc_range).overlaps(IPv4Network(second.vpc_range)):
            yield Problem(
                file=f"{other.name}.yaml",
                setting="cloud/vpc_range",
                problem=f"{second.vpc_range} overlaps {first.vpc_range} of {one.name}.yaml: cloud/vpc_range",
                allowed="networks of one DigitalOcean account must not overlap",
                fix="choose another range for the one that does not exist yet",
            )


def _buckets(environments: Sequence[Environment]) -> Iterator[Problem]:
    """Buckets are known by name and region, to everybody. Each environment keeps its state in one of its own: an access key opens a whole
    bucket, and with it every password of each state there."""
    state: dict[str, _Claim] = {}
    made: list[_Claim] = []
    for environment in environments:
        made += _buckets_made(environment)
        kept = environment.state
        if kept.backend == "spaces":
            region = str(kept.endpoint).split(".", 1)[0]
            claim = _Claim(
                kind="bucket",
                value=f"{kept.bucket} in {region}",
                setting="state/bucket",
                environment=environment.name,
            )
            first = state.setdefault(claim.value, claim)
            if first is not claim:
                what = f"bucket {claim.value} has the state of {first.environment} already, by {first.path}"
                fix = "use another bucket, with an access key of its own: whoever deploys one environment can read the passwords of all in its bucket"
                yield _problem(claim, what, fix)
    yield from _duplicates(made)
    for claim in made:
        if other := state.get(claim.value):
            what = f"bucket {claim.value} has Terraform's state, by {other.path}"
            yield _problem(
                claim, what, "use another bucket: state has passwords in it, and needs access keys of its own"
            )


def _buckets_made(environment: Environment) -> list[_Claim]:
    cloud = environment.cloud
    if cloud is None:
        return []
    region = cloud.spaces.region or cloud.region
    names = {cloud.spaces.backups: "cloud/spaces/backups"}
    if environment.data.object_storage.kind == "spaces":
        for identity in identities_of(environment):
            setting = f"platform/instances/{identity.name}/bucket_prefix"
            names |= {identity.replays_bucket: setting, identity.images_bucket: setting}
    return [
        _Claim(kind="bucket", value=f"{name} in {region}", setting=setting, environment=environment.name)
        for name, setting in names.items()
    ]


def _problem(claim: _Claim, what: str, fix: str) -> Problem:
    return Problem(file=f"{claim.environment}.yaml", setting=claim.setting, problem=what, fix=fix)
