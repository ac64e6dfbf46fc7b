"""Where the builder finds its recipes and keeps what it makes."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from images.builder.errors import ImagesError

RECIPES = Path(__file__).resolve().parent.parent / "recipes"
DESCRIPTIONS = RECIPES.parent / "standin" / "descriptions"
REPOSITORY = RECIPES.parent.parent
LOCK_FILE = REPOSITORY / "images.packages.lock.yaml"
"""Names, tags and digests of the images built here; read by environments whose images come from `packages`."""
ACME_CA_FILE = REPOSITORY / "acme-ca.packages.pem"
"""Certificate (public half only) of the authority that signed the local ACME server's own TLS certificate."""


PINNED_FILE = REPOSITORY / "images.lock.yaml"
"""What each image stands for: the names and tags that production runs."""


def programs_dir() -> Path | None:
    """Folder of programs that were put there by hand, a subfolder for each image: $SPROCKET_PROGRAMS, absolute; by default none.

    Raises:
        ImagesError: it is set and the folder does not exist.
    """
    value = os.environ.get("SPROCKET_PROGRAMS", "")
    if value and not (os.path.isabs(value) and Path(value).is_dir()):
        raise ImagesError(f"SPROCKET_PROGRAMS is {value!r}; allowed: an absolute path of an existing folder")
    return Path(value) if value else None


def cache_dir() -> Path:
    """Directory for what can be recreated: $XDG_CACHE_HOME/sprocket-infra, by default ~/.cache/sprocket-infra."""
    root = os.environ.get("XDG_CACHE_HOME", "")
    path = (Path(root) if os.path.isabs(root) else Path.home() / ".cache") / "sprocket-infra"
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def exclusively(name: str) -> Iterator[None]:
    """Hold a lock that other runs of the builder on this machine respect; freed by the kernel when a run dies."""
    with (cache_dir() / f"{name}.flock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
