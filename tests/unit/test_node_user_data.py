"""The text of user data: what is in it for whom, what Terraform makes of it, and what it refuses."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from layers.errors import SettingsError
from layers.node.node import engine_packages
from layers.node.user_data import MAX_USER_DATA, Node, NodeKey, NodeVolume, user_data
from tests.unit.node_scene import DOMAIN, MANAGERS, SCRIPTS, cluster, node

VALUES = {
    f"tls_private_key.{name}.{half}_key_openssh": text
    for name in ("host", "host_of_workers", "join_manager", "join_worker")
    for half, text in (
        (
            "private",
            f"-----BEGIN OPENSSH PRIVATE KEY-----\n{name}\nsecond: line\n-----END OPENSSH PRIVATE KEY-----\n",
        ),
        ("public", f"ssh-ed25519 AAAA{name}\n"),
    )
} | {"var.mesh": "tskey-auth-x", "var.ssh_key_ci": "ssh-ed25519 AAAAci ci\n"}
WORKER = {"name": "test-work-1", "pool": "work", "role": "worker", "is_first": False}


def evaluated(text: str) -> str:
    """What Terraform makes of the template: escapes undone, the two functions that we use applied."""

    def value(match: re.Match[str]) -> str:
        if match[0] in ("$${", "%%{"):
            return match[0][1:]
        assert not match[0].startswith("%{"), "a directive that nobody meant"
        function, _, rest = match[1].partition("(")
        plain = VALUES[rest.removesuffix(")")]
        return base64.b64encode(plain.encode()).decode() if function == "base64encode" else plain.strip()

    return re.sub(r"\$\$\{|%%\{|%\{|\$\{([^}]*)\}", value, text)


def config(text: str) -> dict[str, Any]:
    loaded = YAML(typ="safe").load(evaluated(text))
    assert isinstance(loaded, dict)
    return loaded


def files(text: str) -> dict[str, dict[str, str]]:
    return {entry["path"]: entry for entry in config(text)["write_files"]}


def content(entry: dict[str, str]) -> str:
    return base64.b64decode(entry["content"]).decode() if entry.get("encoding") == "b64" else entry["content"]


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
def test_scripts_arrive_as_they_are(script: str) -> None:
    found = files(user_data(node(), cluster(tailscale_key="${var.mesh}")))[f"/usr/local/sbin/{script}"]
    assert found["content"] == (SCRIPTS / script).read_text()
    assert found["permissions"] == "0755"


def test_what_looks_like_a_template_stays_text() -> None:
    entry = files(user_data(node(), cluster(operators={"ann": "ssh-ed25519 AAAA ${var.x}%{if true}"})))
    assert entry["/etc/sprocket/ssh/operators"]["content"] == "ssh-ed25519 AAAA ${var.x}%{if true}\n"
    assert "codename=${distro_codename}" in entry["/etc/apt/apt.conf.d/52sprocket-updates"]["content"]


def test_only_keys_are_references() -> None:
    text = user_data(node(), cluster())
    assert sorted(set(re.findall(r"(?<!\$)\$\{[^}]*\}", text))) == [
        "${base64encode(tls_private_key.host.private_key_openssh)}",
        "${base64encode(tls_private_key.join_manager.private_key_openssh)}",
        "${trimspace(tls_private_key.host.public_key_openssh)}",
        "${trimspace(tls_private_key.join_manager.public_key_openssh)}",
        "${trimspace(tls_private_key.join_worker.public_key_openssh)}",
    ]


def test_private_keys_are_in_two_files_that_only_root_reads() -> None:
    found = files(user_data(node(), cluster()))
    secret = {path: content(entry) for path, entry in found.items() if "PRIVATE KEY" in content(entry)}
    assert secret == {
        "/etc/sprocket/ssh/join_key": VALUES["tls_private_key.join_manager.private_key_openssh"],
        "/etc/sprocket/ssh/host_ed25519_key": VALUES["tls_private_key.host.private_key_openssh"],
    }
    assert {found[path]["permissions"] for path in secret} == {"0600"}


def test_a_worker_has_only_its_own_key() -> None:
    text = user_data(node(**WORKER), cluster())
    found = files(text)
    assert "join_manager" not in text
    assert (
        content(found["/etc/sprocket/ssh/join_key"])
        == VALUES["tls_private_key.join_worker.private_key_openssh"]
    )
    assert not {"/etc/sprocket/ssh/admitted", "/usr/local/sbin/sprocket-admit"} & set(found)
    shown = found["/etc/sprocket/ssh/host_ed25519_key"]
    assert content(shown) == VALUES["tls_private_key.host_of_workers.private_key_openssh"]
    assert shown["permissions"] == "0600"
    sshd = found["/etc/ssh/sshd_config.d/00-sprocket.conf"]["content"]
    assert "HostKey /etc/sprocket/ssh/host_ed25519_key\n" in sshd


def test_a_manager_admits_both_roles_from_the_vpc_alone() -> None:
    assert files(user_data(node(), cluster()))["/etc/sprocket/ssh/admitted"]["content"] == (
        'restrict,from="10.124.0.0/20",command="/usr/local/sbin/sprocket-admit manager" ssh-ed25519 AAAAjoin_manager\n'
        'restrict,from="10.124.0.0/20",command="/usr/local/sbin/sprocket-admit worker" ssh-ed25519 AAAAjoin_worker\n'
    )


def test_every_manager_is_known_by_the_pinned_key() -> None:
    known = files(user_data(node(**WORKER), cluster()))["/etc/sprocket/ssh/known_hosts"]["content"]
    assert known == f"managers,{','.join(MANAGERS)} ssh-ed25519 AAAAhost\n"


def test_the_engine() -> None:
    found = files(user_data(node(labels={"zone": "b", "storage": "main"}), cluster()))
    daemon = json.loads(found["/etc/docker/daemon.json"]["content"])
    assert daemon == {
        "log-driver": "local",
        "log-opts": {"max-size": "20m", "max-file": "5"},
        "labels": ["storage=main", "zone=b"],
        "default-address-pools": [{"base": "172.20.0.0/14", "size": 24}],
    }


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
    assert (
        "After=sprocket-volumes.service mnt-redis.mount mnt-let\\x2dus.mount\n"
        in found["/etc/systemd/system/docker.service.d/sprocket.conf"]["content"]
    )
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
    assert len(evaluated(user_data(node(), cluster())).encode()) < MAX_USER_DATA * 0.75


def test_too_large_says_whose_and_what_to_do() -> None:
    operators = {f"person-{n}": f"ssh-rsa {'A' * 720} person-{n}" for n in range(50)}
    with pytest.raises(
        SettingsError, match=r"^node 'test-app-1': user data of \d{5} bytes; DigitalOcean takes 65536\. Fewer"
    ):
        user_data(node(), cluster(operators=operators))


@pytest.mark.parametrize("reference", ["${TfToken[TOKEN.7]}", "-----BEGIN OPENSSH PRIVATE KEY-----"])
def test_a_key_must_be_a_reference(reference: str) -> None:
    with pytest.raises(SettingsError, match="not one plain Terraform reference"):
        user_data(node(), cluster(host_key=NodeKey(private=reference, public="${a.b.c}")))


def test_a_manager_must_be_among_the_managers() -> None:
    with pytest.raises(
        SettingsError, match=rf"node 'test-app-4': is a manager, and app-4\.nodes\.{re.escape(DOMAIN)} is not"
    ):
        user_data(node(name="test-app-4", is_first=False), cluster())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "test-web-1"}, "must be <environment>-app-<number>"),
        ({"role": "worker"}, "the first node of a swarm must be a manager"),
        ({"labels": {"storage": "a b"}}, "label 'storage=a b' is not allowed"),
    ],
)
def test_a_node_that_cannot_be(changes: dict[str, object], words: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(words)):
        node(**changes)


def test_ranges_that_overlap() -> None:
    with pytest.raises(SettingsError, match=r"10\.200\.16\.0/20 overlaps 10\.200\.0\.0/16"):
        cluster(vpc_range="10.200.16.0/20")


def test_an_operators_key_may_be_a_reference() -> None:
    given = {"ann": "ssh-ed25519 AAAAann ann", "ci": "${var.ssh_key_ci}"}
    found = files(user_data(node(), cluster(operators=given)))
    assert (
        found["/etc/sprocket/ssh/operators"]["content"] == "ssh-ed25519 AAAAann ann\nssh-ed25519 AAAAci ci\n"
    )


def test_an_operators_key_of_two_lines() -> None:
    with pytest.raises(SettingsError, match="cloud/ssh_keys/ann: not a public ssh key"):
        cluster(operators={"ann": "ssh-ed25519 AAAA ann\nssh-ed25519 BBBB eve"})


def test_a_volumes_owner_is_numbers() -> None:
    with pytest.raises(SettingsError, match="owner 'redis:redis' is not allowed"):
        NodeVolume(store="redis", device_name="test-redis", owner="redis:redis")


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
