"""Moves images to an environment: the digests that another one runs, or those of a bill of materials, become its entries in the lock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from layers.data.upgrades import RUNBOOK, DataVersion, step_between
from layers.loading import load_environment
from layers.settings.environment import Environment
from ops.errors import Obstacle, Refused, WrongUse
from ops.model.image_name import ImageName
from ops.model.inventory import from_synthesis
from ops.model.service import Service
from ops.model.services import services_of
from ops.model.store_versions import recorded_versions
from ops.registry import bill_of_materials
from ops.registry.bill_of_materials import Bill
from ops.registry.image_lock import LockFile, Pin
from ops.release.archive import archive_of
from ops.release.release import Outcome, Release, Smoke
from ops.terraform.target import target_of


@dataclass(frozen=True, kw_only=True)
class Scope:
    """An environment, or one instance of the application in it.

    Args:
        instance: empty for the whole environment.
    """

    settings: Environment
    instance: str = ""

    @classmethod
    def parse(cls, text: str) -> Scope:
        """From ``staging`` or ``staging/dev``.

        Raises:
            WrongUse: there is no such instance, or its images do not come from the lock.
        """
        name, _, instance = text.partition("/")
        settings = load_environment(name)
        known = settings.platform.instances
        if instance and instance not in known:
            raise WrongUse(f"{name} has no instance {instance!r}", fix=f"use one of {', '.join(known)}")
        if settings.images.source != "lock":
            raise WrongUse(
                f"{name} takes its images from {settings.images.source}, not from the lock, so no digest of it runs elsewhere",
                fix="use environments whose file has images: {source: lock}",
            )
        return cls(settings=settings, instance=instance)

    @property
    def name(self) -> str:
        """The environment's."""
        return self.settings.name

    @property
    def place(self) -> str:
        """What the lock calls it."""
        return f"{self.name}/{self.instance}" if self.instance else self.name

    def services(self, document: Mapping[str, Any]) -> list[Service]:
        """Those of its services in a stack of the environment."""
        found = services_of(from_synthesis(document))
        return [each for each in found if not self.instance or each.instance == self.instance]


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """What was put into the lock, which is not saved yet.

    Args:
        told: for people: what is promoted from what, what is not, and what it means for stores.
    """

    lock: LockFile
    told: tuple[str, ...]


def promote(
    source: Scope, to: Scope, lock: LockFile, *, services: tuple[str, ...], from_lock: bool
) -> Promotion:
    """Puts the images that ``source`` runs into the lock as entries of ``to``.

    Args:
        services: names of the services of ``to`` whose images are promoted; empty for all.
        from_lock: take what the lock names for ``source`` instead of what its last release runs.

    Raises:
        WrongUse: both are the same, or ``to`` has no service of a name.
        Refused: what ``source`` runs is not proven, or not one digest for each image, or ``to`` would not take it.
    """
    if source.name == to.name:
        raise WrongUse(f"{source.place} and {to.place} are one environment", fix="name two environments")
    if from_lock:
        running, origin = target_of(source.name).document, f"what {lock.path.name} names for {source.place}"
    else:
        release, running = _proven(source)
        origin = f"release {release.number} of {source.place} ({release.at:%Y-%m-%d %H:%M} UTC, {release.short_commit})"
    wanted = target_of(to.name).document
    theirs = _by_repository(source.services(running))
    refused: list[Obstacle] = []
    told = [f"from {origin} to {to.place}:"]
    promoted: list[tuple[Pin, ImageName]] = []
    for repository, users in _chosen(to, wanted, services).items():
        pin, running_it = _pin_of(repository, lock, to), theirs.get(repository, [])
        if pin is None:
            told.append(f"  {repository}: not promoted, {lock.path.name} does not have it")
        elif not running_it:
            told.append(f"  {repository}: not promoted, {source.place} does not run it")
        elif found := [
            *_not_one_digest(source, pin, running_it),
            *_outweighed(to, pin, running_it[0].image.digest, lock),
        ]:
            refused += found
        else:
            promoted.append((pin, running_it[0].image))
            told.append(f"  {running_it[0].image}: {', '.join(users)}")
    if refused:
        raise Refused(f"nothing is promoted to {to.place}; {lock.path.name} is as it was", refused)
    for pin, image in promoted:
        lock.promote(to.place, pin, tag=image.tag, digest=image.digest)
    told += _steps(running, wanted, [image for _, image in promoted])
    return Promotion(lock=lock, told=tuple(told))


def promote_bill(bill: Bill, to: Scope, lock: LockFile, *, services: tuple[str, ...]) -> Promotion:
    """Puts the images of a bill of materials into the lock as entries of ``to`` alone.

    Args:
        services: names of the services of ``to`` whose images are promoted; empty for all.

    Raises:
        WrongUse, OpsError: as for :func:`bill_of_materials.digests_in`.
        Refused: ``to`` would not take an image.
    """
    digests = bill_of_materials.digests_in(bill, lock, line=to.settings.platform.line)
    repositories = _chosen(to, target_of(to.name).document, services)
    chosen = [(pin, digest) for pin, digest in digests if pin.name in repositories]
    refused = [each for pin, digest in chosen for each in _outweighed(to, pin, digest, lock)]
    if refused:
        raise Refused(f"nothing is promoted to {to.place}; {lock.path.name} is as it was", refused)
    told = [f"from the bill of commit {bill.commit} to {to.place}:"]
    for pin, digest in chosen:
        lock.promote(to.place, pin, tag=bill.tag, digest=digest, source=bill.source)
        told.append(f"  {pin.service}: {', '.join(repositories[pin.name])}")
    return Promotion(lock=lock, told=tuple(told))


def _proven(source: Scope) -> tuple[Release, dict[str, Any]]:
    """The last release, if it converged and passed its smoke test, and its stack."""
    archive = archive_of(source.settings)
    release = archive.last()
    if release is None:
        raise WrongUse(
            f"{source.name} has no releases, so nobody knows what it runs",
            fix=f"deploy it, or add --from-lock to take what the lock names for {source.name}",
        )
    which = f"release {release.number} of {source.name}"
    if not release.converged:
        reason = (
            f"failed: {release.reason}"
            if release.outcome is Outcome.FAILED
            else "was not deployed to its end"
        )
        what = Obstacle(
            what=f"{which} {reason}",
            fix=f"deploy {source.name} until it converges, or go back: python -m ops rollback --env {source.name}",
        )
    elif release.smoke is not Smoke.PASSED:
        said = "failed its smoke test" if release.smoke is Smoke.FAILED else "has not passed a smoke test"
        what = Obstacle(what=f"{which} {said}", fix=f"python -m ops smoke --env {source.name}")
    else:
        return release, archive.stack(release.services)
    raise Refused(f"nothing is promoted from {source.name}; the lock is as it was", [what])


def _chosen(to: Scope, document: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, list[str]]:
    """Services by the repository of their image, in the order of their names."""
    services = sorted(to.services(document), key=lambda each: each.name)
    known = {each.name for each in services}
    if unknown := sorted(set(names) - known):
        raise WrongUse(
            f"{to.place} has no service {', '.join(unknown)}", fix=f"use one of {', '.join(sorted(known))}"
        )
    wanted = {each.image.name for each in services if not names or each.name in names}
    return {
        repository: [each.name for each in found]
        for repository, found in _by_repository(services).items()
        if repository in wanted
    }


def _by_repository(services: list[Service]) -> dict[str, list[Service]]:
    found: dict[str, list[Service]] = {}
    for service in services:
        found.setdefault(service.image.name, []).append(service)
    return found


def _pin_of(repository: str, lock: LockFile, to: Scope) -> Pin | None:
    """The entry of the lock for an image that ``to`` runs."""
    places = ("images", f"application/{to.settings.platform.line}")
    return next((pin for pin in lock.pins() if pin.place in places and pin.name == repository), None)


def _not_one_digest(source: Scope, pin: Pin, services: list[Service]) -> Iterator[Obstacle]:
    images = {each.image for each in services}
    if len(images) > 1:
        several = "; ".join(f"{each.name} has {each.image}" for each in services)
        instances = ", ".join(f"{source.name}/{name}" for name in source.settings.platform.instances)
        yield Obstacle(
            what=f"{source.place} runs several images {pin.service}: {several}",
            fix=f"name one instance: {instances}",
        )
    for image in sorted(images, key=str):
        if image.is_unresolved:
            yield Obstacle(
                what=f"{image.name}:{image.tag} has no digest (unresolved)",
                fix="python -m ops images resolve, then deploy and smoke-test that",
            )


def _outweighed(to: Scope, pin: Pin, digest: str, lock: LockFile) -> Iterator[Obstacle]:
    """What counts more than the new entry would, so that it would do nothing."""
    override = to.settings.images.overrides.get(pin.service)
    if override is not None and override.digest != digest:
        yield Obstacle(
            what=f"{to.name}.yaml: images/overrides/{pin.service} names another image, and takes precedence over the lock",
            fix="remove the override, or name with --service what is to be promoted",
        )
    for where, entries in lock.content.promoted.items():
        if not to.instance and where.startswith(f"{to.name}/") and pin.service in entries:
            yield Obstacle(
                what=f"{lock.path.name}: promoted/{where}/{pin.service} takes precedence over an entry of {to.name}",
                fix=f"promote to {where}, or remove that entry",
            )


def _steps(running: Mapping[str, Any], wanted: Mapping[str, Any], promoted: Any) -> Iterator[str]:
    """Versions of stores that a deploy of the promoted images would refuse without an acknowledgement."""
    images = {image.name: image for image in promoted}
    versions = {service.image: version for _, service, version in recorded_versions(from_synthesis(running))}
    for _, service, now in recorded_versions(from_synthesis(wanted)):
        image = images.get(service.image.name)
        if image is None:
            continue
        then = versions.get(image, DataVersion(program=now.program, version=image.tag))
        if step := step_between(now, then):
            yield f"  ! store {service.name}: {now} -> {then}, {step.kind}; {step.why}; a deploy refuses this; what to do: {RUNBOOK}"
