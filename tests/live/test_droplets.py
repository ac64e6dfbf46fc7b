"""Droplets that really boot: the emulated API in front, user data inside, looked at from this machine and from outside."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from rehearsal.droplets import Box, cleaning
from rehearsal.droplets.addresses import METADATA
from rehearsal.emulator.settings import Seconds
from tests.live.droplet_cloud import SECONDS, USER_DATA, Cloud

pytestmark = [pytest.mark.live(needs=["engine"]), pytest.mark.proof]

QUICK = Seconds(create=0.1, action=0.1, destroy=0.1, database=0.1, firewall=0.1)


def eventually(check: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + SECONDS
    while not check():
        assert time.monotonic() < until, f"{what}: not within {SECONDS} s"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    folder = tmp_path_factory.mktemp("cloud")
    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True, timeout=20)
    with Box(folder / "box", wait=600) as box, box.emulator(seconds=QUICK) as emulator:
        headers = {"Authorization": "Bearer any"}
        with httpx.Client(base_url=emulator.url, headers=headers, trust_env=False, timeout=SECONDS) as client:
            cloud = Cloud(box, emulator, client, key)
            prepare(cloud)
            yield cloud
    left = subprocess.run(
        ["docker", "ps", "--all", "--quiet", "--filter", "label=sprocket.rehearsal=1"],
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    loops = subprocess.run(["losetup", "--list"], capture_output=True, text=True, timeout=30, check=True)
    assert left.stdout == "" and str(folder) not in loops.stdout


def prepare(cloud: Cloud) -> None:
    """Two droplets behind a firewall that was there before them, one with a volume."""
    public = cloud.key.with_suffix(".pub").read_text().strip()
    made = cloud.ask("POST", "vpcs", name="test", region="fra1", ip_range="10.124.0.0/20")
    cloud.ids["vpc"] = made["vpc"]["id"]
    cloud.ids["key"] = cloud.ask("POST", "account/keys", name="test", public_key=public)["ssh_key"]["id"]
    cloud.ask("POST", "tags", name="swarm")
    cloud.ids["firewall"] = cloud.ask("POST", "firewalls", **cloud.firewall("80"))["firewall"]["id"]
    volume = cloud.ask("POST", "volumes", name="data", region="fra1", size_gigabytes=1)["volume"]
    cloud.ids["volume"] = volume["id"]
    cloud.ids["store ip"] = cloud.droplet("store", volume["id"])
    cloud.ids["edge ip"] = cloud.droplet("edge")
    cloud.settle()
    for name in ("store", "edge"):
        booted(cloud, name)


def booted(cloud: Cloud, name: str) -> None:
    assert "status: done" in cloud.run(name, "cloud-init status --wait", expect=None), cloud.run(
        name, "cloud-init status --long; tail -40 /var/log/cloud-init-output.log", expect=None
    )


def test_user_data_ran_and_the_droplet_knows_who_it_is(cloud: Cloud) -> None:
    assert cloud.run("store", "cat /root/written; echo; hostname") == "by user data\nstore"
    assert cloud.run("store", "cat /mnt/data/starts") == "once more"
    assert cloud.run("edge", f"curl -sf http://{METADATA}/metadata/v1/id") == str(cloud.ids["edge"])
    address = f"curl -sf http://{METADATA}/metadata/v1/interfaces/private/0/ipv4/address"
    assert cloud.run("edge", f"ip -br address show eth1 | grep -o $({address})").startswith("10.124.0.")
    assert cloud.run("edge", f"curl -sf http://{METADATA}/metadata/v1/user-data") == USER_DATA.strip()
    assert cloud.box.from_outside("curl", "-s", f"http://{METADATA}/metadata/v1/id").stdout == "not found\n"


def test_from_outside_only_what_the_firewall_allows_answers(cloud: Cloud) -> None:
    assert cloud.box.probe(cloud.ids["edge ip"], [22, 80, 6379]) == {
        22: "filtered",
        80: "open",
        6379: "filtered",
    }
    assert cloud.run("edge", "curl -s -o /dev/null -w '%{http_code}' -m 5 http://store.local:6379/ "
                     f"--resolve store.local:6379:{private(cloud, 'store')}") == "200"  # fmt: skip
    nowhere = "curl -s -m 5 http://203.0.113.1/"
    assert cloud.run("edge", nowhere, expect=7) == ""  # at once: there is no way out


def private(cloud: Cloud, name: str) -> str:
    networks = cloud.ask("GET", f"droplets/{cloud.ids[name]}")["droplet"]["networks"]["v4"]
    return str(next(one["ip_address"] for one in networks if one["type"] == "private"))


def test_the_firewall_stands_before_published_ports_and_metadata_can_be_kept_from_containers(
    cloud: Cloud,
) -> None:
    pack = "tar -ch /usr/bin/curl $(ldd /usr/bin/curl | grep -o '/[^ ]*') 2>/dev/null | docker import - curl"
    cloud.run("edge", pack)
    metadata = f"docker run --rm curl /usr/bin/curl -s -m 3 http://{METADATA}/metadata/v1/id"
    assert cloud.run("edge", metadata) == str(cloud.ids["edge"])
    cloud.run("edge", f"iptables -I DOCKER-USER -d {METADATA} -j DROP")
    cloud.run("edge", metadata, expect=28)
    assert cloud.run("edge", f"curl -sf http://{METADATA}/metadata/v1/id") == str(cloud.ids["edge"])

    cloud.run(
        "edge", "docker run --detach --publish 8080:80 curl /usr/bin/curl -s -m 600 telnet://198.51.100.2:53"
    )
    assert cloud.box.probe(cloud.ids["edge ip"], [8080]) == {8080: "filtered"}
    cloud.ask("PUT", f"firewalls/{cloud.ids['firewall']}", **cloud.firewall("80", "8080"))
    cloud.settle()
    assert cloud.box.probe(cloud.ids["edge ip"], [8080]) == {8080: "closed"}


def test_a_reserved_ip_moves(cloud: Cloud) -> None:
    ip = cloud.ask("POST", "reserved_ips", region="fra1")["reserved_ip"]["ip"]
    for name in ("edge", "store", "edge"):
        cloud.ask("POST", f"reserved_ips/{ip}/actions", type="assign", droplet_id=cloud.ids[name])
        cloud.settle()
        assert cloud.box.from_outside("curl", "-s", "-m", "5", f"http://{ip}/hostname").stdout.strip() == name
        assert httpx.get(f"http://{ip}/hostname", trust_env=False, timeout=5).text.strip() == name
        assert cloud.run(name, f"curl -sf http://{METADATA}/metadata/v1/reserved_ip/ipv4/ip_address") == ip
    cloud.ids["reserved ip"] = ip


def test_names_resolve_and_ssh_finds_them(cloud: Cloud, tmp_path: Path) -> None:
    cloud.ask("POST", "domains", name="rehearsal.test")
    for name, type, data in (
        ("store", "A", cloud.ids["store ip"]),
        ("*.admin", "CNAME", "store.rehearsal.test."),
    ):
        cloud.ask("POST", "domains/rehearsal.test/records", type=type, name=name, data=data, ttl=60)
    cloud.settle()
    assert (
        cloud.run("edge", "getent ahostsv4 x.admin.rehearsal.test | head -1").split()[0]
        == cloud.ids["store ip"]
    )
    assert cloud.run("edge", "getent hosts not.rehearsal.test", expect=2) == ""
    assert cloud.box.resolve("x.admin.rehearsal.test") == cloud.ids["store ip"]
    host_key = cloud.run("store", "cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub")
    (tmp_path / "known").write_text(f"store.rehearsal.test {host_key}\n")
    options = [
        "-F",
        str(cloud.box.ssh_config),
        "-o",
        f"UserKnownHostsFile={tmp_path}/known",
        "-i",
        str(cloud.key),
    ]
    command = ["ssh", *options, "-o", "StrictHostKeyChecking=yes", "root@store.rehearsal.test", "hostname"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout == "store\n", done.stderr


def test_a_reboot_keeps_volume_firewall_and_reserved_ip(cloud: Cloud) -> None:
    cloud.box.reboot("edge")
    cloud.box.kill("store")
    assert cloud.box.probe(cloud.ids["store ip"], [80]) == {80: "filtered"}
    cloud.box.start("store")
    eventually(lambda: cloud.box.probe(cloud.ids["store ip"], [80]) == {80: "open"}, "store answers again")
    assert cloud.run("store", "findmnt -no TARGET /mnt/data") == "/mnt/data"
    eventually(lambda: cloud.box.probe(cloud.ids["reserved ip"], [80]) == {80: "open"}, "edge answers again")
    assert cloud.box.probe(cloud.ids["reserved ip"], [22, 6379]) == {22: "filtered", 6379: "filtered"}
    assert cloud.run("store", "cat /mnt/data/starts") == "once more"  # runcmd is of the first boot


def test_a_volume_outlives_its_droplet_and_grows(cloud: Cloud) -> None:
    cloud.ask("DELETE", f"droplets/{cloud.ids['store']}")
    cloud.settle()
    cloud.droplet("store", cloud.ids["volume"])
    cloud.settle()
    booted(cloud, "store")
    assert cloud.run("store", "cat /mnt/data/starts") == "once more\nonce more"
    cloud.ask("POST", f"volumes/{cloud.ids['volume']}/actions", type="resize", size_gigabytes=2)
    cloud.settle()
    device = "/dev/disk/by-id/scsi-0DO_Volume_data"
    assert cloud.run("store", f"blockdev --getsize64 {device}") == str(2 * 1024**3)
    cloud.run("store", f"umount /mnt/data; resize2fs {device} || e2fsck -fp {device}; mount /mnt/data")
    cloud.ask("POST", f"volumes/{cloud.ids['volume']}/actions", type="detach", droplet_id=cloud.ids["store"])
    cloud.settle()
    assert cloud.run("store", f"ls {device}", expect=2) == ""


def test_object_storage_opens_to_keys_of_the_api(cloud: Cloud) -> None:
    owner = cloud.box.spaces_key
    assert (
        s3(cloud, owner.access_key, owner.secret_key, "-X", "PUT", f"{cloud.box.s3_endpoint}/backups")
        == "200"
    )
    grants = [{"bucket": "backups", "permission": "read"}]
    key = cloud.ask("POST", "spaces/keys", name="reader", grants=grants)["key"]
    cloud.settle()
    through_proxy = ["-x", f"{cloud.box.s3_endpoint}:80", "http://backups.fra1.spaces.test/object"]
    assert s3(cloud, owner.access_key, owner.secret_key, "-T", "/etc/hostname", *through_proxy) == "200"
    reader = (key["access_key"], key["secret_key"])
    eventually(lambda: s3(cloud, *reader, *through_proxy) == "200", "the new key reads")
    assert s3(cloud, *reader, "-T", "/etc/hostname", *through_proxy) == "403"
    assert s3(cloud, "wrong", "wrong", *through_proxy) == "403"


def s3(cloud: Cloud, access: str, secret: str, *words: str) -> str:
    """The status of a signed request."""
    command = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--aws-sigv4", "aws:amz:us-east-1:s3"]
    return cloud.box.from_outside(*command, "--user", f"{access}:{secret}", *words).stdout


def test_all_that_a_killed_run_leaves_is_found_and_removed(cloud: Cloud) -> None:
    """Last, because it takes this box away: what the next start would do after a kill."""
    volume = cloud.ids["volume"]
    cloud.ask("POST", f"volumes/{volume}/actions", type="attach", droplet_id=cloud.ids["store"])
    cloud.settle()
    found = cleaning.clean(cloud.key.parent / "box")
    assert "3 containers" in found and "2 networks" in found
    assert cleaning.clean(cloud.key.parent / "box") == ""
    loops = subprocess.run(["losetup", "--list"], capture_output=True, text=True, timeout=30, check=True)
    assert str(cloud.key.parent) not in loops.stdout
    assert str(cloud.key.parent) not in Path("/proc/self/mounts").read_text()
    rules = subprocess.run(["ip", "rule"], capture_output=True, text=True, timeout=30, check=True)
    assert "sprocket-public" not in rules.stdout
