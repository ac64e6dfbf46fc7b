"""Releases without a bucket, for the tests of ops."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ops.release import archive, commit, target
from ops.release.release import Outcome, Release
from ops.state.bucket import Bucket

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def release(number: int = 1, **more: Any) -> Release:
    """A release of prod that converged."""
    usual: dict[str, Any] = {
        "number": number,
        "environment": "prod",
        "at": datetime(2026, 11, 27, tzinfo=UTC),
        "commit": "",
        "cause": "deploy",
        "images": {},
        "changes": "",
        "services": f"{number:016x}",
        "outcome": Outcome.CONVERGED,
    }
    return Release(**usual | more)


class FakeBucket(Bucket):
    """Keeps its objects in memory, by the bucket's name."""

    stored: ClassVar[dict[str, dict[str, bytes]]] = {}

    def __init__(self, name: str, *, endpoint: str, key: tuple[str, str]) -> None:
        self.name = name
        self.objects = self.stored.setdefault(name, {})

    def write(self, key: str, content: bytes) -> None:
        self.objects[key] = content

    def read(self, key: str) -> bytes | None:
        return self.objects.get(key)

    def keys(self, prefix: str) -> list[str]:
        return sorted(key for key in self.objects if key.startswith(prefix))

    def write_if_absent(self, key: str, text: str) -> bool:
        if key in self.objects:
            return False
        self.objects[key] = text.encode()
        return True

    def delete(self, key: str) -> None:
        self.objects.pop(key, None)


def install(patch: pytest.MonkeyPatch, root: Path) -> None:
    """Has releases go to memory, or below a folder where the state is on this machine; the commit is always the same."""
    stored: dict[str, dict[str, bytes]] = {}
    played: Any = type("Played", (FakeBucket,), {"stored": stored})
    patch.setattr(archive, "Bucket", played)
    patch.setattr(archive, "credentials", lambda: ("key", "secret"))
    patch.setattr(archive, "STATE", root)
    patch.setattr(target, "stack_folder", lambda stack: root / "stacks" / stack)
    patch.setattr(commit, "_git", lambda root, *words: COMMIT if words[0] == "rev-parse" else "")
