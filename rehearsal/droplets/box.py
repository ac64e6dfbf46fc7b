"""DigitalOcean in a box: networks, an outside world, and machines, created at the start and removed at the end."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from images.builder.paths import cache_dir
from images.builder.registry import Registry, chosen_port
from ops.waiting import wait_until
from rehearsal.emulator import Emulator, MachineError, Settings
from rehearsal.emulator.settings import Seconds

from . import addresses, cleaning, image, networks, ssh
from .engine import docker, execute
from .internet import NAME as INTERNET_NAME
from .internet import Internet
from .machines import DropletMachines
from .probe import probe
from .spaces import identities, owner_key
from .stand_ins import STAND_INS


def _silent(text: str) -> None:
    """Prints nothing."""


class Box:
    """Use as a context manager. One box at a time on a machine: its networks have fixed addresses."""

    stand_ins = STAND_INS

    def __init__(self, folder: Path, *, say: Callable[[str], None] = _silent, wait: float = 0) -> None:
        """`wait`: seconds for another box to end; 0: refuse at once."""
        self._folder = folder.resolve()
        self._wait = wait
        self._say = say
        self._lock: IO[str] | None = None
        self._internet = Internet(self._folder / "internet")
        self.spaces_key = owner_key()
        self.ssh_config = self._folder / "ssh_config"
        self.machines: DropletMachines

    def __enter__(self) -> Self:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = _only_one(self._wait)
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def _start(self) -> None:
        found = image.have_images(self._say)
        if left := cleaning.clean(self._folder):
            self._say(f"removed what an interrupted run left: {left}")
        shutil.rmtree(self._folder / "api", ignore_errors=True)  # it knows droplets that are gone
        self._say("networks")
        networks.make_public()
        registry = Registry(chosen_port())
        self._say("internet: DNS, metadata, images, object storage")
        self._internet.start(
            found[image.INTERNET], registry.folder / "data", registry.port, identities([self.spaces_key])
        )
        self.machines = DropletMachines(
            self._folder,
            found[image.DROPLET],
            self._internet,
            registry.port,
            self.spaces_key,
            self._write_ssh,
        )
        self._write_ssh()

    def close(self) -> None:
        """Removes everything that the box created; safe to call twice."""
        cleaning.clean(self._folder)
        if self._lock:
            self._lock.close()
            self._lock = None

    def settings(self, seconds: Seconds | None = None) -> Settings:
        """What an emulator needs to know to give out the box's addresses."""
        return Settings(seconds or Seconds(), addresses.PUBLIC, addresses.RESERVED, requests_per_minute=2000)

    def emulator(self, folder: Path | None = None, seconds: Seconds | None = None) -> Emulator:
        """An emulator whose droplets run here; start it, or use it as a context manager.

        Its state begins empty with the box, unless a folder is given.
        """
        return Emulator(
            folder or self._folder / "api", settings=self.settings(seconds), machines=self.machines
        )

    @property
    def s3_endpoint(self) -> str:
        """Object storage, path style, from this machine."""
        return f"http://{addresses.INTERNET}"

    @property
    def spaces_environment(self) -> dict[str, str]:
        """For Terraform: names of Spaces by the object storage as an HTTP proxy, and the key to everything.

        The provider puts the bucket into the host name, which this machine cannot resolve.
        """
        return {
            "SPACES_ENDPOINT_URL": f"http://{{{{.Region}}}}.{addresses.SPACES}",
            "SPACES_ACCESS_KEY_ID": self.spaces_key.access_key,
            "SPACES_SECRET_ACCESS_KEY": self.spaces_key.secret_key,
            "HTTP_PROXY": f"{self.s3_endpoint}:80",
            "NO_PROXY": f"127.0.0.1,localhost,{addresses.PUBLIC}",
        }

    def resolve(self, name: str) -> str | None:
        """The IPv4 address of a name in the box's DNS."""
        return self._internet.resolve(name)

    def exec(
        self, name: str, *words: str, stdin: str = "", timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command in a droplet as root; does not raise an error on failure."""
        return execute(self.machines.named(name).container, *words, stdin=stdin, timeout=timeout)

    def from_outside(
        self, *words: str, stdin: str = "", timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the internet container, a stranger to the droplets with an address of its own."""
        return self._internet.run(*words, stdin=stdin, timeout=timeout)

    def probe(
        self, host: str, ports: Sequence[int], seconds: float = 2, *, source: str = ""
    ) -> dict[int, str]:
        """TCP ports of a host: open, closed or filtered. Seen from outside, or from the droplet `source`."""
        container = self.machines.named(source).container if source else INTERNET_NAME
        return probe(container, host, ports, seconds)

    def kill(self, name: str) -> None:
        """Cuts the power, unknown to the API. `start` powers it on again."""
        found = self.machines.named(name)
        with found.lock:
            found.kill()

    def hang(self, name: str) -> None:
        """Makes it hang: it stays on but answers nothing, unknown to the API."""
        found = self.machines.named(name)
        with found.lock:
            found.hang()

    def start(self, name: str) -> None:
        """Powers on a killed droplet."""
        found = self.machines.named(name)
        with found.lock:
            found.start()

    def reboot(self, name: str) -> None:
        """Reboots the system; returns when ssh listens again."""
        self.machines.power(self.machines.named(name).id, "reboot")

    def restart_engine(self, name: str, timeout: float = 120) -> None:
        """Restarts a droplet's Docker; returns when it answers again."""
        done = self.exec(name, "systemctl", "restart", "docker", timeout=timeout)
        if done.returncode:
            raise MachineError(f"droplet {name}: docker did not restart: {done.stderr.strip()}")

    def delete_droplets(self) -> None:
        """Deletes all droplets at once and keeps volumes: a disaster that the API does not know of."""
        for droplet in self.machines.all():
            self.machines.delete(droplet.id)

    def containers(self) -> list[dict[str, Any]]:
        """Names and states of all containers of the box."""
        lines = docker(
            "ps", "--all", "--filter", "label=sprocket.rehearsal=1", "--format", "{{.Names}}\t{{.Status}}"
        )
        return [dict(zip(("name", "status"), line.split("\t"), strict=True)) for line in lines.splitlines()]

    def _write_ssh(self) -> None:
        draft = self.ssh_config.with_suffix(".draft")
        draft.write_text(ssh.config(self._internet.zones))
        draft.replace(self.ssh_config)


def _only_one(seconds: float) -> IO[str]:
    lock = (cache_dir() / "box.flock").open("w")

    def locked() -> bool:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    if not wait_until(locked, seconds):
        lock.close()
        raise MachineError(
            "a rehearsal's box already runs on this machine, and its networks can exist only once; "
            "wait until it ends, or stop it"
        )
    return lock
