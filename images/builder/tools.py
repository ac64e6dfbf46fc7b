"""What the builder needs on this machine, checked all at once before anything starts."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass

from images.builder.errors import ImagesError


@dataclass(frozen=True, kw_only=True)
class Missing:
    """Something that this machine does not have, and how to get it."""

    what: str
    fix: str

    def __str__(self) -> str:
        return f"{self.what} ({self.fix})"


_PROGRAMS = {
    "docker": Missing(
        what="docker: the Docker engine's command line", fix="Debian: apt-get install docker.io"
    ),
    "docker-registry": Missing(
        what="docker-registry: a registry to push to", fix="Debian: apt-get install docker-registry"
    ),
}
_FOR_ROOT = {
    "debootstrap": Missing(
        what="debootstrap: makes the Debian root image", fix="Debian: apt-get install debootstrap"
    )
}


def missing_programs(*, root_image: bool) -> list[Missing]:
    """Programs, and the rights to run them; `root_image` says whether debootstrap will be needed."""
    needed = _PROGRAMS | (_FOR_ROOT if root_image else {})
    found = [missing for name, missing in needed.items() if shutil.which(name) is None]
    if root_image and os.geteuid() != 0:
        found.append(
            Missing(what="root rights, which debootstrap needs once", fix="run this command with sudo")
        )
    return found


def engine_answers() -> bool:
    """Whether the engine answers."""
    try:
        run = subprocess.run(["docker", "version"], capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return run.returncode == 0


def require(*, root_image: bool) -> None:
    """Raise one error that names everything missing and how to get it."""
    found = missing_programs(root_image=root_image)
    if shutil.which("docker") and not engine_answers():
        found.append(Missing(what="an engine that answers `docker info`", fix="start it, or set DOCKER_HOST"))
    if found:
        raise ImagesError("images cannot be built here; missing:\n  " + "\n  ".join(map(str, found)))
