"""Files that are no settings: each is a problem in words, never a traceback."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from layers.errors import SettingsError
from layers.yaml_file import LARGEST, read_yaml


def refused(folder: Path, content: bytes) -> str:
    (folder / "a.yaml").write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        read_yaml(folder / "a.yaml")
    return str(caught.value)


CONTENTS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "a.yaml: is empty; write at least one key and its value"),
    "only a comment": (b"# nothing\n", "a.yaml: is empty; write at least one key and its value"),
    "a list": (b"- a\n", "a.yaml: has no settings: it is a list; make it a mapping of keys to values"),
    "a text": (b"hello\n", "a.yaml: has no settings: it is 'hello'; make it a mapping of keys to values"),
    "Latin 1": (b"a: 1\nb: caf\xe9\n", "a.yaml: is not UTF-8 text (byte 0xe9 in line 2); save it as UTF-8 in your editor"),
    "UTF-16": ("a: 1".encode("utf-16"), "a.yaml: is not UTF-8 text (it is UTF-16); save it as UTF-8 in your editor"),
    "a key twice": (b"a: 1\na: 2\n", 'a.yaml: line 2, column 1: found duplicate key "a"; remove one of the two'),
    "a tab": (b"a:\n\tb: 1\n", "a.yaml: line 2, column 1: this is not YAML (found character '\\t' that cannot start any token); fix that line"),
    "an unknown alias": (b"a: *b\n", "a.yaml: line 1, column 4: this is not YAML (found undefined alias 'b'); fix that line"),
    "a Python object": (b"a: !!python/object:os.system x\n", "a.yaml: line 1, column 4: this is not YAML (could not determine a constructor for the tag 'tag:yaml.org,2002:python/object:os.system'); fix that line"),
    "two documents": (b"a: 1\n---\nb: 2\n", "a.yaml: line 2, column 1: this is not YAML (but found another document); fix that line"),
    "an anchor inside itself": (b"a: &x\n  b: *x\n", "a.yaml: a/b: refers to itself, through its anchor; write its value out"),
    "a set": (b"a: !!set {b, c}\n", "a.yaml: a: is a set, through its tag or type; write text, a number, a list or a mapping"),
    "binary data": (b"a: !!binary aGVsbG8=\n", "a.yaml: a: is binary data, through its tag or type; write text, a number, a list or a mapping"),
    "a number as a key": (b"a: {1: b}\n", "a.yaml: a: has the number 1 as a key; keys are text; put it in quotes"),
    "an impossible date": (b"a: 2026-99-99\n", "a.yaml: this is not YAML (month must be in 1..12"),
    "a number of thousands of digits": (b"a: " + b"1" * 5000, "a.yaml: this is not YAML (Exceeds the limit (4300 digits) for integer string conversion"),
    "a NUL": (b"a: \x00\n", "a.yaml: this is not YAML (unacceptable character"),
    "brackets without end": (b"a: " + b"[" * 20000, "a.yaml: is nested too deeply; check its brackets"),
    "nested too deep": (b"a: " + b"[" * 40 + b"]" * 40, "a.yaml: a/0/0: is nested more than 30 deep; check its brackets and indents"),
    "too large": (b"# " + b"x" * LARGEST, f"a.yaml: has {LARGEST + 2} bytes, more than {LARGEST}; check that it is the right file"),
}  # fmt: skip


@pytest.mark.parametrize("content", CONTENTS)
def test_a_file_that_is_no_settings_says_why(tmp_path: Path, content: str) -> None:
    data, words = CONTENTS[content]
    assert refused(tmp_path, data).startswith(words)


def test_a_few_lines_that_stand_for_billions_of_values_are_refused_at_once(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert (
        refused(tmp_path, "\n".join(lines).encode())
        == "a.yaml: stands for more than 50000 values, through its anchors; write fewer of them"
    )


def test_all_odd_values_are_told_at_once(tmp_path: Path) -> None:
    assert len(refused(tmp_path, b"a: !!set {b}\nc: {2: d}\n").splitlines()) == 2


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").mkdir()
    with pytest.raises(SettingsError) as caught:
        read_yaml(tmp_path / "a.yaml")
    assert str(caught.value) == "a.yaml: is a folder, not a file; put the settings into a file"


def test_a_file_that_nobody_may_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.yaml").write_text("a: 1\n")

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(SettingsError) as caught:
        read_yaml(tmp_path / "a.yaml", "resources/a.yaml")
    assert str(caught.value) == "resources/a.yaml: cannot be read (Permission denied); check the file"


@pytest.mark.parametrize("content", [b"\xef\xbb\xbfa: &x {b: 1}\nc: *x\n", b"a: &x {b: 1}\r\nc: *x\r\n"])
def test_a_byte_order_mark_windows_line_ends_and_anchors_are_fine(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.yaml").write_bytes(content)
    assert read_yaml(tmp_path / "a.yaml") == {"a": {"b": 1}, "c": {"b": 1}}


def test_a_date_stays_a_date(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: 2026-05-17\n")
    assert read_yaml(tmp_path / "a.yaml") == {"a": datetime.date(2026, 5, 17)}
