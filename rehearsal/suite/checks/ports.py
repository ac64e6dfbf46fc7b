"""Which ports can be reached from outside, and from another node."""

from __future__ import annotations

from rehearsal.suite.check import Check
from rehearsal.suite.checks.datagrams import passed
from rehearsal.suite.outcome import CheckFailed
from rehearsal.suite.world import World

PUBLIC = (80, 443)
SWARM = (2377, 7946)
NEVER = {
    2375: "Docker API", 2376: "Docker API", 5432: "Postgres", 6379: "Redis", 5672: "RabbitMQ", 15672: "RabbitMQ",
    9000: "MinIO", 8086: "InfluxDB", 3000: "Grafana", 3100: "Loki", 8080: "Traefik", 5000: "registry",
}  # fmt: skip
SSH = 22
UNUSED = 5353
"""An unused UDP port: it must not get through anywhere, which shows that the check can fail."""
DATAGRAMS = (4789, 7946, UNUSED)


def outside(world: World) -> str:
    """From outside, only ports 80 and 443 of the ingress node answer."""
    from rehearsal.droplets.addresses import INTERNET

    ports = (*PUBLIC, SSH, *SWARM, *NEVER)
    ingress = next(node.name for node in world.nodes if node.is_first)
    addresses = {"the reserved address": (world.address, True)}
    for node in world.nodes:
        addresses[node.name] = (world.machine(node).public_ipv4, node.name == ingress)
    wrong = []
    for name, (address, serves) in addresses.items():
        found = world.box.probe(address, ports)
        for port, state in found.items():
            wanted = state == "open" if serves and port in PUBLIC else state != "open"
            if not wanted:
                wrong.append(f"{name}: port {port} is {state}")
    for node in world.nodes:
        public = world.machine(node).public_ipv4
        through = passed(world, node.name, public, INTERNET, DATAGRAMS, world.box.from_outside)
        wrong += [
            f"{node.name}: UDP {port} gets through from outside" for port, got in through.items() if got
        ]
    if wrong:
        raise CheckFailed("; ".join(wrong))
    return f"{len(addresses)} addresses, {len(ports)} TCP and {len(DATAGRAMS)} UDP ports each; 22 refused outside its allow-list"


def inside(world: World) -> str:
    """In the VPC, the swarm's ports answer other nodes, and no store does."""
    wrong = []
    pairs = 0
    for there in world.nodes:
        address = world.machine(there).private_ipv4
        for here in world.nodes:
            if here.name == there.name:
                continue
            pairs += 1
            states = world.box.probe(address, (*SWARM, *NEVER), source=here.name)
            wanted = SWARM if there.role == "manager" else (7946,)
            wrong += [
                f"{here.name} to {there.name}: {p} is {states.get(p)}"
                for p in wanted
                if states.get(p) != "open"
            ]
            wrong += [
                f"{here.name} reaches {NEVER[p]} of {there.name} at {p}"
                for p in NEVER
                if states.get(p) == "open"
            ]
            source = world.machine(here).private_ipv4

            def send(*words: str, name: str = here.name) -> object:
                return world.box.exec(name, *words)

            through = passed(world, there.name, address, source, DATAGRAMS, send)
            wrong += [
                f"{here.name} to {there.name}: UDP {port} does not get through"
                for port, got in through.items()
                if got != (port != UNUSED)
            ]
    for node in world.nodes:
        listening = world.box.exec(node.name, "ss", "-Hltn").stdout
        if any(f":{port} " in listening for port in (2375, 2376)):
            wrong.append(f"{node.name}: Docker listens on TCP")
    if wrong:
        raise CheckFailed("; ".join(wrong))
    return f"{pairs} pairs of nodes" if pairs else "one node: only that Docker does not listen on TCP"


OUTSIDE = Check(name="ports-outside", what="from outside only 80 and 443 answer", run=outside)
INSIDE = Check(name="ports-inside", what="in the VPC the swarm's ports and no store", run=inside)
