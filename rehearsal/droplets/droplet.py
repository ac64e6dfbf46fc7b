"""One droplet: a container that boots Debian."""

from __future__ import annotations

import shutil
import threading
import time
from contextlib import suppress
from pathlib import Path

from ops.waiting import wait_until
from rehearsal.emulator import MachineError

from . import memory
from .engine import LABEL, PREFIX, docker, inside, listens, pid
from .hardware import INSIDE, SEED_INSIDE, Hardware, cgroup
from .networks import PUBLIC_NAME, have_private

BOOT_SECONDS = 60.0
QUIET_SECONDS = 20.0  # after these, a system that boots without ssh counts as booted
SHUTDOWN_SECONDS = 100  # then the power goes; systemd gives its own units 90
KILL_SECONDS = 30.0
SSH = 22
# What systemd, Docker and mounts need; --privileged is more, and more than some machines may give.
CAPABILITIES = (
    "SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE", "NET_RAW", "DAC_READ_SEARCH", "IPC_LOCK", "SYS_NICE", "SYS_MODULE",
    "SYS_RAWIO", "SYSLOG", "LINUX_IMMUTABLE", "SYS_BOOT", "MAC_ADMIN", "AUDIT_CONTROL",
)  # fmt: skip
UNCONFINED = ("seccomp=unconfined", "apparmor=unconfined", "systempaths=unconfined")
MEMORY_FILE_SYSTEMS = ("/run:exec,mode=755", "/run/lock:mode=1777", "/tmp:exec,mode=1777")


class Droplet:
    """A droplet's container, and its hardware, which changes only between two boots."""

    def __init__(self, hardware: Hardware, image: str, folder: Path) -> None:
        self.hardware = hardware
        self.lock = threading.RLock()  # one thing at a time
        self._image = image
        self._folder = folder

    @property
    def id(self) -> int:
        return self.hardware.machine.id

    @property
    def container(self) -> str:
        return f"{PREFIX}-droplet-{self.id}"

    @property
    def running(self) -> bool:
        return pid(self.container) > 0

    def change(self, **changes: object) -> None:
        """Changes the hardware, from the next boot on."""
        self.hardware = self.hardware.but(**changes)
        self.hardware.write(self._folder)

    def create(self) -> None:
        """Creates it, powered off."""
        self.delete()
        self.change()
        machine = self.hardware.machine
        private = have_private(machine.vpc_range)
        engine = self._engine_data()
        docker(
            "create", "--name", self.container, "--hostname", machine.name, "--label", LABEL,
            "--label", f"sprocket.droplet={machine.name}",
            *(word for one in CAPABILITIES for word in ("--cap-add", one)),
            *(word for one in UNCONFINED for word in ("--security-opt", one)),
            "--cgroupns", "host", "--device-cgroup-rule", "b 7:* rwm",
            *(word for one in MEMORY_FILE_SYSTEMS for word in ("--tmpfs", one)),
            "--volume", "/sys/fs/cgroup:/sys/fs/cgroup", "--volume", f"{engine}:/var/lib/docker",
            "--volume", f"{self._folder}:{INSIDE}:ro", "--volume", f"{self._folder}/seed:{SEED_INSIDE}:ro",
            "--network", PUBLIC_NAME, "--ip", machine.public_ipv4, self._image,
        )  # fmt: skip
        docker("network", "connect", "--ip", machine.private_ipv4, private, self.container)

    def start(self) -> None:
        """Powers it on, and waits until it is active: ssh listens."""
        if not self.running:
            self.change()
            docker("start", self.container)
        self.wait()

    def wait(self) -> None:
        started = time.monotonic()

        def booted() -> bool:
            process = pid(self.container)
            if not process:
                log = docker("logs", "--tail", "5", self.container).strip()
                raise MachineError(f"droplet {self.hardware.machine.name} stopped while booting: {log}")
            listening = wait_until(lambda: listens(process, SSH), 1, interval_s=0.05)
            return listening or (time.monotonic() - started > QUIET_SECONDS and self._is_up())

        if not wait_until(booted, BOOT_SECONDS, interval_s=0):
            raise MachineError(
                f"droplet {self.hardware.machine.name} did not boot within {BOOT_SECONDS:.0f} s"
            )

    def shut_down(self) -> None:
        """Shuts the system down."""
        docker("stop", "--time", str(SHUTDOWN_SECONDS), self.container, timeout=SHUTDOWN_SECONDS + 30)

    def kill(self) -> None:
        """Cuts the power."""
        if self.running:
            docker("kill", self.container)
            if not wait_until(lambda: not self.running, KILL_SECONDS, interval_s=0.05):
                raise MachineError(
                    f"droplet {self.hardware.machine.name} still runs {KILL_SECONDS:.0f} s after its kill"
                )

    def hang(self) -> None:
        """Makes its system hang (init, sshd, the engine) while it is on; running tasks go on."""
        docker("pause", self.container)

    def delete(self) -> None:
        """Deletes the container, its engine's data, its control groups and its folder. Volumes stay."""
        with suppress(MachineError):
            docker("rm", "--force", "--volumes", self.container)
        with suppress(MachineError):
            docker("volume", "rm", self.container)
        memory.unmount(self._in_memory)
        remove_cgroups(cgroup(self.id))
        shutil.rmtree(self._folder, ignore_errors=True)

    def do(self, script: str, *, stdin: str = "") -> None:
        """Runs a hardware change inside, if it is on."""
        if self.running:
            inside(self.container, script, stdin=stdin)

    @property
    def _in_memory(self) -> Path:
        return self._folder.parent / f"{self._folder.name}-engine"

    def _engine_data(self) -> str:
        """What to mount for the engine: memory, or a volume of Docker's where memory is short."""
        if memory.mount(self._in_memory):
            return str(self._in_memory)
        docker("volume", "create", "--label", LABEL, self.container)
        return self.container

    def _is_up(self) -> bool:
        try:
            state = inside(self.container, "systemctl is-system-running || true")
        except MachineError:
            return False
        return state.strip() in ("running", "degraded", "starting")


def remove_cgroups(name: str) -> None:
    """Removes the empty control groups that a droplet's own engine left."""
    for controller in Path("/sys/fs/cgroup").iterdir():
        top = controller / name.lstrip("/")
        if top.is_dir():
            for path in sorted((one for one in top.rglob("*") if one.is_dir()), reverse=True):
                with suppress(OSError):
                    path.rmdir()
            with suppress(OSError):
                top.rmdir()
