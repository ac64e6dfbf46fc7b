"""What a machine lacks is installed when somebody says so, and named when nobody does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ops.paths import ROOT

REAL = ("sh", "dirname", "env", "grep", "id", "mktemp", "rm", "seq", "sleep", "tail", "touch")


class Machine:
    """A PATH of its own: a few real tools, and fakes that write down how they were called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls = folder / "calls"
        self.calls.write_text("")
        for name in REAL:
            (found,) = [p for p in (Path("/usr/bin", name), Path("/bin", name)) if p.exists()][:1]
            (folder / name).symlink_to(found)
        self.has("node", "npm")

    def has(self, *names: str, does: str = "") -> None:
        """Puts a fake there."""
        for name in names:
            path = self.folder / name
            path.write_text(f'#!/bin/sh\necho "{name} $*" >>{self.calls}\n{does}\n')
            path.chmod(0o755)

    def installs(self, package: str, program: str) -> str:
        """What apt-get does: it brings a program along."""
        return f'case "$*" in *" {package}"*) printf "#!/bin/sh\\n" >{self.folder}/{program}; /bin/chmod +x {self.folder}/{program} ;; esac'

    def needs(self, *names: str, install: str = "") -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.folder), "PYTHON": sys.executable, "INSTALL": install}
        words = ["/bin/sh", str(ROOT / "ops" / "setup" / "need.sh"), *names]
        return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_nothing_is_installed_unless_somebody_says_so(machine: Machine) -> None:
    machine.has("apt-get", "apt-cache")
    done = machine.needs("engine", "images", "terraform")
    assert done.returncode == 1
    assert "make up INSTALL=yes" in done.stderr
    assert machine.calls.read_text() == ""


def test_what_is_missing_is_said_installed_and_looked_for_again(machine: Machine) -> None:
    brings = [("docker.io", "docker"), ("docker-registry", "docker-registry"), ("debootstrap", "debootstrap")]
    machine.has("apt-get", does="\n".join(machine.installs(*pair) for pair in brings))
    done = machine.needs("python", "node", "engine", "images", install="yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert "these packages will be installed: docker.io docker-registry debootstrap\n" in done.stdout
    calls = machine.calls.read_text()
    again = machine.needs("python", "node", "engine", "images", install="yes")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", ""), (
        "the second time there is nothing to do"
    )
    assert machine.calls.read_text().count("apt-get") == calls.count("apt-get")


def test_an_engine_that_does_not_run_is_started(machine: Machine) -> None:
    started = machine.folder / "started"
    machine.has("docker", does=f"test -f {started}")
    machine.has("dockerd", "apt-get")
    machine.has("service", "systemctl", does=f"touch {started}")
    done = machine.needs("engine", install="yes")
    assert (done.returncode, done.stdout) == (0, "starting the engine\n"), done.stderr
    assert "apt-get" not in machine.calls.read_text()


def test_an_engine_whose_service_does_not_start_is_started_by_itself(machine: Machine) -> None:
    started = machine.folder / "started"
    machine.has("docker", does=f"test -f {started}")
    machine.has("apt-get")
    machine.has("service", "systemctl", does="exit 1")
    machine.has("setsid", does='"$@"')
    machine.has("dockerd", does=f"touch {started}")
    done = machine.needs("engine", install="yes")
    if Path("/run/systemd/system").is_dir():
        assert "journalctl -u docker" in done.stderr
    else:
        assert (done.returncode, done.stdout) == (0, "starting the engine\n"), done.stderr


def test_an_ordinary_user_is_told_before_anything_is_installed(machine: Machine) -> None:
    (machine.folder / "id").unlink()
    machine.has("id", does="echo 1000")
    machine.has("apt-get")
    done = machine.needs("images", install="yes")
    assert done.returncode == 1
    assert "INSTALL=yes needs root" in done.stderr
    assert "apt-get" not in machine.calls.read_text()


def test_opentofu_will_do_for_terraform(machine: Machine) -> None:
    machine.has("apt-get", does=machine.installs("tofu", "tofu"))
    machine.has("apt-cache", does="echo tofu")
    done = machine.needs("terraform", install="yes")
    assert done.returncode == 0, done.stderr
    assert "installed: tofu" in done.stdout
    assert machine.needs("terraform").returncode == 0


def test_a_failing_package_manager_is_one_clear_error(machine: Machine) -> None:
    machine.has("apt-get", does='echo "E: Unable to fetch some archives" >&2; exit 100')
    done = machine.needs("images", install="yes")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "E: Unable to fetch some archives",
        "cannot install: the list of packages failed; the reason is above",
    ]


def test_without_apt_get_the_list_is_for_hands(machine: Machine) -> None:
    done = machine.needs("images", install="yes")
    assert done.returncode == 1
    assert "INSTALL=yes needs apt-get (Debian, Ubuntu)" in done.stderr
