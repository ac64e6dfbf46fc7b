"""Why the tasks of a service end: the engine's words, put into causes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ops.doctor.facts import Facts
from ops.doctor.finding import Finding, Kind
from ops.model.service import Service
from ops.swarm.engine import Task
from ops.terminal.amounts import size, span

Next = Callable[[Facts, Service, Task], str]


@dataclass(frozen=True, kw_only=True)
class _Symptom:
    """What the engine says, and what that means.

    Args:
        says: in a task's error.
        cause: with the groups of ``says``.
    """

    kind: Kind
    says: str
    cause: str
    next: Next


def _image(facts: Facts, service: Service, task: Task) -> str:
    if facts.target.builds_images:
        return f"make up ENV={facts.name}"
    return "python -m ops images resolve --again"


def _folder(facts: Facts, service: Service, task: Task) -> str:
    return f"make up ENV={facts.name}" if facts.targets.cloud is None else facts.ops("ready", "--wait 60")


def _port(facts: Facts, service: Service, task: Task) -> str:
    named = _PORT.search(task.error)
    port = named["port"] if named else next((each.published for each in _live(service, facts).published), 0)
    return facts.on_node(facts.node_name(task.node), "docker", "ps", "--filter", f"publish={port}")


def _live(service: Service, facts: Facts) -> Service:
    found = facts.live.get(service.name)
    return found.service if found else service


_SYMPTOMS = (
    _Symptom(
        kind="image-missing",
        says=r"No such image|manifest unknown|pull access denied|repository does not exist|failed to resolve reference",
        cause="its node has no image {image}, and cannot pull it",
        next=_image,
    ),
    _Symptom(
        kind="folder-missing",
        says=r"bind source path does not exist: (?P<path>\S+)",
        cause="its node has no folder {path}: a volume is not mounted there, or the service runs on the wrong node",
        next=_folder,
    ),
    _Symptom(
        kind="port-taken",
        says=r"port is already allocated|address already in use",
        cause="something else on its node has the port that it publishes ({ports})",
        next=_port,
    ),
    _Symptom(
        kind="network-missing",
        says=r"network \S+ not found|could not find (?:the corresponding )?network|could not find network",
        cause="a network that it joins is gone",
        next=lambda facts, service, task: facts.ops("deploy"),
    ),
    _Symptom(
        kind="command-missing",
        says=r"executable file not found|exec format error|OCI runtime create failed|no such file or directory: unknown",
        cause="its image {image} cannot run the command {command}",
        next=lambda facts, service, task: facts.back_or_log(service.name),
    ),
    _Symptom(
        kind="unhealthy",
        says=r"unhealthy",
        cause="its program runs, and its health check fails until the swarm ends it",
        next=lambda facts, service, task: facts.log_of(service.name),
    ),
)
_PORT = re.compile(r"[\d\]\s]:(?P<port>\d{1,5})\b")
"""In the engine's words after an address: ``Bind for 0.0.0.0:80 failed``, ``listen tcp4 :80: bind``."""
_FULL = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)
_ON_TERM = (None, 0, 143)
"""Exit codes of a program that the engine ended."""
_BY_ITSELF = (
    "image-missing",
    "folder-missing",
    "port-taken",
    "network-missing",
    "command-missing",
    "out-of-memory",
    "disk-full",
)
"""No other service is why."""


def finding(
    service: Service, failures: Sequence[Task], counts: str, facts: Facts, *, answers: bool
) -> Finding:
    """What a service suffers from whose tasks end.

    Args:
        failures: its tasks that ended, the last one first.
        answers: whether another task of it runs.
    """
    last = failures[0]
    log = facts.last_words(last)
    times = (
        f"{len(failures)} times in the last {span(facts.age_s(failures[-1]))}" if len(failures) > 1 else ""
    )
    further = facts.beyond_its_error(last)
    said = last.error
    if further.startswith("; unhealthy") and last.exit_code in _ON_TERM:
        said += further  # A program that leaves when it is asked to ends well, and the engine's error says nothing.
    kind, cause, next_ = _named(service, last, said, log, facts)
    evidence = [counts + (f"; ended {times}" if times else ""), last.reason + further]
    return Finding(
        kind=kind,
        about=f"service {service.name}",
        cause=cause,
        evidence=(*evidence, *log),
        next=next_,
        follows=() if kind in _BY_ITSELF else facts.follows(service),
        answers=answers,
    )


def _named(
    service: Service, task: Task, said: str, log: tuple[str, ...], facts: Facts
) -> tuple[Kind, str, str]:
    live = _live(service, facts)
    words = {
        "image": live.image.reference.partition("@")[0]
        + (f"@{live.image.digest[:19]}" if live.image.digest else ""),
        "command": " ".join(live.words)[:80] or "of the image",
        "ports": ", ".join(str(each.published) for each in live.published),
    }
    if _FULL.search(" ".join((task.error, *log))):
        cause = "a disk that it writes to is full"
        return "disk-full", cause, facts.ops("prune")
    for symptom in _SYMPTOMS:
        if match := re.search(symptom.says, said):
            cause = symptom.cause.format(**words | {k: v for k, v in match.groupdict().items() if v})
            return symptom.kind, cause, symptom.next(facts, service, task)
    if task.was_killed:
        limit = f": {size(task.memory_limit)}" if task.memory_limit else ""
        cause = (
            f"it was killed, as the kernel does with a program that needs more than its memory limit{limit}"
        )
        return "out-of-memory", cause, facts.log_of(service.name)
    if task.state == "complete" or task.exit_code == 0:
        return "ends", "its program ends by itself, with exit code 0", facts.log_of(service.name)
    code = f" with exit code {task.exit_code}" if task.exit_code is not None else ""
    return "crash", f"its program ends{code}", facts.log_of(service.name)
