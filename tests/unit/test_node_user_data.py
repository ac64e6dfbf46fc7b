"""The text of user data: what is in it, and what Terraform makes of it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from layers.node.node import engine_packages
from layers.node.user_data import MAX_USER_DATA, Node, NodeVolume, user_data
from tests.unit.node_scene import SCRIPTS, cluster, node
from tests.unit.user_data_files import VALUES, WORKER, config, content, evaluated, files


def test_it_is_a_cloud_config_of_known_modules() -> None:
    text = user_data(node(), cluster())
    assert text.startswith("#cloud-config\n")
    assert set(config(text)) == {
        "hostname", "preserve_hostname", "users", "disable_root", "ssh_pwauth", "ssh_genkeytypes",
        "package_update", "package_upgrade", "bootcmd", "write_files", "runcmd",
    }  # fmt: skip


def test_every_file_has_only_what_write_files_knows() -> None:
    for entry in config(user_data(node(), cluster()))["write_files"]:
        assert set(entry) <= {"path", "permissions", "content", "encoding"}
        assert re.fullmatch(r"0[0-7]{3}", entry["permissions"]), entry["path"]


def test_the_same_node_has_the_same_text() -> None:
    assert user_data(node(), cluster()) == user_data(node(), cluster())
    turned = cluster(operators={"bob": "ssh-ed25519 AAAAbob", "ann": "ssh-ed25519 AAAAann ann"})
    straight = cluster(operators={"ann": "ssh-ed25519 AAAAann ann", "bob": "ssh-ed25519 AAAAbob"})
    assert user_data(node(), turned) == user_data(node(), straight)


@pytest.mark.parametrize("script", sorted(path.name for path in SCRIPTS.iterdir()))
def test_scripts_arrive_as_they_are_but_for_comments(script: str) -> None:
    found = files(user_data(node(), cluster(tailscale_key="${var.mesh}")))[f"/usr/local/sbin/{script}"]
    kept, lines = found["content"].splitlines(), (SCRIPTS / script).read_text().splitlines()
    assert kept[0] == lines[0]
    assert kept[1:] == [line for line in lines[1:] if not re.match(r"\s*#", line)]
    assert found["permissions"] == "0755"


def test_what_looks_like_a_template_stays_text() -> None:
    entry = files(user_data(node(), cluster(operators={"ann": "ssh-ed25519 AAAA ${var.x}%{if true}"})))
    assert entry["/etc/sprocket/ssh/operators"]["content"] == "ssh-ed25519 AAAA ${var.x}%{if true}\n"
    assert "codename=${distro_codename}" in entry["/etc/apt/apt.conf.d/52sprocket-updates"]["content"]


def test_the_engine() -> None:
    found = files(user_data(node(labels={"zone": "b", "storage": "main"}), cluster()))
    daemon = json.loads(found["/etc/docker/daemon.json"]["content"])
    assert daemon == {
        "log-driver": "local",
        "log-opts": {"max-size": "20m", "max-file": "5"},
        "default-address-pools": [{"base": "172.20.0.0/14", "size": 24}],
    }


@pytest.mark.parametrize("unit", ["docker", "containerd"])
def test_tasks_inherit_a_bound_for_file_descriptors(unit: str) -> None:
    found = files(user_data(node(), cluster()))
    lines = found[f"/etc/systemd/system/{unit}.service.d/sprocket.conf"]["content"].splitlines()
    assert lines[lines.index("[Service]") + 1 :][-1] == "LimitNOFILE=1048576"


def test_the_engines_bridges_are_clear_of_the_vpc() -> None:
    found = files(user_data(node(), cluster(vpc_range="172.22.0.0/20")))
    assert json.loads(found["/etc/docker/daemon.json"]["content"])["default-address-pools"] == [
        {"base": "192.168.0.0/16", "size": 24}
    ]


def test_the_engine_stops_before_the_volumes_go() -> None:
    volumes = (
        NodeVolume(store="redis", device_name="test-redis", owner="999:999"),
        NodeVolume(store="let-us", device_name="test-let-us", owner="0:0"),
    )
    found = files(user_data(node(volumes=volumes), cluster()))
    # systemd looks for settings of mnt-redis.mount in the folder of what its name begins with, too.
    assert "Before=docker.service\n" in found["/etc/systemd/system/mnt-.mount.d/sprocket.conf"]["content"]
    assert "redis=test-redis=999:999 let-us=test-let-us=0:0" in found["/etc/sprocket/node.conf"]["content"]


def test_nodes_boot_at_different_hours() -> None:
    def at(index: int) -> str:
        found = files(user_data(node(index=index), cluster()))
        text = found["/etc/apt/apt.conf.d/52sprocket-updates"]["content"]
        return str(re.findall(r'Reboot-Time "(\d\d:\d\d)"', text)[0])

    assert [at(index) for index in (0, 1, 2, 31)] == ["01:00", "01:45", "02:30", "00:15"]
    assert len({at(index) for index in range(32)}) == 32


def test_the_engine_is_left_alone_by_updates() -> None:
    found = files(user_data(node(), cluster()))
    updates = found["/etc/apt/apt.conf.d/52sprocket-updates"]["content"]
    assert all(f'"^{name}$";' in updates for name in ("docker.io", "docker-ce", "containerd", "runc"))
    assert "Pin: version 20.10.*\n" in found["/etc/apt/preferences.d/sprocket-engine"]["content"]


@pytest.mark.parametrize(
    ("image", "packages"),
    [
        ("debian-12-x64", ("docker.io",)),
        ("debian-13-x64", ("docker.io", "docker-cli")),
        ("ubuntu-24-04-x64", ("docker.io",)),
        ("123456789", ("docker.io",)),
    ],
)
def test_an_engine_has_a_command_line(image: str, packages: tuple[str, ...]) -> None:
    assert engine_packages(image) == packages
    found = files(user_data(node(), cluster(engine_packages=packages, engine_version="26.1.*")))
    facts = found["/etc/sprocket/node.conf"]["content"]
    assert f"PACKAGES='{' '.join(packages)} iptables " in facts and "ENGINE_PACKAGE=docker.io\n" in facts
    preference = found["/etc/apt/preferences.d/sprocket-engine"]["content"]
    assert preference.startswith(f"Package: {' '.join(packages)}\nPin: version 26.1.*\n")


def test_without_a_mesh_there_is_no_word_of_it() -> None:
    text = user_data(node(), cluster())
    assert "/usr/local/sbin/sprocket-tailscale" not in text and "tailscale.key" not in text
    found = files(user_data(node(), cluster(tailscale_key="${var.mesh}")))
    assert content(found["/etc/sprocket/tailscale.key"]) == "tskey-auth-x"
    assert found["/etc/sprocket/tailscale.key"]["permissions"] == "0600"
    facts = found["/etc/sprocket/node.conf"]["content"]
    assert "sprocket-tailscale.service" in facts and "ROUTES=10.124.0.0/20\n" in facts
    worker = files(user_data(node(**WORKER), cluster(tailscale_key="${var.mesh}")))
    assert "ROUTES=''\n" in worker["/etc/sprocket/node.conf"]["content"]


def test_what_the_timers_start_is_there_and_not_enabled() -> None:
    found = files(user_data(node(), cluster()))
    facts = found["/etc/sprocket/node.conf"]["content"]
    assert "/etc/systemd/system/sprocket-metadata-agent.service" in found
    assert "sprocket-metadata-agent.timer" in facts and "sprocket-metadata-agent.service" not in facts


def test_it_is_far_from_the_limit() -> None:
    assert len(evaluated(user_data(node(), cluster())).encode()) < MAX_USER_DATA * 0.85


@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not on PATH")
def test_terraform_makes_the_same_of_it(tmp_path: Path) -> None:
    """The real template language, on the JSON form that cdktf writes."""
    mesh = node(volumes=(NodeVolume(store="redis", device_name="test-redis", owner="999:999"),))
    text = user_data(mesh, cluster(tailscale_key="${var.mesh}"))
    wanted = evaluated(text)
    for reference, value in VALUES.items():
        name = "v_" + reference.replace(".", "_")
        text = text.replace(f"({reference})", f"(local.{name})")
        (tmp_path / f"{name}.txt").write_text(value)
    locals_ = {f"v_{r.replace('.', '_')}": f'${{file("v_{r.replace(".", "_")}.txt")}}' for r in VALUES}
    (tmp_path / "main.tf.json").write_text(
        json.dumps({"locals": locals_, "output": {"user_data": {"value": text}}})
    )
    for arguments in (["init", "-input=false"], ["apply", "-input=false", "-auto-approve"]):
        subprocess.run(["terraform", *arguments], cwd=tmp_path, check=True, capture_output=True, timeout=60)
    shown = subprocess.run(
        ["terraform", "output", "-raw", "user_data"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert shown.stdout == wanted


def test_the_name_of_a_node_says_its_number() -> None:
    assert Node(name="prod-app-12", pool="app", role="manager").address("x.test") == "app-12.nodes.x.test"
