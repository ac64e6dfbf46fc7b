"""Wheels for the images: downloaded by pip on this machine, so that its index, proxy and certificates apply."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from images.builder.errors import ImagesError
from images.builder.paths import cache_dir, exclusively

_PYTHON = "3.11"  # what Debian bookworm has
_PLATFORMS = (
    "manylinux_2_34",
    "manylinux_2_31",
    "manylinux_2_28",
    "manylinux_2_17",
    "manylinux2014",
    "linux",
)

TIMEOUT_S = 900


def download(requirements: Path, machine: str, say: Callable[[str], None]) -> dict[str, Path]:
    """Wheels for one requirements.txt, by file name; kept in the cache under the hash of that file.

    `machine` is the architecture as pip names it (x86_64, aarch64).
    """
    key = hashlib.sha256(requirements.read_bytes() + machine.encode()).hexdigest()[:16]
    folder = cache_dir() / "wheels" / key
    with exclusively("wheels"):
        if not folder.is_dir():
            say("pip download")
            _fetch(requirements, machine, folder)
    return {path.name: path for path in sorted(folder.glob("*.whl"))}


def _fetch(requirements: Path, machine: str, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as draft:
        target = Path(draft) / "wheels"
        command = [
            sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
            "--only-binary=:all:", "--no-deps", "--python-version", _PYTHON, "--implementation", "cp",
            *(word for name in _PLATFORMS for word in ("--platform", f"{name}_{machine}")),
            "--dest", str(target), "--requirement", str(requirements),
        ]  # fmt: skip
        try:
            run = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired:
            raise ImagesError(
                f"{requirements.parent.name}/requirements.txt: pip took longer than {TIMEOUT_S} s; run the command again"
            ) from None
        if run.returncode:
            tail = "\n  ".join(run.stderr.strip().splitlines()[-8:])
            raise ImagesError(
                f"{requirements.parent.name}/requirements.txt: pip could not download it:\n  {tail}"
            )
        target.rename(folder)
