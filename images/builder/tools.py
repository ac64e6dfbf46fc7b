"""What the builder needs on this machine, checked all at once before anything starts."""

from __future__ import annotations

import os
import shutil
import subprocess

from images.builder.errors import ImagesError

_PROGRAMS = {
    "docker": "the Docker engine's command line (Debian: apt-get install docker.io)",
    "docker-registry": "a registry to push to (Debian: apt-get install docker-registry)",
}
_FOR_ROOT = {"debootstrap": "makes the Debian root image (Debian: apt-get install debootstrap)"}


def missing(*, root_image: bool) -> list[str]:
    """One line for each thing that is not there; `root_image` says whether debootstrap will be needed."""
    needed = _PROGRAMS | (_FOR_ROOT if root_image else {})
    lines = [f"{name}: {why}" for name, why in needed.items() if shutil.which(name) is None]
    if root_image and os.geteuid() != 0:
        lines.append("the rights of root: debootstrap needs them, once; run this command with sudo")
    if shutil.which("docker") and not engine_answers():
        lines.append("an engine that answers `docker info`: start it, or set DOCKER_HOST")
    return lines


def engine_answers() -> bool:
    """Whether the engine can be talked to."""
    try:
        run = subprocess.run(["docker", "version"], capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return run.returncode == 0


def require(*, root_image: bool) -> None:
    """Raise one error that names everything missing and how to get it."""
    if lines := missing(root_image=root_image):
        raise ImagesError("images cannot be built here; missing:\n  " + "\n  ".join(lines))
