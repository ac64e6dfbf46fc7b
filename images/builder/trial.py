"""One container of a built image on a network of its own: how the live tests try an image."""

from __future__ import annotations

import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from images.builder.engine import docker
from images.builder.errors import ImagesError
from images.builder.lock import Entry


@dataclass(frozen=True)
class Finished:
    """The result of a command in a container; `output` is both streams."""

    code: int
    output: str


@dataclass
class Running:
    """A started container."""

    name: str

    def exec(self, *words: str, stdin: str = "", timeout: float = 60) -> Finished:
        """Run a command inside, as a health check would; nothing is raised on failure."""
        run = subprocess.run(
            ["docker", "exec", "-i", self.name, *words],
            input=stdin.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, check=False,
        )  # fmt: skip
        return Finished(run.returncode, run.stdout.decode(errors="replace"))

    def expect(self, *words: str, stdin: str = "") -> str:
        """Like `exec`, but a failure is an error that shows the output and the container's log."""
        done = self.exec(*words, stdin=stdin)
        if done.code:
            raise ImagesError(
                f"{words} in {self.name} ended with {done.code}: {done.output}\n{self.log()[-3000:]}"
            )
        return done.output

    def wait(self, *words: str, seconds: float = 60) -> float:
        """Repeat a health check until it passes; returns the seconds that took."""
        started = time.monotonic()
        while True:
            done = self.exec(*words)
            if done.code == 0:
                return time.monotonic() - started
            if time.monotonic() - started > seconds or not self.alive():
                raise ImagesError(f"{self.name}: {words} does not pass: {done.output}\n{self.log()[-3000:]}")
            time.sleep(0.25)

    def alive(self) -> bool:
        """Whether its first process runs."""
        return docker("inspect", "--format", "{{.State.Running}}", self.name).strip() == "true"

    def log(self) -> str:
        """All it printed."""
        run = subprocess.run(
            ["docker", "logs", self.name],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=30,
            check=False,
        )
        return run.stdout.decode(errors="replace")

    def stop(self) -> float:
        """Send the image's stop signal; returns the seconds until it left (30 when it had to be killed)."""
        started = time.monotonic()
        docker("stop", "--time", "30", self.name)
        return time.monotonic() - started

    def leave(self, within: float) -> None:
        """Stop it, and raise unless its stop signal was enough and took fewer than `within` seconds."""
        seconds = self.stop()
        if seconds >= within or self.exit_code() == 137:
            raise ImagesError(
                f"{self.name} took {seconds:.1f} s to leave, {within} s allowed\n{self.log()[-3000:]}"
            )

    def final_log(self, seconds: float = 20) -> str:
        """Log of a container that is expected to end by itself."""
        deadline = time.monotonic() + seconds
        while self.alive():
            if time.monotonic() > deadline:
                raise ImagesError(f"{self.name} still runs after {seconds:.0f} s\n{self.log()[-3000:]}")
            time.sleep(0.1)
        return self.log()

    def exit_code(self) -> int:
        """Exit code of the stopped container; 137 means that it had to be killed."""
        return int(docker("inspect", "--format", "{{.State.ExitCode}}", self.name))


@dataclass
class Trial:
    """A bridge network and the containers on it; all are removed at the end of the `with` block."""

    images: Mapping[str, Entry]
    folder: Path
    network: str = field(default_factory=lambda: f"sprocket-trial-{uuid.uuid4().hex[:8]}")
    _cleanup: ExitStack = field(default_factory=ExitStack, init=False)

    def __enter__(self) -> Trial:
        docker("network", "create", self.network)
        self._cleanup.callback(lambda: docker("network", "rm", self.network))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._cleanup.close()

    def file(self, name: str, text: str) -> Path:
        """A file to mount, readable by every user, as a Docker secret or config is."""
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o444)
        return path

    def run(
        self, image: str, *args: str, alias: str = "", files: Mapping[str, Path] | None = None,
        volumes: Mapping[str, str] | None = None, env: Mapping[str, str] | None = None, options: Sequence[str] = (),
    ) -> Running:  # fmt: skip
        """Start an image of the lock. `files`: path inside -> file; `volumes`: path inside -> volume's name."""
        name = f"{self.network}-{alias or image}-{uuid.uuid4().hex[:4]}"
        words = [
            "run",
            "--detach",
            "--name",
            name,
            "--network",
            self.network,
            "--network-alias",
            alias or image,
        ]
        words += ["--hostname", alias or image]
        for inside, path in (files or {}).items():
            words += ["--volume", f"{path}:{inside}:ro"]
        for inside, volume in (volumes or {}).items():
            words += ["--volume", f"{self.volume(volume)}:{inside}"]
        for key, value in (env or {}).items():
            words += ["--env", f"{key}={value}"]
        entry = self.images[image]
        self._cleanup.callback(_remove_container, name)
        # By digest: the tag may be another build's here, and with it another authority of certificates.
        docker(*words, *options, f"{entry.name}@{entry.digest}", *args)
        return Running(name)

    def volume(self, name: str) -> str:
        """Full name of a volume of this trial; made on first use, removed at the end."""
        full = f"{self.network}-{name}"
        docker("volume", "create", full)
        self._cleanup.callback(_remove_volume, full)
        return full


def _remove_container(name: str) -> None:
    with suppress(ImagesError):
        docker("rm", "--force", "--volumes", name)


def _remove_volume(name: str) -> None:
    with suppress(ImagesError):
        docker("volume", "rm", name)
