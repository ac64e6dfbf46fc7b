"""Asks all rules about an environment."""

from __future__ import annotations

from collections.abc import Iterator

import docker.errors
import requests

from layers.settings.form import did_you_mean
from ops.doctor.facts import Facts, servers_of
from ops.doctor.finding import Diagnosis, Finding, Kind, root_causes
from ops.doctor.rules import RULES
from ops.errors import OpsError, Refused, WrongUse
from ops.model.services import services_of
from ops.nodes.engines import engines
from ops.nodes.inventory import typed_on_manager
from ops.terminal.counted import counted
from ops.terminal.screen import Say
from ops.terraform.target import Targets


def diagnosis_of(targets: Targets, say: Say, *, service: str = "") -> Diagnosis:
    """What does not work in an environment.

    Args:
        service: look at this service and at all that it depends on only.

    Raises:
        WrongUse: the environment declares no such service.
    """
    only = _only(targets, service)
    say(f"connecting to the engine of {targets.name}")
    try:
        with engines(targets.services) as found:
            return _asked(Facts(targets=targets, engines=found, only=only), say)
    except OpsError as error:
        return Diagnosis(environment=targets.name, findings=(_of_engine(error, targets),))


def _only(targets: Targets, service: str) -> frozenset[str]:
    declared = {each.name: each for each in services_of(targets.services.wanted)}
    if not service:
        return frozenset()
    if service not in declared:
        otherwise = f"it declares {', '.join(sorted(declared))}"
        raise WrongUse(
            f"{targets.name} declares no service {service!r}",
            fix=did_you_mean(service, declared, otherwise=otherwise, count=3),
        )
    return frozenset((service, *servers_of(declared, service)))


def _asked(facts: Facts, say: Say) -> Diagnosis:
    facts.look()
    found: list[Finding] = []
    unasked = list(_silent_engines(facts))
    asked = []
    for rule in RULES:
        if rule.is_whole and facts.only:
            continue
        say(f"asking for {rule.asks}")
        try:
            all_of_it = rule.asks
            for each in rule.find(facts):
                if isinstance(each, Finding):
                    found.append(each)
                else:
                    unasked.append(f"{rule.asks}: {each}")
                    all_of_it = f"{rule.asks} ({each.of - each.count} of {each.of})"
            asked.append(all_of_it)
        except OpsError as error:
            unasked.append(f"{rule.asks}: {_reason(error)}")
        except (docker.errors.APIError, requests.RequestException) as error:
            # The engine answered a moment ago: a container or a service has gone meanwhile.
            unasked.append(f"{rule.asks}: {str(error).splitlines()[0][:200]}")
        if any(each.kind == "not-deployed" for each in found):
            break
    services, nodes = counted(len(facts.chosen), "service"), counted(len(facts.nodes), "node")
    return Diagnosis(
        environment=facts.name,
        findings=tuple(root_causes(found)),
        looked_at=(services, nodes, *asked),
        unasked=tuple(unasked),
    )


def _silent_engines(facts: Facts) -> Iterator[str]:
    """Nodes that are up, and whose engine this machine does not reach: nothing is asked inside their tasks."""
    for node in facts.nodes:
        if node.is_up and node.name not in facts.answering:
            yield f"inside the tasks of node {node.name}: its engine does not answer over ssh (python -m ops ready --env {facts.name})"


def _reason(error: OpsError) -> str:
    if isinstance(error, Refused):
        return "; ".join(f"{each.what} ({each.fix})" for each in error.obstacles)
    return " ".join(error.problem.split()) + (f" ({error.fix})" if error.fix else "")


_ENGINE: tuple[tuple[str, Kind, str], ...] = (
    (
        "does not have a leader",
        "no-quorum",
        "most managers are gone: the swarm changes nothing until enough are back",
    ),
    (
        "not a swarm manager",
        "no-swarm",
        "the engine is in no swarm, or is a worker: nothing is deployed there",
    ),
    ("Host key verification failed", "host-key", "the host shows another key than the pinned one"),
    ("Permission denied", "no-access", "ssh lets this key not in"),
    ("Could not resolve hostname", "unresolved-name", "the name of the engine's host does not resolve here"),
)
"""What the engine or ssh says, and what that means."""


def _of_engine(error: OpsError, targets: Targets) -> Finding:
    said = " ".join(error.problem.split())
    name = targets.name
    kind, cause = next(
        ((kind, cause) for words, kind, cause in _ENGINE if words.lower() in said.lower()),
        ("no-engine", "the engine does not answer, so nothing else can be asked"),
    )
    if kind == "no-swarm":
        next_ = f"make up ENV={name}"
    elif targets.cloud is None:
        command = ("systemctl", "status", "docker") if kind == "no-engine" else ("docker", "node", "ls")
        next_ = typed_on_manager(targets.services.settings, *command)
    else:
        next_ = f"python -m ops {'known-hosts' if kind == 'host-key' else 'ready'} --env {name}"
    return Finding(
        kind=kind,
        about=f"engine of {name}",
        cause=cause,
        evidence=(said, *((error.fix,) if error.fix else ())),
        next=next_,
    )
