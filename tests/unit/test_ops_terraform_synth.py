"""How an error of main.py reaches whoever runs it."""

from __future__ import annotations

import gc
import json
from pathlib import Path

import pytest
from sprocket_constructs import ConstructError

import main
from layers.errors import Problem, SettingsError
from layers.loading import load_environment
from ops.errors import OpsError
from ops.terraform.synth import synthesize


def test_an_error_arrives_as_it_was_raised(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        load_environment("nowhere")
    with pytest.raises(SettingsError) as arrived:
        synthesize("nowhere", out=tmp_path / "out")
    assert arrived.value.problems == raised.value.problems
    assert len(arrived.value.problems) == 1


def test_an_error_of_a_construct_arrives_with_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ConstructError("test/web", "has no health check", fix="give it one")

    monkeypatch.setattr(main, "synthesize", refuse)
    monkeypatch.setenv("SPROCKET_PROBLEMS_FILE", str(tmp_path / "problems.json"))
    monkeypatch.setattr(gc, "disable", lambda: None)
    assert main.main() == 1
    (problem,) = json.loads((tmp_path / "problems.json").read_text())
    assert capsys.readouterr().err == f"error: {Problem(**problem)}\n"
    assert problem["setting"] == "test/web"


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import sys; sys.exit('ModuleNotFoundError: no cdktf\\n')", "ModuleNotFoundError: no cdktf"),
        ("import sys; sys.exit(3)", "no output"),
    ],
)
def test_what_ends_main_py_otherwise_is_told_by_its_last_line(
    program: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "main.py").write_text(program)
    with pytest.raises(
        OpsError, match=f"main.py failed: {said}\n  for the whole error: SPROCKET_ENV=local python main.py$"
    ):
        synthesize("local", root=tmp_path, out=tmp_path / "out")
