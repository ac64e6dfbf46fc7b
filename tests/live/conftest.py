"""What live tests of images share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from images import LOCK_FILE
from images.builder import lock, tools
from images.builder.trial import Trial
from tests.live.local_platform import LocalPlatform, standing


def _absent(reason: str) -> None:
    """Skip, or fail where live tests are required."""
    if os.environ.get("REQUIRE_LIVE") == "1":
        pytest.fail(f"REQUIRE_LIVE=1, but {reason}")
    pytest.skip(reason)


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    """A network for one test; skips without an engine or without built images."""
    if not tools.engine_answers():
        _absent("no Docker engine answers")
    images = lock.load(LOCK_FILE)
    if not images:
        _absent(f"no images are built ({LOCK_FILE.name} is missing); run `python -m images build`")
    with Trial(images, tmp_path) as trial:
        yield trial


@pytest.fixture(scope="module")
def platform() -> Iterator[LocalPlatform]:
    """The local platform, where `make up` has brought it up; skips where it does not stand."""
    with standing() as platform:
        yield platform
