"""An image, pinned."""

import re
from dataclasses import dataclass

UNRESOLVED = "unresolved"
"""Stands for a digest that was not looked up yet. It synthesizes and shows in the plan; deploy refuses it."""

_VERSION = re.compile(
    r"(?:RELEASE\.)?(?P<day>\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}Z)(?:\..*)?"
    r"|v?(?P<numbers>\d{1,4}(?:\.\d+)*)(?:[-+_].*)?"
)
"""``17.11-alpine``, ``v3.7.15``, ``RELEASE.2026-09-16T00-00-00Z``; not ``sha-1f2e``, ``latest``, nor the hash of a build."""


def version_in(tag: str) -> str:
    """The version that a tag names, without what follows it; empty where it names none."""
    match = _VERSION.fullmatch(tag)
    return (match["day"] or match["numbers"]) if match else ""


@dataclass(frozen=True, kw_only=True)
class Image:
    """One image as ``name:tag@digest``.

    The digest is what runs; the tag is for people. ``docker_service`` resolves a tag only on create and never
    on update, so without the digest a service would keep whatever the tag meant on its first day.

    Args:
        name: repository in familiar form (``redis``, ``ghcr.io/sprocketbot/core``);
            ``docker.io/library/redis`` is refused, because the engine gives it back as ``redis`` and the plan
            would differ forever.
        tag: the tag the digest was looked up for.
        digest: ``sha256:<64 hex>`` or ``unresolved``.
        lacks: features that this build of the program does not have (``deprecated-features``, ``json``), so
            that a layer can leave a configuration line out without knowing why the image differs.
        version: of the program in it, where the tag does not say it.
    """

    name: str
    tag: str
    digest: str = UNRESOLVED
    lacks: frozenset[str] = frozenset()
    version: str = ""

    def __post_init__(self) -> None:
        familiar = _familiar(self.name)
        if familiar != self.name:
            raise ValueError(
                f"image {self.name}: the engine reads this back as {familiar} and every plan would differ; "
                f"write {familiar}"
            )
        if self.digest != UNRESOLVED and not _is_digest(self.digest):
            raise ValueError(
                f"image {self.name}:{self.tag}: digest {self.digest!r} is neither sha256:<64 hex digits> "
                f"nor {UNRESOLVED}"
            )

    @property
    def reference(self) -> str:
        """The text that goes into the service."""
        return f"{self.name}:{self.tag}@{self.digest}"

    @property
    def program(self) -> str:
        """The program in it: the last part of the repository."""
        return self.name.rpartition("/")[2]

    @property
    def program_version(self) -> str:
        """What is known of the program's version; of a tag that names none, the tag with the digest."""
        return self.version or version_in(self.tag) or f"{self.tag}@{self.digest}"

    @property
    def is_resolved(self) -> bool:
        """Whether a deploy may use it."""
        return self.digest != UNRESOLVED

    def __str__(self) -> str:
        return self.reference


def _is_digest(text: str) -> bool:
    algorithm, _, value = text.partition(":")
    return algorithm == "sha256" and len(value) == 64 and all(c in "0123456789abcdef" for c in value)


def _familiar(name: str) -> str:
    for hub in ("docker.io/", "index.docker.io/"):
        name = name.removeprefix(hub)
    official = name.removeprefix("library/")
    return name if "/" in official else official
