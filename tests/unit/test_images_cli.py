"""The command line of the image builder says what is wrong as ``python -m ops`` does."""

from __future__ import annotations

import pytest

from images import ImagesError
from images.builder import cli


@pytest.mark.parametrize(
    ("words", "what", "see"),
    [
        (("bogus",), "no such command 'bogus'", " --help"),
        (("build", "--bogus"), "no such option: --bogus", " build --help"),
        (("registry", "start", "--port", "many"), "invalid value for '--port'", " registry start --help"),
    ],
)
def test_wrong_use(
    words: tuple[str, ...],
    what: str,
    see: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(monkeypatch, *words) == 2
    out, err = capsys.readouterr()
    first, second = err.splitlines()
    assert out == "" and first.startswith(f"error: {what}")
    assert second.startswith("  see ") and second.endswith(f"images{see}")


def test_help_is_printed_where_no_command_is_given(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch) == 2
    out, err = capsys.readouterr()
    assert "Usage:" in out and err == ""


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ImagesError("no engine (start it)"), 1, "error: no engine (start it)\n"),
        (KeyboardInterrupt(), 130, "error: interrupted\n"),
    ],
)
def test_failures(
    error: BaseException,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken(standalone_mode: bool) -> None:
        raise error

    monkeypatch.setattr(cli, "app", broken)
    assert run(monkeypatch) == code
    assert capsys.readouterr().err == said


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["python -m images", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)
