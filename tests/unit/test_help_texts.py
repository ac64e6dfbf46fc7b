"""Help texts keep their square brackets, which rich would drop as markup."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from images.builder.cli import app as images
from rehearsal.emulator.cli import app as emulator


@pytest.mark.parametrize(
    ("app", "words", "expected"),
    [
        (emulator, ["fault", "--help"], "METHOD PATH KIND [xTIMES], such as"),
        (emulator, ["serve", "--help"], "METHOD PATH KIND [xTIMES]; see"),
        (images, ["build", "--help"], "[default: 5000]"),
    ],
)
def test_square_brackets_are_shown(app: object, words: list[str], expected: str) -> None:
    shown = CliRunner().invoke(app, words, terminal_width=200, env={"COLUMNS": "200"})  # type: ignore[arg-type]
    assert expected in " ".join(shown.output.split())
