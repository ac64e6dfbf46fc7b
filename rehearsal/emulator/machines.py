"""What runs behind the API: droplets, volumes, firewalls, DNS, databases. Nothing here; subclass it to run them."""

from __future__ import annotations

from dataclasses import dataclass


class MachineError(Exception):
    """A machine operation failed: the action ends as errored, with this message in the log."""


@dataclass(frozen=True)
class Volume:
    id: str
    name: str
    gibibytes: int
    filesystem_type: str  # "" for none; the API formats a new volume when it is asked to
    filesystem_label: str


@dataclass(frozen=True)
class FirewallRule:
    """One rule, its tags and droplets already turned into addresses."""

    direction: str  # inbound or outbound
    protocol: str  # tcp, udp, icmp
    ports: str  # "22", "8000-9000"; "0" for all
    addresses: tuple[str, ...]  # of the other side: networks or single addresses


@dataclass(frozen=True)
class Machine:
    """All that a droplet needs to be started, its metadata service included."""

    id: int
    name: str
    region: str
    size: str
    vcpus: int
    memory: int  # MiB
    disk: int  # GiB
    image: str  # slug
    user_data: str
    ssh_keys: tuple[str, ...]  # public halves
    public_ipv4: str
    private_ipv4: str
    public_ipv6: str  # "" for none
    vpc_id: str
    vpc_range: str
    volumes: tuple[Volume, ...]
    tags: tuple[str, ...]
    rules: tuple[FirewallRule, ...] | None = None  # as for `firewall`: they hold from the first moment


@dataclass(frozen=True)
class Record:
    type: str
    name: str  # "@" for the domain itself, "*" as it is
    data: str
    ttl: int


@dataclass(frozen=True)
class SpacesKey:
    access_key: str
    secret_key: str
    grants: tuple[tuple[str, str], ...]  # bucket and permission: read, readwrite; "" and fullaccess for all


@dataclass(frozen=True)
class DatabaseEndpoint:
    """Where a cluster really answers, in place of an invented host name."""

    host: str
    private_host: str
    port: int
    pool_port: int


@dataclass(frozen=True)
class DatabaseCluster:
    """All that a cluster needs to be started."""

    id: str
    name: str
    engine: str  # pg, mysql, valkey
    version: str
    private_ipv4: str
    vpc_range: str
    connections: int  # that all clients may have together
    endpoint: DatabaseEndpoint  # the invented one


class Machines:
    """Called by the emulator, never twice at once for one droplet; each call returns when the thing is done.

    Calls repeat after a restart in the middle, so each must be safe to make twice. A `MachineError` ends the action as
    errored. The defaults do nothing: droplets become active, and nothing runs.
    """

    occupied: frozenset[str] = frozenset()  # addresses of the public range that no droplet is to be given

    def create(self, machine: Machine) -> None:
        """Start a droplet with its volumes; return when it is booted far enough to be called active."""

    def delete(self, droplet: int) -> None:
        """Stop and remove it; its volumes stay."""

    def power(self, droplet: int, change: str) -> None:
        """`power_on`, `power_off` (at once), `shutdown` (the system's own), `reboot`, `power_cycle`."""

    def resize(self, machine: Machine) -> None:
        """Other cores and memory; the droplet is off."""

    def attach(self, droplet: int, volume: Volume) -> None:
        """A volume to a droplet; the volume's storage is made at its first attach."""

    def detach(self, droplet: int, volume: Volume) -> None:
        """A volume from a droplet."""

    def resize_volume(self, volume: Volume) -> None:
        """A larger volume, attached or not."""

    def delete_volume(self, volume: str) -> None:
        """The data of a volume, by id."""

    def assign(self, address: str, droplet: int) -> None:
        """A reserved IP to a droplet."""

    def unassign(self, address: str, droplet: int) -> None:
        """A reserved IP from a droplet."""

    def firewall(self, droplet: int, rules: tuple[FirewallRule, ...] | None) -> None:
        """The rules that hold for a droplet from now on, of all its firewalls; None: no firewall, all is open."""

    def zone(self, domain: str, records: tuple[Record, ...] | None) -> None:
        """The records of a domain from now on; None: the domain is gone."""

    def spaces_keys(self, keys: tuple[SpacesKey, ...]) -> None:
        """The keys that open the object storage from now on."""

    def database(self, cluster: DatabaseCluster) -> DatabaseEndpoint | None:
        """Start a cluster, which admits nobody yet; where it answers. None: an invented host name."""
        return None

    def database_members(self, cluster: str, users: dict[str, str], databases: tuple[str, ...]) -> None:
        """The users (name: password) and databases that a cluster has from now on."""

    def database_sources(self, cluster: str, addresses: tuple[str, ...] | None) -> None:
        """Networks or single addresses that may connect to a cluster from now on; None: all."""

    def delete_database(self, cluster: str) -> None:
        """A cluster and its data, by id."""
