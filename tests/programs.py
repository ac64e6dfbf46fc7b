"""Real programs that somebody put on this machine, for tests that need the program itself.

The environment variable SPROCKET_PROGRAMS names a folder with one subfolder for each image, as for building images.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

VARIABLE = "SPROCKET_PROGRAMS"


def program(image: str, file: str) -> Path:
    """The program of an image; the test is skipped where it is not there."""
    folder = os.environ.get(VARIABLE, "")
    path = Path(folder, image, file)
    if not folder or not os.access(path, os.X_OK):
        where = f"{path} is not there" if folder else f"{VARIABLE} names no folder"
        pytest.skip(f"needs the real {file}, of which nothing else can say this: {where}")
    return path
