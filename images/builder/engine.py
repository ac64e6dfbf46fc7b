"""The Docker engine of this machine, through its command line."""

from __future__ import annotations

import json
import os
import subprocess
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import IO

from images.builder.errors import ImagesError
from images.builder.recipe import PREFIX

_TAIL = 25


@dataclass(frozen=True)
class LocalImage:
    """One tag in the engine's store."""

    repository: str
    tag: str
    created: str


def docker(*words: str, stdin: bytes | None = None, timeout: float = 600) -> str:
    """Run `docker <words>` and return what it prints; a failure is an ImagesError with the engine's own words."""
    try:
        run = subprocess.run(
            ["docker", *words], input=stdin, capture_output=True, timeout=timeout, check=False
        )
    except FileNotFoundError:
        raise ImagesError(
            "there is no docker command on this machine (Debian: apt-get install docker.io)"
        ) from None
    except subprocess.TimeoutExpired:
        raise ImagesError(
            f"docker {' '.join(words[:2])} did not end within {timeout:.0f} s; check that the engine answers: docker info"
        ) from None
    if run.returncode:
        raise ImagesError(
            f"docker {' '.join(words[:2])} failed: {run.stderr.decode(errors='replace').strip()}"
        )
    return run.stdout.decode(errors="replace")


def architecture() -> str:
    """The engine's architecture in pip's words: x86_64, aarch64."""
    return docker("info", "--format", "{{.Architecture}}", timeout=30).strip()


def tagged() -> list[LocalImage]:
    """Our images in the engine's store, newest first, each tag once."""
    lines = docker("image", "ls", "--no-trunc", "--format", "{{json .}}", timeout=60).splitlines()
    rows = [json.loads(line) for line in lines]
    return [
        LocalImage(row["Repository"], row["Tag"], row["CreatedAt"]) for row in rows if row["Tag"] != "<none>"
    ]


def build(
    name: str, context: IO[bytes], tags: Sequence[str], options: Sequence[str], say: Callable[[str], None]
) -> None:
    """`docker build` from a tar stream with the classic builder; `say` hears each step, a failure shows the log's end."""
    command = ["docker", "build", "--network", "host", "--force-rm", *options]
    command += [word for tag in tags for word in ("--tag", tag)] + ["-"]
    log: deque[str] = deque(maxlen=_TAIL)
    environment = {**os.environ, "DOCKER_BUILDKIT": "0"}
    with subprocess.Popen(
        command, stdin=context, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
    ) as process:
        assert process.stdout is not None
        try:
            for raw in process.stdout:
                line = raw.decode(errors="replace").rstrip()
                log.append(line)
                if line.startswith("Step "):
                    say(line)
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        tail = "\n  ".join(line for line in log if line.strip() and "(Reading database" not in line)
        raise ImagesError(f"image {name} did not build; the last lines of its log:\n  {tail}")


def remove(references: Collection[str]) -> None:
    """Untag images; one that a container still uses stays."""
    if references:
        subprocess.run(["docker", "image", "rm", *references], capture_output=True, timeout=300, check=False)


def outdated(
    images: Sequence[LocalImage], repository: str, kept: Collection[str], keep: int = 3
) -> list[str]:
    """Tags of one repository to delete: all but those in `kept` and the newest `keep`; `images` newest first."""
    tags = [image.tag for image in images if image.repository == repository and image.tag != "latest"]
    spared = set(kept) | set(tags[:keep])
    return [f"{repository}:{tag}" for tag in tags if tag not in spared]


def ours(repository: str, registry_name: str) -> bool:
    """Whether a repository holds images of this builder."""
    return repository.startswith((PREFIX, f"{registry_name}/"))
