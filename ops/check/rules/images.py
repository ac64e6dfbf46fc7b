"""Every image is the one in the lock, by its digest."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ops.check.finding import Finding
from ops.check.platform import Platform
from ops.registry.image_lock import LockFile

IMAGE = re.compile(r"(?P<name>[a-z0-9./:_-]+):(?P<tag>[A-Za-z0-9._-]+)@(sha256:[0-9a-f]{64}|unresolved)")
FLOATING = {"latest", "main", "master", "edge"}

BUILT_HERE = "127.0.0.1:5000/sprocket/"
"""Where images from packages come from: the registry on loopback that they are pushed to."""


def images_are_pinned(platform: Platform) -> Iterator[Finding]:
    """``name:tag@digest``, with a tag that tells something, in the form that the engine reads back."""
    for service in platform.services:
        reference = service.image.reference
        match = IMAGE.fullmatch(reference)
        if match and match["tag"] not in FLOATING and not match["name"].startswith("docker.io/"):
            continue
        yield Finding(
            path=f"{service.path}: image",
            what=f"is {reference}",
            cause="it is not pinned: the running version could change without a deploy, or no plan would be empty",
            fix="name it in images.lock.yaml with name, tag and digest",
        )


def images_are_in_the_lock(platform: Platform) -> Iterator[Finding]:
    """The one source that the environment names."""
    packages = platform.settings.images.source == "packages"
    known = set() if packages else _locked(platform)
    overridden = {f"{p.name}:{p.tag}@{p.digest}" for p in platform.settings.images.overrides.values()}
    for service in platform.services:
        reference = service.image.reference
        if reference in known | overridden or (packages and reference.startswith(BUILT_HERE)):
            continue
        yield Finding(
            path=f"{service.path}: image",
            what=f"{reference} is not in the environment's source of images",
            cause=f"{platform.file_name} says images/source: {platform.settings.images.source}, so other images are neither resolved nor promoted",
            fix="take it from site.image(...), and add it to "
            + ("images" if packages else "images.lock.yaml"),
        )


def images_are_resolved(platform: Platform) -> Iterator[Finding]:
    """A digest that nobody has looked up yet. Those from packages get theirs when a deploy builds them."""
    if platform.settings.images.source == "packages":
        return
    users: dict[str, list[str]] = {}
    for service in platform.services:
        if service.image.is_unresolved:
            users.setdefault(f"{service.image.name}:{service.image.tag}", []).append(service.name)
    for image_name, services in sorted(users.items()):
        yield Finding(
            path=f"images.lock.yaml: {image_name}",
            what="has no digest yet (unresolved)",
            cause=f"{', '.join(sorted(services))} would run whatever the tag points to at deploy time",
            fix="run python -m ops images resolve where the registry can be reached, and commit the lock",
            severity="deploy",
        )


def _locked(platform: Platform) -> set[str]:
    return {f"{pin.name}:{pin.tag}@{pin.digest}" for pin in LockFile().pins()}
