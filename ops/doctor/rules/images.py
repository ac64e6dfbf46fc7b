"""Services that run another image than images.lock.yaml has for them."""

from __future__ import annotations

from collections.abc import Iterator

from ops.doctor.facts import Facts
from ops.doctor.finding import Finding
from ops.model.image_name import ImageName
from ops.release.archive import archive_of


def other_versions(facts: Facts) -> Iterator[Finding]:
    """Each of them, and whether the last deploy is why.

    Raises:
        OpsError: the releases cannot be read.
    """
    last = archive_of(facts.target.settings).last()
    for service in facts.chosen:
        there = facts.running.get(service.name)
        if there is None:
            continue
        runs, locked = ImageName.parse(there.image), service.image
        if runs == locked:
            continue
        released = last.images.get(service.name, "") if last else ""
        deployed = ImageName.parse(released) if released else None
        changed = deployed is not None and deployed != runs
        yield Finding(
            kind="other-version",
            about=f"service {service.name}",
            cause="it runs another image than the last deploy gave it: somebody updated it by hand, or the swarm went back"
            if changed
            else "its new version is not deployed yet",
            evidence=tuple(
                f"{name}: {image.name}:{image.tag} ({image.short_digest})"
                for name, image in (("swarm", runs), ("lock", locked), ("last release", deployed))
                if image
            ),
            next=facts.ops("drift") if changed else facts.ops("plan"),
        )
