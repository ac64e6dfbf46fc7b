"""Who can reach whom on the local platform, tried from inside every task and from a container outside."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from ops.model.service import Service
from ops.smoke.graph import clients_of, sharing
from ops.smoke.route import routes_of
from tests.live.local_platform import LocalPlatform

pytestmark = [pytest.mark.live, pytest.mark.proof]

BASE = "sprocket-local/base:latest"

PROBE = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor

def address(host):
    try:
        return socket.gethostbyname(host)
    except OSError:
        return None

def connected(target):
    host, port = target
    try:
        return addresses[host] and socket.create_connection((addresses[host], port), timeout=1.5)
    except OSError:
        return None

targets = [tuple(target) for target in json.loads(sys.stdin.readline())]
hosts = sorted({host for host, _ in targets})
with ThreadPoolExecutor(64) as pool:
    addresses = dict(zip(hosts, pool.map(address, hosts)))
    lines = list(zip(targets, pool.map(connected, targets)))
print(json.dumps([[*target, line.getsockname()[1]] for target, line in lines if line]), flush=True)
sys.stdin.read()
"""
"""Connects to all targets, says from which port each line goes out, and holds them until it is told to end."""

DNS = "RES_OPTIONS=timeout:1 attempts:1"
"""Names of the swarm are answered at once; others would be waited for in vain."""

Target = tuple[str, int]


@dataclass(frozen=True)
class Reached:
    """Which services answered whom: by source, then the ports of each target."""

    ports: Mapping[str, list[int]]
    answers: Mapping[str, Mapping[str, list[int]]]
    outside: Mapping[str, list[int]]


@pytest.fixture(scope="module")
def reached(platform: LocalPlatform) -> Reached:
    """Every service tried from inside every task, by every address and every name; some minutes."""
    services = platform.services
    ports = {name: platform.tasks.listening(platform.container(name), loopback=False) for name in services}
    targets = {
        (host, port): name
        for name in services
        for host in (*_addresses(platform, name), *services[name].names)
        for port in ports[name]
    }
    answers = {name: _probed(platform, f"container:{platform.container(name)}", targets) for name in services}
    return Reached(ports=ports, answers=answers, outside=_probed(platform, "bridge", targets))


def _addresses(platform: LocalPlatform, service: str) -> Iterator[str]:
    """On each network, and on the bridge by which tasks leave their node."""
    settings = platform.api.inspect_container(platform.container(service))["NetworkSettings"]
    for network in settings["Networks"].values():
        if network.get("IPAddress"):
            yield network["IPAddress"]
    for endpoint in platform.api.inspect_network("docker_gwbridge")["Containers"].values():
        if endpoint["Name"] == f"gateway_{settings['SandboxID'][:12]}":
            yield endpoint["IPv4Address"].partition("/")[0]


def _probed(platform: LocalPlatform, network: str, targets: Mapping[Target, str]) -> dict[str, list[int]]:
    """Which targets answer somebody on that network, as ports by service."""
    words = ["docker", "run", "--rm", "-i", "--network", network, "--env", DNS, BASE, "python3", "-c", PROBE]
    found: dict[str, set[int]] = {}
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as probe:
        assert probe.stdin and probe.stdout
        print(json.dumps(list(targets)), file=probe.stdin, flush=True)
        for host, port, line in json.loads(probe.stdout.readline()):
            service = targets[host, port]
            # A router outside may answer for any address (a transparent proxy does): the target must see the line.
            if line in _lines_at(platform, service, port):
                found.setdefault(service, set()).add(port)
        probe.stdin.close()
    return {name: sorted(ports) for name, ports in found.items()}


def _lines_at(platform: LocalPlatform, service: str, port: int) -> set[int]:
    """Ports at the other end of the lines to a port of a service, as its own task sees them."""
    done = platform.tasks.run(platform.container(service), "cat", "/proc/net/tcp", "/proc/net/tcp6")
    rows = (line.split() for line in done.output.splitlines())
    return {
        int(words[2].rpartition(":")[2], 16)
        for words in rows
        if len(words) > 3 and words[1].endswith(f":{port:04X}") and words[3] != "0A"
    }


def stores(platform: LocalPlatform) -> list[str]:
    """Services that keep data and that somebody declared a connection to."""
    keeping = {
        service.name
        for service in platform.services.values()
        if any(mount.type == "volume" for mount in service.mounts)
    }
    return [name for name in sorted(keeping) if clients_of(platform.services, name)]


def gateway(services: Mapping[str, Service]) -> str:
    return next(name for name, service in services.items() if service.published)


def test_the_probe_finds_what_may_be_reached(platform: LocalPlatform, reached: Reached) -> None:
    """Every declared connection answers; without this the other tests could not fail."""
    dead = [
        f"{name} -> {server}"
        for name, service in platform.services.items()
        for server in service.servers
        if reached.ports[server] and server not in reached.answers[name]
    ]
    assert dead == []
    assert {"redis", "rabbitmq", "postgres", "minio", "influxdb", "loki"} <= set(stores(platform))


@pytest.mark.parametrize("store", ["redis", "rabbitmq", "postgres", "minio", "influxdb", "loki"])
def test_a_store_answers_its_declared_clients_alone(
    platform: LocalPlatform, reached: Reached, store: str
) -> None:
    routed = {route.service for route in routes_of(platform.target.wanted, admin_role="admin")}
    allowed = {store, *clients_of(platform.services, store)}
    if store in routed:
        allowed.add(gateway(platform.services))
    found = {name: ports[store] for name, ports in reached.answers.items() if store in ports}
    strangers = {name: ports for name, ports in found.items() if name not in allowed}
    assert strangers == {}, f"{store} answers services that declared no connection to it"


def test_an_admin_page_answers_only_whom_a_connection_was_declared_with(
    platform: LocalPlatform, reached: Reached
) -> None:
    """Sharing a network with a page because of some other server is printed, not denied; the gateway's is neither."""
    inventory = platform.target.wanted
    routes = routes_of(inventory, admin_role="admin")
    guarded = {route.service for route in routes if route.role is not None and not route.signs_in}
    way_in = gateway(platform.services)
    shared = _sharing_by_declaration(platform.services)
    found = {
        (name, page)
        for name, targets in reached.answers.items()
        for page in guarded & targets.keys()
        if name not in (page, way_in) and page not in shared[name] and page != way_in
    }
    assert sorted(found) == [], "reach an admin page past the sign-in"


def test_whoever_answers_shares_a_network_as_declared(platform: LocalPlatform, reached: Reached) -> None:
    networks = sharing(platform.services)
    together = {
        (one, other) for members in networks.values() for one in members for other in members if one != other
    }
    tried = {
        (name, target) for name, targets in reached.answers.items() for target in targets if name != target
    }
    assert sorted(tried - together) == [], "reach each other without a network that both declared"


def test_networks_have_the_declared_members_and_no_other(platform: LocalPlatform) -> None:
    found: dict[str, set[str]] = {}
    names = {network["Id"]: network["Name"] for network in platform.api.networks()}
    for service in platform.api.services():
        for network in service["Spec"]["TaskTemplate"].get("Networks") or []:
            found.setdefault(names.get(network["Target"], network["Target"]), set()).add(
                service["Spec"]["Name"]
            )
    assert {name: sorted(members) for name, members in sorted(found.items())} == sharing(platform.services)


def test_nothing_answers_a_container_outside(reached: Reached) -> None:
    assert reached.outside == {}


def _sharing_by_declaration(services: Mapping[str, Service]) -> dict[str, set[str]]:
    """For each service, those on a network that hangs on a server: its servers, its clients, and their clients."""
    found: dict[str, set[str]] = {name: set() for name in services}
    for server in services:
        members = {server, *clients_of(services, server)}
        for member in members:
            found[member] |= members - {member}
    return found
