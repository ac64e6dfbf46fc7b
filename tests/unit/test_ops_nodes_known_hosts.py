"""Host keys: taken over once from what is deployed, and changed only when that is accepted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ops.errors import OpsError, Refused
from ops.nodes import known_hosts
from tests.unit.ops_nodes import target
from tests.unit.ops_terraform import FakeTerraform, give


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the deployed key and gives the file that it is written to."""
    monkeypatch.setattr(known_hosts, "ROOT", tmp_path)

    def deployed(**values: Any) -> Path:
        give(monkeypatch, cloud=FakeTerraform(**values))
        return known_hosts.file_of(target())

    return deployed


def test_a_host_key_is_written_once(host: Any) -> None:
    file = host(host_key="ssh-ed25519 AAAAone comment\n", worker_host_key="ssh-ed25519 AAAAw")
    assert known_hosts.update_known_hosts(target()).fate is known_hosts.KeyChange.WRITTEN
    assert file.read_text() == (
        "swarm.sprocket.rehearsal.test ssh-ed25519 AAAAone\n"
        "workers.sprocket.rehearsal.test ssh-ed25519 AAAAw\n"
    )
    assert known_hosts.update_known_hosts(target()).fate is known_hosts.KeyChange.SAME


def test_another_host_key_must_be_accepted(host: Any) -> None:
    file = host(host_key="ssh-ed25519 AAAAone", worker_host_key="ssh-ed25519 AAAAw")
    known_hosts.update_known_hosts(target())
    host(host_key="ssh-ed25519 AAAAtwo", worker_host_key="ssh-ed25519 AAAAw")
    with pytest.raises(Refused, match="have changed; nothing was written") as caught:
        known_hosts.update_known_hosts(target())
    assert (
        "AAAAone" in str(caught.value) and "AAAAtwo" in str(caught.value) and "--accept" in str(caught.value)
    )
    assert "AAAAone" in file.read_text()
    assert known_hosts.update_known_hosts(target(), accept=True).fate is known_hosts.KeyChange.CHANGED
    assert "AAAAtwo" in file.read_text()
    host(host_key="ssh-ed25519 AAAAtwo", worker_host_key="ssh-ed25519 AAAAx")
    with pytest.raises(Refused, match="AAAAw"):
        known_hosts.update_known_hosts(target())


def test_a_host_key_of_a_name_that_was_not_known_is_no_change(host: Any) -> None:
    file = host(host_key="ssh-ed25519 AAAAone", worker_host_key="ssh-ed25519 AAAAw")
    file.parent.mkdir(parents=True)
    file.write_text("swarm.sprocket.rehearsal.test ssh-ed25519 AAAAone\n")
    assert known_hosts.update_known_hosts(target()).fate is known_hosts.KeyChange.WRITTEN
    assert "workers.sprocket.rehearsal.test ssh-ed25519 AAAAw" in file.read_text()


def test_without_a_deployed_cloud_there_is_no_host_key(host: Any) -> None:
    host()
    with pytest.raises(OpsError, match="has no output host_key: it is not deployed yet"):
        known_hosts.update_known_hosts(target())
    host(host_key="ssh-ed25519 AAAAone")
    with pytest.raises(OpsError, match="has no output worker_host_key"):
        known_hosts.update_known_hosts(target())
