"""The machines that the emulator calls: droplets, volumes, firewalls and databases."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rehearsal.emulator import (
    DatabaseCluster,
    DatabaseEndpoint,
    FirewallRule,
    Machine,
    MachineError,
    Machines,
    Record,
    Volume,
)
from rehearsal.emulator.machines import SpacesKey

from . import addresses, hardware, image
from .database import Database
from .disks import Disks
from .droplet import Droplet
from .hardware import Hardware
from .internet import Internet
from .rules import ruleset
from .spaces import identities

DATABASE_TTL = 60  # seconds that names of databases may be remembered


class DropletMachines(Machines):
    """Droplets and databases are kept in memory only: a box that starts has none."""

    def __init__(
        self,
        folder: Path,
        image: str,
        internet: Internet,
        registry_port: int,
        owner: SpacesKey,
        zone_changed: Callable[[], None],
    ) -> None:
        self._folder = folder
        self._image = image
        self._internet = internet
        self._registry_port = registry_port
        self._owner = owner
        self._zone_changed = zone_changed
        self._disks = Disks(folder / "volumes")
        self._droplets: dict[int, Droplet] = {}
        self._databases: dict[str, Database] = {}
        self._lock = threading.RLock()
        self.occupied = addresses.not_for_droplets()

    def named(self, name: str) -> Droplet:
        """The newest droplet of that name."""
        with self._lock:
            for droplet in reversed(self._droplets.values()):
                if droplet.hardware.machine.name == name:
                    return droplet
            known = ", ".join(one.hardware.machine.name for one in self._droplets.values()) or "none"
        raise MachineError(f"no droplet {name!r}; there are: {known}")

    def all(self) -> list[Droplet]:
        with self._lock:
            return list(self._droplets.values())

    def create(self, machine: Machine) -> None:
        old = self._find(machine.id)
        if old and old.running:
            old.wait()
            return
        with self._lock:  # loop devices and VPC networks are found first and made then
            disks = {one.name: self._disks.connect(one) for one in machine.volumes}
            settings = Hardware(machine, self._registry_port, disks, rules=machine.rules)
            droplet = Droplet(settings, self._image, self._folder / "droplets" / str(machine.id))
            self._droplets[machine.id] = droplet
            with droplet.lock:
                droplet.create()
        with droplet.lock:
            self._internet.metadata(machine.public_ipv4, hardware.metadata(settings))
            droplet.start()

    def delete(self, droplet: int) -> None:
        found = self._find(droplet)
        if not found:
            return
        with found.lock:
            found.delete()
            machine = found.hardware.machine
            self._internet.metadata(machine.public_ipv4, None)
            with self._lock:
                del self._droplets[droplet]
                for volume in machine.volumes:
                    self._disks.disconnect(volume.id)

    def power(self, droplet: int, change: str) -> None:
        found = self._known(droplet)
        with found.lock:
            if change in ("shutdown", "reboot") and found.running:
                found.shut_down()
            if change in ("power_off", "power_cycle"):
                found.kill()
            if change in ("power_on", "reboot", "power_cycle"):
                found.start()

    def resize(self, machine: Machine) -> None:
        found = self._known(machine.id)
        with found.lock:
            found.change(machine=machine)

    def attach(self, droplet: int, volume: Volume) -> None:
        found = self._known(droplet)
        with found.lock, self._lock:
            minor = self._disks.connect(volume)
            self._set_volumes(found, volume, minor)
            found.do(f"mkdir -p {hardware.BY_ID}\n{hardware.connect(volume.name, minor)}")

    def detach(self, droplet: int, volume: Volume) -> None:
        found = self._find(droplet)
        if not found:
            return
        with found.lock, self._lock:
            found.do(hardware.disconnect(volume.name))
            self._set_volumes(found, volume, None)
            self._disks.disconnect(volume.id)

    def resize_volume(self, volume: Volume) -> None:
        with self._lock:
            self._disks.grow(volume)

    def delete_volume(self, volume: str) -> None:
        with self._lock:
            self._disks.delete(volume)

    def assign(self, address: str, droplet: int) -> None:
        """From wherever it was; a droplet has one."""
        for other in self.all():
            if other.id != droplet and other.hardware.reserved_ip == address:
                self.unassign(address, other.id)
        found = self._known(droplet)
        with found.lock:
            if found.hardware.reserved_ip not in ("", address):
                found.do(hardware.unassign(found.hardware.reserved_ip))
            self._reserve(found, address)
            found.do(hardware.assign(address))

    def unassign(self, address: str, droplet: int) -> None:
        found = self._find(droplet)
        if not found or found.hardware.reserved_ip != address:
            return
        with found.lock:
            found.do(hardware.unassign(address))
            self._reserve(found, "")

    def firewall(self, droplet: int, rules: tuple[FirewallRule, ...] | None) -> None:
        found = self._find(droplet)
        if not found:
            return
        with found.lock:
            found.change(rules=rules)
            found.do("nft -f -", stdin=ruleset(rules))

    def zone(self, domain: str, records: tuple[Record, ...] | None) -> None:
        self._internet.zone(domain, records)
        self._zone_changed()

    def spaces_keys(self, keys: tuple[SpacesKey, ...]) -> None:
        self._internet.keys(identities((self._owner, *keys)))

    def database(self, cluster: DatabaseCluster) -> DatabaseEndpoint | None:
        """Both names lead to its private address: a way in from outside the VPC is not there. Only Postgres runs."""
        if cluster.engine != "pg":
            return None
        with self._lock:  # VPC networks are found first and made then
            found = self._databases.get(cluster.id)
            if not found:
                found = Database(cluster, image.of_platform("postgres"))
                found.create()
                self._databases[cluster.id] = found
        with found.lock:
            found.start()
        record = Record("A", "@", cluster.private_ipv4, DATABASE_TTL)
        for name in (cluster.endpoint.host, cluster.endpoint.private_host):
            self.zone(name, (record,))
        return cluster.endpoint

    def database_members(self, cluster: str, users: dict[str, str], databases: tuple[str, ...]) -> None:
        if found := self._databases.get(cluster):
            with found.lock:
                found.have(users, databases)

    def database_sources(self, cluster: str, addresses: tuple[str, ...] | None) -> None:
        if found := self._databases.get(cluster):
            with found.lock:
                found.admit(addresses)

    def delete_database(self, cluster: str) -> None:
        with self._lock:
            found = self._databases.pop(cluster, None)
        if found:
            with found.lock:
                found.delete()
            for name in (found.cluster.endpoint.host, found.cluster.endpoint.private_host):
                self.zone(name, None)

    def clear(self) -> None:
        """Everything goes."""
        for cluster in list(self._databases):
            self.delete_database(cluster)
        for droplet in self.all():
            self.delete(droplet.id)
        self._disks.clear()

    def _reserve(self, droplet: Droplet, address: str) -> None:
        droplet.change(reserved_ip=address)
        public = droplet.hardware.machine.public_ipv4
        self._internet.metadata(public, hardware.metadata(droplet.hardware))

    @staticmethod
    def _set_volumes(droplet: Droplet, volume: Volume, minor: int | None) -> None:
        settings = droplet.hardware
        disks = {name: number for name, number in settings.disks.items() if name != volume.name}
        others = tuple(one for one in settings.machine.volumes if one.id != volume.id)
        if minor is not None:
            disks, others = {**disks, volume.name: minor}, (*others, volume)
        droplet.change(disks=disks, machine=replace(settings.machine, volumes=others))

    def _find(self, droplet: int) -> Droplet | None:
        with self._lock:
            return self._droplets.get(droplet)

    def _known(self, droplet: int) -> Droplet:
        found = self._find(droplet)
        if not found:
            raise MachineError(f"droplet {droplet} has no machine here")
        return found
