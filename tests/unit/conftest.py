"""What the unit tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.ops_boundaries import Boundaries


@pytest.fixture
def boundaries(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Boundaries:
    """All that ops meets outside of itself, played."""
    return Boundaries(monkeypatch, tmp_path)
