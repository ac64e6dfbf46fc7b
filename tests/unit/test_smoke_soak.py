"""A round of a soak, as the commands that it runs."""

from __future__ import annotations

import subprocess
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from ops.smoke import soak
from ops.smoke.soak import Soak


class NoExits(nullcontext[None]):
    """Of an engine where no task ends."""

    by_service: ClassVar[Counter[str]] = Counter()


@pytest.mark.parametrize("failing", ["", "resources"])
def test_a_round_records_what_every_service_used(
    failing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run: list[list[str]] = []

    def command(words: list[str], *, stdout: Any, **_: Any) -> Any:
        run.append(words[3:])
        stdout.write('{"passed": 3, "failed": 0}' if words[3] == "smoke" else "said")
        return SimpleNamespace(returncode=int(words[3] == failing))

    monkeypatch.setattr(subprocess, "run", command)
    monkeypatch.setattr(soak, "TaskExits", NoExits)

    assert Soak(1, folder=tmp_path).run(), "a round does not fail for want of it"
    assert [words[0] for words in run] == ["purge", "deploy", "smoke", "resources"]
    assert run[-1][:4] == ["resources", "--env", "local", "--window"]
    assert run[-1][4].endswith("s") and run[-1][5] == "--json"
    assert (tmp_path / "01-resources.out").read_text() == "said"
    told = capsys.readouterr().err
    assert ("warning: the use of resources is not known: resources ended with 1" in told) is bool(failing)


def test_a_round_without_a_platform_records_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", lambda words, **_: SimpleNamespace(returncode=1))
    monkeypatch.setattr(soak, "TaskExits", NoExits)
    assert not Soak(1, folder=tmp_path).run()
    assert not (tmp_path / "01-resources.out").exists()
