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
from ops.terminal.amounts import span
from ops.terminal.counted import counted
from ops.terraform.apply import Approve, then
from ops.terraform.target import Target

FLAG = "--no-pull-ahead"

AT_ONCE = 3
"""Images that one node pulls at the same time; their layers come from one registry, over one line."""

SILENT_S = 300.0
"""That a node's engine may say nothing of any of its images. It tells of each part that comes, so a slow line has all the time it needs."""


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


def require_pulled(target: Target, plan: Mapping[str, Any], *, silent_s: float = SILENT_S) -> None:
    """Has every node that may run a new image of a plan pull it, all nodes at the same time.

    A node that has it asks no registry. A node that does not answer over ssh is a warning: it pulls when a task comes. A node that the
    environment's files do not declare, such as one that is about to be removed, is not asked and pulls then, too.

    Nobody looks for room beforehand: the size of an image is known to its registry only, and as it is compressed. An engine whose disk
    is full says so, which refuses the deploy, and it removes the layers of an image that it does not get whole
    (distribution/xfer/download.go of moby).

    Args:
        silent_s: seconds that a node's engine may say nothing of any of its images.

    Raises:
        Refused: an image cannot be pulled; nothing was changed.
        OpsError: the manager does not answer.
    """
    with target.swarm() as swarm:
        services = list(changed_images(plan, services_of(target.wanted), swarm.services()))
        wanted = images_by_node(services, SwarmNodes(swarm).all()) if services else {}
    if not wanted:
        return
    silent: dict[str, str] = {}
    with engines(target, silent=silent) as connected:
        found = {engine.node_name: engine for engine in connected}
        for name in sorted(wanted.keys() & silent.keys()):
            screen.warn(f"warning: {name} pulls new images when a task needs them: {silent[name]}")
        there = {name: found[name] for name in sorted(wanted.keys() & found.keys())}
        obstacles = _Pulls(target, there, silent_s).of(wanted)
    if obstacles:
        raise Refused(
            f"{target.name} is not deployed, nothing was changed: "
            f"{counted(len(obstacles), 'image')} could not be pulled ahead",
            obstacles,
        )


def changed_images(
    plan: Mapping[str, Any], services: Sequence[Service], running: Sequence[RunningService]
) -> Iterator[Service]:
    """The services that a plan creates, replaces, or changes to another image than they run.

    One that is replaced is away until its new tasks run, which may be on nodes that never had its image.
    """
    actions = {change.address: change.planned.action for change in changes_of(plan) if change.type == TYPE}
    now = {each.name: _content(ImageName.parse(each.image)) for each in running}
    for service in services:
        action = actions.get(service.address, Action.DESTROY)
        is_new = action is Action.REPLACE or now.get(service.name) != _content(service.image)
        if action is not Action.DESTROY and is_new:
            yield service


def _content(image: ImageName) -> tuple[str, str]:
    """What a node has to pull: another tag of the same digest is no other image, the same digest elsewhere is."""
    return image.name, image.digest or image.tag


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

    def __init__(self, target: Target, there: Mapping[str, Swarm], silent_s: float) -> None:
        self._logins = Logins(logins_of(target.name, os.environ))
        self._there = there
        self._silent_s = silent_s
        # By node: its images share one line, and the engine has some wait for others without a word.
        self._progressed = dict.fromkeys(there, time.monotonic())
        self._given_up = threading.Event()

    def of(self, wanted: Mapping[str, Mapping[str, ImageName]]) -> list[Obstacle]:
        """Pulls what is missing, tells of it, and says what could not be pulled."""
        began = time.monotonic()
        with screen.doing("asking the nodes for new images") as say, ExitStack() as stack:
            pools = {name: stack.enter_context(ThreadPoolExecutor(AT_ONCE)) for name in self._there}
            # Before the pools wait for their threads, which look at it several times a second.
            stack.callback(self._given_up.set)
            missing = {
                name: pools[name].submit(self._missing, name, tuple(wanted[name].values())) for name in pools
            }
            lacking: list[NodeImage] = []
            obstacles: list[Obstacle] = []
            for name, found in missing.items():
                try:
                    lacking += found.result()
                except OutOfTime:
                    unknown = [NodeImage(node=name, image=each) for each in wanted[name].values()]
                    obstacles += [_obstacle(each, self._silence) for each in unknown]
            if obstacles or not lacking:
                return sorted(obstacles, key=lambda each: each.what)
            self._progressed = dict.fromkeys(self._there, time.monotonic())
            nodes = {each.node for each in lacking}
            screen.err.print(
                Text(f"pulling {counted(len(lacking), 'image')} ahead on {counted(len(nodes), 'node')}")
            )
            pulls = {pools[each.node].submit(self._pull, each): each for each in lacking}
            obstacles = self._wait(pulls, say)
        if not obstacles:
            screen.err.print(Text(f"  pulled in {time.monotonic() - began:.0f} s"))
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
        api, is_over = self._there[name].api, partial(self._is_over, name)
        return [
            NodeImage(node=name, image=each)
            for each in images
            if not has_image(api, each.reference, is_over=is_over)
        ]

    def _pull(self, wanted: NodeImage) -> str:
        """Why it could not be pulled; empty where it was, or where another one's failure has ended all of them."""
        name = wanted.node

        def progressed() -> None:
            self._progressed[name] = time.monotonic()

        try:
            pull(
                self._there[name].api,
                wanted.image.reference,
                self._logins,
                is_over=partial(self._is_over, name),
                progressed=progressed,
                where=f"on {name}",
            )
        except NotPulled as error:
            return str(error)
        except OutOfTime:
            return self._silence if self._is_silent(name) else ""
        progressed()
        return ""

    @property
    def _silence(self) -> str:
        return f"no progress for {span(self._silent_s)}"

    def _is_over(self, name: str) -> bool:
        return self._given_up.is_set() or self._is_silent(name)

    def _is_silent(self, name: str) -> bool:
        return time.monotonic() - self._progressed[name] >= self._silent_s


def _obstacle(wanted: NodeImage, reason: str) -> Obstacle:
    return Obstacle(
        what=f"{wanted} cannot be pulled: {reason}",
        fix=f"correct the digest, the login or what keeps the node from the registry, then deploy again; {FLAG} deploys without it",
    )
