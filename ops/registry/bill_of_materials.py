"""The application's bill of materials: which images its workflow built from a commit, and their digests.

Its form is that of ``artifacts/bom/main-<sha>.json``, written by the jobs of ``.github/workflows/on-changes.yml`` and put
together by ``scripts/ci/merge-bom-artifacts.sh`` of SprocketBot/sprocket (read at commit f0abc12b).
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from layers.images import Line
from ops.errors import OpsError, WrongUse
from ops.registry.image_lock import LockFile, Pin

MAIN = "refs/heads/main"
"""The only branch that the workflow writes a bill of materials for."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class BuiltImage(BaseModel):
    """A built image; without a digest if its build reported none."""

    name: str
    tags: list[str]
    digest: str | None


class Bill(BaseModel):
    """The document. Other keys are ignored."""

    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
    ref: str
    built_at: AwareDatetime
    images: Annotated[list[BuiltImage], Field(min_length=1)]

    @property
    def tag(self) -> str:
        """The immutable tag of its images."""
        return f"sha-{self.commit}"

    @property
    def source(self) -> str:
        """What the lock says of where a digest of it comes from."""
        return f"bom {self.built_at.date().isoformat()}"


def read(path: Path) -> Bill:
    """The bill in a file.

    Raises:
        OpsError: it cannot be read, or is no bill of materials.
    """
    try:
        return Bill.model_validate_json(path.read_bytes())
    except OSError as error:
        raise OpsError(f"{path} cannot be read: {error.strerror}", fix="name the file of the bill") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = "/".join(str(part) for part in first["loc"]) or "the whole file"
        raise OpsError(
            f"{path}: {where}: {first['msg']}",
            fix="a bill of materials has commit, ref, built_at, and images with name, tags and digest: "
            "download the artifact bom-main of the workflow's run again",
        ) from None


def take(bill: Bill, lock: LockFile, *, line: str | None = None) -> list[str]:
    """Puts tags and digests of the bill into the lock, without saving it; returns the images' names.

    Args:
        line: of the application's images; needed where the lock has several.

    Raises:
        WrongUse: the lock has no such line, or several and none was named.
        OpsError: the bill belongs to another branch or line, or is inconsistent. The lock is unchanged.
    """
    digests = digests_in(bill, lock, line=line)
    for pin, digest in digests:
        pin.put(digest, bill.source, tag=bill.tag)
    return [pin.service for pin, _ in digests]


def digests_in(bill: Bill, lock: LockFile, *, line: str | None = None) -> list[tuple[Pin, str]]:
    """The digest of each image of a bill, with the entry that the lock has for it.

    Args:
        line: of the application's images; needed where the lock has several.

    Raises:
        WrongUse, OpsError: as for :func:`take`.
    """
    name, content = _line(lock, line)
    _refuse_other_lines(bill, name, content)
    pins = {pin.service: pin for pin in lock.pins() if pin.place == f"application/{name}"}
    images = [image for image in bill.images if image.name != content.base]
    twice = [image for image, count in Counter(i.name for i in bill.images).items() if count > 1]
    if twice:
        raise OpsError(
            f"the bill lists {', '.join(twice)} more than once", fix="ask its author which entry is right"
        )
    unknown = [image.name for image in images if image.name not in pins]
    if unknown:
        raise OpsError(
            f"the bill lists {', '.join(unknown)}, which line {name} does not have; it has {', '.join(pins)}",
            fix=f"add what is new under application/{name}/images in {lock.path.name}, or take a bill of this line",
        )
    return [(pins[image.name], _digest(image, bill)) for image in images]


def _line(lock: LockFile, wanted: str | None) -> tuple[str, Line]:
    lines = lock.content.application
    have = ", ".join(lines) or "none"
    if wanted is None and len(lines) != 1:
        raise WrongUse(f"{lock.path.name} has these lines of images: {have}", fix="name one with --line")
    name = wanted or next(iter(lines))
    if name not in lines:
        raise WrongUse(f"{lock.path.name} has no line {name!r} of images", fix=f"use one of: {have}")
    return name, lines[name]


def _refuse_other_lines(bill: Bill, name: str, line: Line) -> None:
    if bill.ref != MAIN:
        raise OpsError(f"the bill is of {bill.ref}, not of {MAIN}", fix="take the bill of a push to main")
    if line.until and bill.built_at.date() > line.until:
        raise OpsError(
            f"the bill is of {bill.built_at.date()}, and images of line {name} were built until {line.until}: it belongs to a later line",
            fix="take an older bill, or name the line that it belongs to with --line",
        )


def _digest(image: BuiltImage, bill: Bill) -> str:
    if image.digest is None:
        raise OpsError(
            f"the bill has no digest of {image.name}: its build reported none",
            fix="remove that entry and write its tag by hand; `python -m ops images resolve` looks up the digest",
        )
    if not _DIGEST.fullmatch(image.digest):
        raise OpsError(
            f"the bill has digest {image.digest!r} for {image.name}",
            fix="a digest is sha256: and 64 hex digits",
        )
    if bill.tag not in image.tags:
        raise OpsError(
            f"the bill is of commit {bill.commit}, but {image.name} has the tags {', '.join(image.tags) or '(none)'}",
            fix=f"one of them must be {bill.tag}; ask the author of the bill",
        )
    return image.digest
