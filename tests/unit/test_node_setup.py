"""sprocket-setup and its steps, run for real with fakes: what is done is not done again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.node_scene import SCRIPTS, Scene

SHELL = sorted(path.name for path in SCRIPTS.iterdir() if path.read_text().startswith("#!/bin/sh"))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A machine on which $state/packages is installed, one a line with its version."""
    scene = Scene(tmp_path)
    scene.fake(
        "dpkg-query",
        'for last; do :; done\nline=$(grep "^$last " $state/packages) || exit 1\n'
        'case $* in *Status*) printf installed ;; *) printf %s "${line#* }" ;; esac',
    )
    scene.fake("apt-get", "case $* in *install*) cat $state/mirror >>$state/packages ;; esac")
    for program in ("apt-mark", "docker", "dpkg", "sleep", "systemctl", "sysctl", "sshd"):
        scene.fake(program)
    (scene.state / "packages").write_text("docker.io 20.10.24+dfsg1-1\ntwo 1\n")
    (scene.state / "mirror").write_text("")
    return scene


def only(scene: Scene, *programs: str) -> str:
    """A PATH on which there is nothing but fakes and these."""
    for program in programs:
        (scene.bin / program).symlink_to(shutil.which(program) or "")
    return str(scene.bin)


def test_packages_that_are_there(scene: Scene) -> None:
    run = scene.run("sprocket-packages")
    assert (run.returncode, run.stdout) == (0, "")
    assert not scene.called("apt-get")
    assert scene.called("apt-mark") == ["apt-mark hold docker.io"]


def test_an_engine_without_its_command(scene: Scene) -> None:
    """On a system that has the command in a package of its own."""
    (scene.bin / "docker").unlink()
    scene.extra["PATH"] = only(scene, "cat", "tr", "grep")
    run = scene.run("sprocket-packages", shell="/bin/sh")
    assert run.returncode == 1 and "docker.io has no docker command here" in run.stdout


def test_packages_that_are_missing(scene: Scene) -> None:
    (scene.state / "packages").write_text("")
    (scene.state / "mirror").write_text("docker.io 20.10.5\none 1\n")
    run = scene.run("sprocket-packages")
    assert run.returncode == 0, run.stdout
    assert scene.called("apt-get")[-1].endswith("--no-install-recommends docker.io one")


def test_no_mirror_is_tried_again_with_longer_waits(scene: Scene) -> None:
    (scene.state / "packages").write_text("")
    scene.fake("apt-get", "exit 100")
    for _ in range(8):
        assert scene.run("sprocket-packages").returncode == 1
    assert [int(call.split()[1]) for call in scene.called("sleep")] == [5, 10, 20, 40, 80, 160, 320, 320]


def test_another_engine(scene: Scene) -> None:
    (scene.state / "packages").write_text("docker.io 26.1.5\ntwo 1\n")
    run = scene.run("sprocket-packages")
    assert run.returncode == 1 and "docker.io is 26.1.5, and the environment wants 20.10.*" in run.stdout


def users(scene: Scene) -> None:
    scene.fake("getent", "exit 0")
    scene.fake("id", '[ -e "$state/user.$2" ]')
    scene.fake("useradd", 'for last; do :; done; : >"$state/user.$last"')
    scene.fake("usermod")
    scene.fake(
        "install", 'for last; do :; done; case $* in *-d*) mkdir -p "$last" ;; *) echo key >"$last" ;; esac'
    )


def test_users_are_made_once(scene: Scene) -> None:
    users(scene)
    assert scene.run("sprocket-users").returncode == 0
    keys = scene.root / "home/deploy/.ssh/authorized_keys"
    assert keys.read_text() == "key\n"
    keys.write_text("changed over ssh\n")
    assert scene.run("sprocket-users").returncode == 0
    assert len(scene.called("useradd")) == 2
    assert keys.read_text() == "changed over ssh\n"


def test_users_have_no_number_of_a_store(scene: Scene) -> None:
    users(scene)
    scene.run("sprocket-users")
    assert [call.split()[2] for call in scene.called("useradd")] == ["2000", "2001"]


def steps(scene: Scene) -> None:
    scene.fake("sprocket-users")
    scene.fake("sprocket-packages")
    (scene.root / "etc/docker").mkdir()
    (scene.root / "etc/docker/daemon.json").touch()
    (scene.root / "run/docker.pid").touch()


def test_setup(scene: Scene) -> None:
    steps(scene)
    assert scene.run("sprocket-setup").returncode == 0
    assert (scene.root / "var/lib/sprocket/built").exists()
    assert scene.calls[:2] == ["sprocket-users ", "sprocket-packages "]
    assert scene.calls[-2:] == [
        "systemctl enable --quiet a.service b.timer",
        "systemctl start --no-block a.service b.timer",
    ]
    assert "systemctl try-reload-or-restart ssh.service" in scene.calls


def test_setup_again_restarts_nothing(scene: Scene) -> None:
    steps(scene)
    scene.run("sprocket-setup")
    scene.log.write_text("")
    run = scene.run("sprocket-setup")
    assert (run.returncode, run.stdout) == (0, "")
    assert not [call for call in scene.called("systemctl") if "restart" in call]


def test_setup_is_not_done_when_a_step_is_not(scene: Scene) -> None:
    steps(scene)
    scene.fake("sprocket-packages", "exit 1")
    assert scene.run("sprocket-setup").returncode == 1
    assert not (scene.root / "var/lib/sprocket/built").exists()
    assert not scene.called("systemctl")


def test_a_broken_sshd_configuration_is_not_loaded(scene: Scene) -> None:
    steps(scene)
    scene.fake("sshd", "exit 255")
    assert scene.run("sprocket-setup").returncode == 255
    assert not [call for call in scene.called("systemctl") if "ssh" in call]


def test_an_engine_older_than_its_settings(scene: Scene) -> None:
    steps(scene)
    os.utime(scene.root / "run/docker.pid", (1, 1))
    scene.run("sprocket-setup")
    assert "systemctl restart docker.service" in scene.calls


IPTABLES = """
case "$*" in
    *--check*) grep -qxF -e "${*#*--check }" $state/rules ;;
    *--insert*) echo "${*#*--insert }" >>$state/rules ;;
esac
"""


def test_the_monitoring_agent_may_read_the_metadata_once_it_is_there(scene: Scene) -> None:
    """It comes after the first boot; a rule that is inserted stands in front of those that are there."""
    scene.fake("iptables", IPTABLES)
    scene.fake("id", 'cat $state/agent 2>/dev/null || { echo "no such user" >&2; exit 1; }')
    (scene.state / "rules").touch()
    assert scene.run("sprocket-metadata-guard", "early").returncode == 0
    assert "ACCEPT" not in (scene.state / "rules").read_text()
    (scene.state / "agent").write_text("997\n")
    for _ in range(2):
        assert scene.run("sprocket-metadata-guard", "early").returncode == 0
    assert (scene.state / "rules").read_text().splitlines()[1:] == [
        "OUTPUT --destination 169.254.169.254 --match owner ! --uid-owner 0 --jump DROP",
        "OUTPUT --destination 169.254.169.254 --match owner --uid-owner 997 --jump ACCEPT",
    ]
    assert (scene.root / "run/sprocket-metadata-agent").read_text() == "997\n"


def test_the_guard_adds_each_rule_once(scene: Scene) -> None:
    scene.fake("iptables", IPTABLES)
    scene.fake("id", "exit 1")
    (scene.state / "rules").touch()
    assert scene.run("sprocket-metadata-guard", "early").returncode == 0
    early = (scene.state / "rules").read_text()
    assert "PREROUTING" in early and "OUTPUT" in early and "DOCKER-USER" not in early
    for _ in range(2):
        assert scene.run("sprocket-metadata-guard").returncode == 0
    assert (scene.state / "rules").read_text().splitlines() == [
        "PREROUTING ! --in-interface lo --destination 169.254.169.254 --jump DROP",
        "OUTPUT --destination 169.254.169.254 --match owner ! --uid-owner 0 --jump DROP",
        "DOCKER-USER --destination 169.254.169.254 --jump DROP",
    ]


def mesh(scene: Scene) -> Path:
    for program in ("hostname", "systemctl"):
        scene.fake(program)
    key = scene.root / "etc/sprocket/tailscale.key"
    key.write_text("tskey-secret")
    return key


def test_the_meshs_key_is_removed_once_it_was_used(scene: Scene) -> None:
    key = mesh(scene)
    scene.fake("tailscale")
    assert scene.run("sprocket-tailscale").returncode == 0
    assert not key.exists()
    assert scene.run("sprocket-tailscale").returncode == 0
    ups = [call for call in scene.called("tailscale") if call.startswith("tailscale up")]
    assert len(ups) == 1 and f"--auth-key=file:{key}" in ups[0] and "tskey-secret" not in ups[0]


def test_a_manager_offers_the_private_network_to_the_mesh(scene: Scene) -> None:
    mesh(scene)
    scene.facts(ROUTES="10.124.0.0/20")
    scene.fake("tailscale")
    assert scene.run("sprocket-tailscale").returncode == 0
    assert "--accept-dns=false --advertise-routes=10.124.0.0/20 --timeout" in scene.called("tailscale")[0]


def test_the_meshs_key_stays_for_the_next_attempt(scene: Scene) -> None:
    key = mesh(scene)
    scene.fake("tailscale", "exit 1")
    assert scene.run("sprocket-tailscale").returncode == 1
    assert key.exists()


@pytest.mark.parametrize("script", SHELL)
def test_shellcheck_finds_nothing(script: str) -> None:
    run = subprocess.run(
        [Path(sys.executable).with_name("shellcheck"), SCRIPTS / script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("script", SHELL)
def test_scripts_are_plain_sh(script: str) -> None:
    subprocess.run(["sh", "-n", str(SCRIPTS / script)], check=True, timeout=10)
