"""The name of an image in its parts."""

from __future__ import annotations

from dataclasses import dataclass, field

from sprocket_constructs import UNRESOLVED


@dataclass(frozen=True, kw_only=True)
class ImageName:
    """``name:tag@digest`` in its parts.

    Args:
        reference: the whole, as it is written.
    """

    name: str
    tag: str
    digest: str
    reference: str = field(default="", compare=False)

    @classmethod
    def parse(cls, reference: str) -> ImageName:
        """From the text in a service."""
        rest, _, digest = reference.partition("@")
        name, colon, tag = rest.rpartition(":")
        if not colon or "/" in tag:
            name, tag = rest, "latest"
        return cls(name=name, tag=tag, digest=digest, reference=reference)

    @property
    def short_name(self) -> str:
        """Last part of the repository."""
        return self.name.rsplit("/", 1)[-1]

    @property
    def short_digest(self) -> str:
        """Enough of the digest to compare by eye."""
        if self.is_unresolved:
            return self.digest
        return self.digest.removeprefix("sha256:")[:8] or "no digest"

    @property
    def is_unresolved(self) -> bool:
        """Whether nobody has looked the digest up yet."""
        return self.digest == UNRESOLVED

    def __str__(self) -> str:
        return f"{self.short_name} {self.tag} ({self.short_digest})"
