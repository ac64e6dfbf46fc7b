"""Upgrades the engine's packages on every node, from the small mirror on the droplets' disks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rehearsal.emulator import MachineError
from rehearsal.suite.check import Check
from rehearsal.suite.health import wait_until_healthy
from rehearsal.suite.outcome import CheckFailed
from rehearsal.suite.world import World

ARCHIVE = "/srv/debian"
PACKAGE = "containerd"
RESTART = "/run/sprocket-engine.restart"
"""There while a node's engine has to be restarted (layers/node/scripts/sprocket-engine)."""
_TIMEOUT_S = 300.0

_VERSIONS = f"sed -n '/^Package: {PACKAGE}$/,/^$/s/^Version: //p' {ARCHIVE}/Packages | sort -u"
_TO_ARCHIVE = f"""set -eu
cd /etc/apt
mv sources.list sources.list.real
echo 'deb [trusted=yes] file:{ARCHIVE} ./' >sources.list
apt-get -q update
"""
_BACK = "cd /etc/apt && mv sources.list.real sources.list"


def upgraded(world: World) -> str:
    """Gives every node an older containerd, upgrades them by the command, and checks versions, order, health, and that a lost restart is made up for."""
    older, newest = _versions(world)
    with _archive(world):
        for node in world.nodes:
            world.say(f"{node.name}: {PACKAGE} {older}")
            _do(world, node.name, f"DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold "
                f"--allow-downgrades --allow-change-held-packages install {PACKAGE}={older}")  # fmt: skip
            _do(world, node.name, f"apt-mark hold {PACKAGE} && systemctl restart containerd docker")
            wait_until_healthy(world)
        started = time.monotonic()
        told = world.ops("upgrade-engine", "--env", world.environment, "--yes", timeout=1800)
        seconds = time.monotonic() - started
        for node in world.nodes:
            if f"{node.name}: {PACKAGE} {older} -> {newest}" not in told:
                raise CheckFailed(f"the plan does not say what changes on {node.name}: {told}")
            if (has := _installed(world, node.name)) != newest:
                raise CheckFailed(f"{node.name} has {PACKAGE} {has}, not {newest}")
            if PACKAGE not in _do(world, node.name, "apt-mark showhold").split():
                raise CheckFailed(f"{node.name}: {PACKAGE} is not on hold any more")
        last = world.nodes[-1].name
        _do(world, last, f"touch {RESTART}")
        finished = world.ops("upgrade-engine", "--env", world.environment, "--yes", timeout=1800)
        if f"{last}: the engine was not restarted after an installation" not in finished:
            raise CheckFailed(f"a restart that {last} lacks is not found: {finished}")
        _do(world, last, f"test ! -e {RESTART}")
        again = world.ops("upgrade-engine", "--env", world.environment, "--yes", timeout=1800)
        if "the mirrors have nothing newer" not in again:
            raise CheckFailed(f"another upgrade finds something to do: {again}")
    wait_until_healthy(world, names=True)
    steps = "; ".join(" ".join(line.split()) for line in told.splitlines() if line.split()[1:2] == ["s"])
    return f"{PACKAGE} {older} -> {newest} on {len(world.nodes)} nodes in {seconds:.0f} s ({steps})"


@contextmanager
def _archive(world: World) -> Iterator[None]:
    """Has apt on every node ask the mirror on its disk, and the real ones again at the end."""
    changed = []
    try:
        for node in world.nodes:
            changed.append(node.name)
            _do(world, node.name, _TO_ARCHIVE)
        yield
    finally:
        for name in changed:
            world.box.exec(name, "sh", "-c", _BACK)


def _versions(world: World) -> tuple[str, str]:
    """An older one and the one that nodes have, which is the newest."""
    first = world.nodes[0].name
    has = _installed(world, first)
    others = [each for each in _do(world, first, _VERSIONS).split() if each != has]
    if not others:
        raise CheckFailed(f"the mirror on {first} has no {PACKAGE} but {has}")
    return others[0], has


def _installed(world: World, name: str) -> str:
    return _do(world, name, f"dpkg-query --show --showformat '${{Version}}' {PACKAGE}").strip()


def _do(world: World, name: str, script: str) -> str:
    done = world.box.exec(name, "sh", "-c", script, timeout=_TIMEOUT_S)
    if done.returncode:
        raise CheckFailed(
            f"{name}: {script.strip().splitlines()[-1]}: {(done.stderr or done.stdout).strip()[-500:]}"
        )
    return done.stdout


def _one_version(world: World) -> str:
    """Debian does not always have two versions: it depends on the day that the droplets' image was built."""
    try:
        found = world.box.exec(world.nodes[0].name, "sh", "-c", _VERSIONS).stdout.split()
    except MachineError:
        return ""  # an earlier check has lost the droplet, which is told as such
    return (
        f"Debian had one version of {PACKAGE} when the droplets' image was built" if len(found) == 1 else ""
    )


ENGINE_UPGRADE = Check(
    name="engine-upgrade",
    what="upgrade of the engine's packages: node after node, drained, verified, all back",
    run=upgraded,
    applies=_one_version,
)
