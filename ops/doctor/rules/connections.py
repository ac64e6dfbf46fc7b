"""Names that do not resolve and servers that do not answer, asked from inside the task that needs them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from ops.check.address import addresses_of
from ops.doctor.facts import Facts
from ops.doctor.finding import Finding, Unasked
from ops.model.service import Service

PROBE = Path(__file__).with_name("probe.sh")
"""Prints a line for each pair of its arguments: name, port, whether it resolves, whether it takes a connection."""
MOST_PORTS = 4

_NO_SHELL = re.compile(r"no such file or directory|executable file not found", re.IGNORECASE)

Wanted = Mapping[str, tuple[str, tuple[int, ...]]]
"""By name: the service behind it, empty where there is none, and the ports that are asked for."""
Answers = Mapping[tuple[str, int], tuple[str, str]]
"""By name and port: whether it resolves, and whether it takes a connection; empty where nobody knows."""


def broken_connections(facts: Facts) -> Iterator[Finding | Unasked]:
    """Every declared connection, and every name that a service is given and that no service has.

    A service of which no task runs connects to nothing, and has a finding of its own.
    """
    total = 0
    unasked: dict[str, dict[str, int]] = {}
    for service in facts.chosen:
        container = facts.tasks.container(service.name)
        wanted = dict(_wanted(service, facts)) if container or facts.working(service.name) else {}
        if not wanted:
            continue
        said, failed = (
            _asked(container, wanted, facts) if container else ({}, facts.why_no_container(service.name))
        )
        total += len(wanted)
        for name, (server, ports) in wanted.items():
            answers = [said.get((name, port), ("", "")) for port in ports or (0,)]
            yield from _judged(service, name, server, answers, ports, facts)
            if why := failed or _unknown(server, answers, ports, facts):
                names = unasked.setdefault(why, {})
                names[service.name] = names.get(service.name, 0) + 1
    if unasked:
        yield Unasked(why=unasked, of=total)


def _asked(container: str, wanted: Wanted, facts: Facts) -> tuple[Answers, str]:
    """What the probe says inside a container; or why it could not be asked."""
    asked = [(name, port) for name, (_, ports) in wanted.items() for port in ports or (0,)]
    words = [str(word) for pair in asked for word in pair]
    done = facts.tasks.run(container, "/bin/sh", "-c", _script(), "probe", *words)
    if done.code == 0:
        return dict(_parsed(done.output)), ""
    if _NO_SHELL.search(done.output):
        return {}, "no shell in the image"
    said = " ".join(done.output.split())[:120]
    return {}, f"the command inside its task ended with {done.code}{': ' if said else ''}{said}"


def _unknown(server: str, said: list[tuple[str, str]], ports: tuple[int, ...], facts: Facts) -> str:
    """Why answers say nothing; empty where they do, or where the server itself does not run."""
    if any(resolved == "unresolved" or connected == "connected" for resolved, connected in said):
        return ""
    if all(connected == "refused" for _, connected in said):
        return ""
    if any(resolved not in ("resolved", "unresolved") for resolved, _ in said):
        return "no program in the image that resolves names"
    if ports:
        return "no program in the image that connects"
    # A name that no service has is asked for by itself: there is no port to know.
    return f"nothing says which port of {server} it uses" if server and facts.working(server) else ""


@cache
def _script() -> str:
    return PROBE.read_text()


def _wanted(client: Service, facts: Facts) -> Iterator[tuple[str, tuple[str, tuple[int, ...]]]]:
    """Pairs of :data:`Wanted`."""
    addresses = [each for each in addresses_of(client) if not each.is_own and not each.is_ip]
    for server in client.servers:
        names = facts.declared[server].names
        used = [each for each in addresses if each.host in names]
        # The alias that the client uses; its network may have the server under no other name.
        name = used[0].host if used else server
        ports = sorted({each.port for each in used if each.port}) or _listening(server, facts)
        yield name, (server, tuple(ports[:MOST_PORTS]))
    known = {name for each in facts.declared.values() for name in each.names}
    for each in addresses:
        if each.certain and each.host not in known and "." not in each.host:
            yield each.host, ("", (each.port,) if each.port else ())


def _listening(server: str, facts: Facts) -> list[int]:
    container = facts.tasks.container(server)
    return facts.tasks.listening(container, loopback=False) if container else []


def _parsed(output: str) -> Iterator[tuple[tuple[str, int], tuple[str, str]]]:
    for line in output.splitlines():
        words = line.split()
        if len(words) == 4 and words[1].isdigit():
            yield (words[0], int(words[1])), (words[2], words[3])


def _judged(
    client: Service, name: str, server: str, said: list[tuple[str, str]], ports: tuple[int, ...], facts: Facts
) -> Iterator[Finding]:
    follows = tuple(dict.fromkeys((f"service {server}", *facts.follows(client)))) if server else ()
    about = f"service {client.name}"
    if any(resolved == "unresolved" for resolved, _ in said):
        yield Finding(
            kind="unresolved-name",
            about=about,
            cause=f"the name {name} does not resolve inside its task"
            + ("" if server else ": no service has that name"),
            evidence=(f"asked inside the task of {client.name}", *_networks(client, server, facts)),
            next=facts.ops("deploy") if server else facts.ops("check"),
            follows=follows,
        )
    elif said and all(connected == "refused" for _, connected in said):
        where = " or ".join(f"{name}:{port}" for port in ports)
        yield Finding(
            kind="unreachable",
            about=about,
            cause=f"{where} takes no connection from inside its task",
            evidence=(f"asked inside the task of {client.name}; the name resolves", *_listens(server, facts)),
            next=facts.log_of(server) if server else facts.ops("check"),
            follows=follows,
        )


def _networks(client: Service, server: str, facts: Facts) -> Iterator[str]:
    """Of both, on the swarm: they resolve each other where they share one."""
    for name in filter(None, (client.name, server)):
        if name in facts.live:
            joined = ", ".join(sorted(facts.live[name].service.networks)) or "none"
            yield f"networks of {name}: {joined}"
        working = len(facts.working(name))
        if not working:
            yield f"no task of {name} runs"


def _listens(server: str, facts: Facts) -> Iterator[str]:
    container = facts.tasks.container(server) if server else None
    if container:
        ports = ", ".join(map(str, facts.tasks.listening(container, loopback=False)))
        yield f"{server} listens on {ports or 'no port that others can reach'}"
