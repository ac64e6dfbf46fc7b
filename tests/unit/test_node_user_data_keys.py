"""The keys in user data: whose are in it for whom, and who else gets to read them."""

from __future__ import annotations

import re

from layers.node.user_data import user_data
from tests.unit.node_scene import MANAGERS, cluster, node
from tests.unit.user_data_files import VALUES, WORKER, content, files


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


def test_an_operators_key_may_be_a_reference() -> None:
    given = {"ann": "ssh-ed25519 AAAAann ann", "ci": "${var.ssh_key_ci}"}
    found = files(user_data(node(), cluster(operators=given)))
    assert (
        found["/etc/sprocket/ssh/operators"]["content"] == "ssh-ed25519 AAAAann ann\nssh-ed25519 AAAAci ci\n"
    )
