"""Pulls the new images of a plan to every node that may run them, between the plan's approval and its first change."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

from rich.text import Text

from ops.errors import Obstacle, Refused
from ops.model.changes import Action, changes_of
from ops.model.constraint import all_met
from ops.model.image_name import ImageName
from ops.model.service import Service
from ops.model.services import TYPE, services_of
from ops.nodes.engines import engines
from ops.registry.image_lock import logins_of
from ops.registry.login import Logins
from ops.registry.pull import NotPulled, OutOfTime, has_image, pull
from ops.swarm.engine import RunningService, Swarm
from ops.swarm.nodes import SwarmNode, SwarmNodes
from ops.terminal import screen
from ops.terminal.counted import counted
from ops.terraform.apply import Approve, then
from ops.terraform.target import Target

FLAG = "--no-pull-ahead"

AT_ONCE = 3
"""Images that one node pulls at the same time; their layers come from one registry, over one line."""

LONGEST_S = 900.0
"""Until the last image must be there. The largest of the application is 1 GB."""


@dataclass(frozen=True, kw_only=True)
class NodeImage:
    """An image that a node lacks."""

    node: str
    image: ImageName

    def __str__(self) -> str:
        return f"{self.node}: {self.image}"


def pulling_first(target: Target, approve: Approve, *, wanted: bool = True) -> Approve:
    """Once a plan is approved, pulls its new images to the nodes, and refuses it where one cannot be pulled.

    Args:
        wanted: whether to pull anything; without it, the swarm pulls an image when a task needs it.
    """
    return then(approve, partial(require_pulled, target)) if wanted else approve


def require_pulled(target: Target, plan: Mapping[str, Any], *, longest_s: float = LONGEST_S) -> None:
    """Has every node that may run a new image of a plan pull it, all nodes at the same time.

    A node that has it asks no registry. A node that does not answer over ssh is a warning: it pulls when a task comes.

    Args:
        longest_s: seconds until all of it must have ended.

    Raises:
        Refused: an image cannot be pulled; nothing was changed.
        OpsError: the manager does not answer.
    """
    with target.swarm() as swarm:
        services = list(changed_images(plan, services_of(target.wanted), swarm.services()))
        wanted = images_by_node(services, SwarmNodes(swarm).all()) if services else {}
    if not wanted:
        return
    with engines(target) as connected:
        found = {engine.node_name: engine for engine in connected}
        for name in sorted(wanted.keys() - found.keys()):
            screen.warn(f"warning: {name} does not answer, so it pulls new images when a task needs them")
        there = {name: found[name] for name in sorted(wanted.keys() & found.keys())}
        obstacles = _Pulls(target, there, longest_s).of(wanted)
    if obstacles:
        raise Refused(
            f"{target.name} is not deployed, nothing was changed: "
            f"{counted(len(obstacles), 'image')} could not be pulled ahead",
            obstacles,
        )


def changed_images(
    plan: Mapping[str, Any], services: Sequence[Service], running: Sequence[RunningService]
) -> Iterator[Service]:
    """The services that a plan creates, or changes to another image than they run."""
    changed = {
        change.address
        for change in changes_of(plan)
        if change.type == TYPE and change.planned.action is not Action.DESTROY
    }
    now = {each.name: ImageName.parse(each.image).digest for each in running}
    for service in services:
        if service.address in changed and now.get(service.name) != service.image.digest:
            yield service


def images_by_node(
    services: Sequence[Service], nodes: Sequence[SwarmNode]
) -> dict[str, dict[str, ImageName]]:
    """By a node's name the images, by reference, that the swarm may start a task of there."""
    found: dict[str, dict[str, ImageName]] = {}
    for node in nodes:
        if not node.takes_tasks:
            continue
        for service in services:
            if all_met(service.constraints, node.described) is not False:
                found.setdefault(node.name, {})[service.image.reference] = service.image
    return found


class _Pulls:
    """The pulls of one deploy.

    Args:
        there: engines by the name of their node.
    """

    def __init__(self, target: Target, there: Mapping[str, Swarm], longest_s: float) -> None:
        self._logins = Logins(logins_of(target.name, os.environ))
        self._there = there
        self._longest_s = longest_s
        self._began = time.monotonic()
        self._given_up = threading.Event()

    def of(self, wanted: Mapping[str, Mapping[str, ImageName]]) -> list[Obstacle]:
        """Pulls what is missing, tells of it, and says what could not be pulled."""
        with screen.doing("asking the nodes for new images") as say, ExitStack() as stack:
            pools = {name: stack.enter_context(ThreadPoolExecutor(AT_ONCE)) for name in self._there}
            missing = {
                name: pools[name].submit(self._missing, name, tuple(wanted[name].values())) for name in pools
            }
            lacking = [each for name in pools for each in missing[name].result()]
            if not lacking:
                return []
            nodes = {each.node for each in lacking}
            screen.err.print(
                Text(f"pulling {counted(len(lacking), 'image')} ahead on {counted(len(nodes), 'node')}")
            )
            pulls = {pools[each.node].submit(self._pull, each): each for each in lacking}
            try:
                obstacles = self._wait(pulls, say)
            except BaseException:
                # What is under way ends with the next word of its engine.
                self._given_up.set()
                raise
        if not obstacles:
            screen.err.print(Text(f"  pulled in {time.monotonic() - self._began:.0f} s"))
        return obstacles

    def _wait(self, pulls: Mapping[Future[str], NodeImage], say: screen.Say) -> list[Obstacle]:
        obstacles: list[Obstacle] = []
        for number, done in enumerate(as_completed(pulls), 1):
            if reason := done.result():
                self._given_up.set()
                obstacles.append(_obstacle(pulls[done], reason))
            say(f"pulling images ahead: {number} of {len(pulls)}, last {pulls[done]}")
        return sorted(obstacles, key=lambda each: each.what)

    def _missing(self, name: str, images: Sequence[ImageName]) -> list[NodeImage]:
        api = self._there[name].api
        return [NodeImage(node=name, image=each) for each in images if not has_image(api, each.reference)]

    def _pull(self, wanted: NodeImage) -> str:
        """Why it could not be pulled; empty where it was, or where another one's failure has ended all of them."""
        api = self._there[wanted.node].api
        try:
            pull(api, wanted.image.reference, self._logins, is_over=self._is_over, where=f"on {wanted.node}")
        except NotPulled as error:
            return str(error)
        except OutOfTime:
            return "" if self._given_up.is_set() else f"not there after {self._longest_s / 60:g} minutes"
        return ""

    def _is_over(self) -> bool:
        return self._given_up.is_set() or time.monotonic() - self._began >= self._longest_s


def _obstacle(wanted: NodeImage, reason: str) -> Obstacle:
    return Obstacle(
        what=f"{wanted} cannot be pulled: {reason}",
        fix=f"correct the digest, the login or what keeps the node from the registry, then deploy again; {FLAG} deploys without it",
    )
