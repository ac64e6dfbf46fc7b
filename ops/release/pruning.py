"""Removes what no kept release needs: images on the nodes, and configs and secrets that a broken apply left; with them what other
programs left on nodes of ours. Never a volume of a service."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import docker.errors
from rich.text import Text

from layers.loading import load_environment
from layers.settings.environment import Environment
from ops.boot import throwaway
from ops.errors import OpsError, WrongUse
from ops.model.image_name import ImageName
from ops.model.inventory import from_synthesis, readable_name
from ops.model.state import ids_in
from ops.nodes.engines import engines
from ops.release.archive import Archive, archive_of
from ops.release.release import Release
from ops.release.removal import removed
from ops.release.stack_file import images_in
from ops.release.stopped_containers import StoppedContainer, remove_stopped, stopped_containers
from ops.release.target import written
from ops.swarm.engine import Swarm
from ops.terminal import screen
from ops.terminal.amounts import size
from ops.terminal.counted import counted
from ops.terraform.leftovers import Leftover
from ops.terraform.missing_values import state_credentials
from ops.terraform.target import Target

KINDS = ("config", "secret")
_FAILURES = (OpsError, OSError, docker.errors.DockerException)
"""Those of requests are an OSError, too."""


@dataclass(frozen=True, kw_only=True)
class UnusedImage:
    """An image on a node that no kept release names and no container uses.

    Args:
        reference: ``name@digest``.
        size: in bytes, with layers that other images may share.
    """

    reference: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Needed:
    """What the kept releases need.

    Args:
        repositories: names of all their images; images of other names are somebody else's.
        digests: of all their images.
        files: by ``config`` and ``secret``: names without their hash.
    """

    repositories: frozenset[str]
    digests: frozenset[str]
    files: Mapping[str, frozenset[str]]


@dataclass(frozen=True, kw_only=True)
class NodeLeftovers:
    """What can be removed on one node.

    Args:
        stopped: containers; none on a machine that is not ours.
        of_trials: how many objects killed trial boots left.
    """

    node: str
    engine: Swarm
    images: tuple[UnusedImage, ...] = ()
    stopped: tuple[StoppedContainer, ...] = ()
    of_trials: int = 0

    @classmethod
    def on(cls, engine: Swarm, needed: Needed, settings: Environment) -> NodeLeftovers:
        """Asks one engine. Only on a droplet is every stopped container ours to remove."""
        return cls(
            node=engine.node_name,
            engine=engine,
            images=tuple(unused_images(engine, needed)),
            stopped=tuple(stopped_containers(engine)) if settings.cloud else (),
            of_trials=throwaway.count_leftovers(engine.api),
        )

    def __bool__(self) -> bool:
        return bool(self.images or self.stopped or self.of_trials)

    @property
    def lines(self) -> list[str]:
        """One for each thing."""
        found = [f"image {image.reference} ({size(image.size)})" for image in self.images]
        found += [f"container {each}, which {each.since}" for each in self.stopped]
        if self.of_trials:
            found.append(f"{counted(self.of_trials, 'leftover')} of killed trial boots")
        return [f"{self.node}: {each}" for each in found]

    def remove(self) -> str:
        """Removes it, and says in a sentence what that was; containers first, since images of theirs may go with them."""
        stopped = remove_stopped(self.engine, self.stopped)
        of_trials = throwaway.remove_leftovers(self.engine.api) if self.of_trials else 0
        freed = remove_images(self.engine, self.images) if self.images else 0
        what = [
            counted(number, noun)
            for number, noun in (
                (len(self.images), "image"),
                (stopped, "stopped container"),
                (of_trials, "trial boot leftover"),
            )
            if number
        ]
        return f"{self.node}: {', '.join(what) or 'nothing'} removed, {size(freed)} freed"


def prune(environment: str, *, ask: Callable[[str], bool] | None) -> None:
    """Shows what no kept release needs, asks, removes it, and says what that freed.

    Args:
        ask: asked before anything is removed; without it nothing is asked.

    Raises:
        WrongUse: the environment has no releases.
        OpsError: the manager does not answer, or something cannot be removed.
    """
    settings = load_environment(environment)
    with screen.doing() as say:
        say(f"reading the releases of {environment}")
        archive = archive_of(settings)
        releases = archive.releases()
        if not releases:
            raise WrongUse(
                f"{environment} has no releases, so nobody can tell what is still needed",
                fix=f"deploy first: make up ENV={environment}",
            )
        stacks = _stacks(archive, releases)
        target = written(settings, settings.services_stack, stacks[releases[-1].services])
        if lacking := list(state_credentials(target.document)):
            raise WrongUse(f"{lacking[0].variable} is not set: {lacking[0].meaning}", fix=lacking[0].fix)
        target.terraform.init()
        in_state = ids_in(target.terraform.state())
        needed = needed_by(list(stacks.values()))
        say("asking the nodes")
        silent: dict[str, str] = {}
        with engines(target, silent=silent) as connected:
            nodes = [NodeLeftovers.on(engine, needed, settings) for engine in connected]
            leftovers = list(leftover_files(connected[0], needed, in_state))
            _show(nodes, leftovers, releases=len(releases))
            for name, why in silent.items():
                _not_cleared(name, why)
            if not leftovers and not any(nodes):
                return
            if ask is not None and not ask(f"remove this from {environment}?"):
                raise OpsError("not approved; nothing was removed")
            for node in filter(None, nodes):
                screen.err.print(Text(node.remove()))
            for each in leftovers:
                if not connected[0].remove(each.kind, each.id):
                    raise OpsError(f"{each}: a service reads it by now", fix="run the same command again")
                screen.err.print(Text(f"{each} removed"))


def prune_nodes_after_deploy(target: Target) -> None:
    """Removes from droplets what no kept release needs, without a question: each deploy brings images, so each removes some.

    Does nothing on a machine that is not ours to clear. A failure is a warning: the deploy itself has succeeded. A node that does not
    answer, or where something cannot be removed, is named, and the others are cleared.
    """
    if target.settings.cloud is None:
        return
    again = f"(again: python -m ops prune --env {target.name})"
    kept: dict[str, str] = {}
    try:
        archive = archive_of(target.settings)
        # With what was deployed: where releases cannot be recorded, it is in none.
        needed = needed_by([*_stacks(archive, archive.releases()).values(), target.document])
        with (
            screen.doing("removing images that no kept release needs"),
            engines(target, silent=kept) as connected,
        ):
            for engine in connected:
                name = "a node that does not say its name"
                try:
                    name = engine.node_name
                    if node := NodeLeftovers.on(engine, needed, target.settings):
                        screen.err.print(Text(node.remove()))
                except _FAILURES as error:
                    kept[name] = _reason(error)
    except _FAILURES as error:
        screen.warn(f"warning: the nodes keep images that no release needs: {_reason(error)} {again}")
        return
    for name, why in kept.items():
        _not_cleared(name, f"{why} {again}")


def _stacks(archive: Archive, releases: Iterable[Release]) -> dict[str, dict[str, Any]]:
    """What was synthesized for the services of these releases, by its key; several may have the same."""
    return {key: archive.stack(key) for key in dict.fromkeys(each.services for each in releases)}


def needed_by(stacks: Sequence[Mapping[str, Any]]) -> Needed:
    """What these synthesized stacks need."""
    images = {ImageName.parse(reference) for stack in stacks for reference in images_in(stack).values()}
    inventories = [from_synthesis(stack) for stack in stacks]
    return Needed(
        repositories=frozenset(image.name for image in images),
        digests=frozenset(image.digest for image in images),
        files={
            kind: frozenset(
                resource.name for inventory in inventories for resource in inventory.of_type(f"docker_{kind}")
            )
            for kind in KINDS
        },
    )


def unused_images(engine: Swarm, needed: Needed) -> Iterator[UnusedImage]:
    """Images that tasks pulled by digest, that no kept release names, and that no container uses, running or not.

    An image with a tag was built or pulled by a person, and is left alone.
    """
    used = {raw["ImageID"] for raw in engine.api.containers(all=True)}
    for raw in engine.api.images():
        tags = [tag for tag in raw.get("RepoTags") or [] if tag != "<none>:<none>"]
        if tags or raw["Id"] in used:
            continue
        for reference in raw.get("RepoDigests") or []:
            name, _, digest = reference.partition("@")
            if name in needed.repositories and digest not in needed.digests:
                yield UnusedImage(reference=reference, size=int(raw["Size"]))


def remove_images(engine: Swarm, images: Collection[UnusedImage]) -> int:
    """Removes images and returns how many bytes that freed on the node.

    One that a task has begun to use in between is left.
    """
    before = int(engine.api.df()["LayersSize"])
    for image in images:
        removed(engine.api.remove_image, image.reference, called=f"image {image.reference}")
    return max(0, before - int(engine.api.df()["LayersSize"]))


def leftover_files(swarm: Swarm, needed: Needed, in_state: Collection[str]) -> Iterator[Leftover]:
    """Configs and secrets of ours that neither Terraform's state nor a service of the swarm has.

    Ours are those called as a kept release calls its own, with a hash behind.
    """
    used = set(_used_files(swarm))
    for kind in KINDS:
        for name, id_ in sorted(swarm.names(kind).items()):
            ours = readable_name(f"docker_{kind}", name)
            if ours != name and ours in needed.files[kind] and id_ not in used and id_ not in in_state:
                yield Leftover(kind=kind, id=id_, name=name)


def _used_files(swarm: Swarm) -> Iterator[str]:
    for raw in swarm.api.services():
        # A failed update goes back to the previous specification, which needs its files.
        for spec in filter(None, (raw["Spec"], raw.get("PreviousSpec"))):
            container = spec["TaskTemplate"].get("ContainerSpec") or {}
            for kind in KINDS:
                yield from (each[f"{kind.title()}ID"] for each in container.get(f"{kind.title()}s") or [])


def _show(nodes: Sequence[NodeLeftovers], leftovers: Sequence[Leftover], *, releases: int) -> None:
    lines = [line for node in nodes for line in node.lines]
    lines += [f"{each}: no service reads it, and the state does not have it" for each in leftovers]
    lines = lines or [
        f"nothing to remove: {counted(releases, 'release')} and the containers need all there is"
    ]
    for line in lines:
        screen.out.print(Text(line), soft_wrap=True)


def _reason(error: Exception) -> str:
    return error.problem if isinstance(error, OpsError) else str(error)


def _not_cleared(node: str, why: str) -> None:
    screen.warn(f"warning: {node} is not cleared: {why}")
