"""What is not real in a rehearsal, and what stands in for it."""

from __future__ import annotations

STAND_INS: tuple[tuple[str, str], ...] = (
    (
        "a droplet (virtual machine)",
        "a container that boots Debian's systemd; kernel, clock and memory are this machine's",
    ),
    ("the size of a droplet (cores, memory, disk)", "nothing: not applied, all droplets share this machine"),
    ("the disk of a droplet under its Docker Engine", "memory of this machine, where it has 5 GiB to spare"),
    ("image debian-12-x64", "Debian bookworm by debootstrap, with Debian's Docker Engine already in it"),
    ("cloud-init's source DigitalOcean", "its source NoCloud, with the same user data, unchanged"),
    ("metadata service 169.254.169.254", "a program of ours at that address, answering by who asks"),
    ("cloud firewall", "nftables in the droplet's network namespace, in a table of its own"),
    ("VPC and public network", "bridges on this machine, without IPv6 and without a way out"),
    ("reserved IP", "a second address on the public interface; no anchor address"),
    ("block storage volume", "a loop device over a sparse file on this machine"),
    (
        "DNS at DigitalOcean and its resolvers",
        "a name server of ours with the same records (A, AAAA, CNAME, NS, TXT)",
    ),
    (
        "managed Postgres, where one is ordered",
        "one container with the packages' Postgres, whatever version is ordered, on the private network only: "
        "TLS signed by itself, doadmin no superuser, trusted sources as rules of the server; no standby, pool or backup",
    ),
    ("Spaces", "SeaweedFS, without TLS, its data in memory"),
    ("the registries of the images", "the local registry's data, read-only at each droplet's 127.0.0.1"),
)
