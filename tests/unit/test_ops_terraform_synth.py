"""How an error of main.py reaches whoever runs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from layers.errors import SettingsError
from layers.loading import load_environment
from ops.errors import OpsError
from ops.terraform.synth import synthesize


def test_an_error_arrives_as_it_was_raised(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        load_environment("nowhere")
    with pytest.raises(OpsError) as arrived:
        synthesize("nowhere", out=tmp_path / "out")
    assert arrived.value.problem == str(raised.value)


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import sys; sys.exit('ModuleNotFoundError: no cdktf\\n')", "ModuleNotFoundError: no cdktf"),
        ("import sys; sys.exit(3)", "without a word"),
    ],
)
def test_what_ends_main_py_otherwise_is_told_by_its_last_line(
    program: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "main.py").write_text(program)
    with pytest.raises(OpsError, match=f"main.py failed: {said}$"):
        synthesize("local", root=tmp_path, out=tmp_path / "out")
