"""Files of services: templates with nothing missing, data as YAML and JSON."""

import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from sprocket_constructs import GeneratedSecret, SwarmApp, SwarmStack

from layers.errors import SettingsError
from layers.rendering import render, to_json, to_yaml

PLACEHOLDER = "@@secret:redis-password@@"


@pytest.fixture
def secret(tmp_path: Path) -> GeneratedSecret:
    stack = SwarmStack(SwarmApp(outdir=str(tmp_path)), "stack", docker_host="unix:///var/run/docker.sock")
    return GeneratedSecret(stack, "password", name="redis-password")


def template(folder: Path, text: str) -> Path:
    path = folder / "service.conf.j2"
    path.write_text(text)
    return path


def test_render_fills_values_and_leaves_no_empty_lines_for_statements(tmp_path: Path) -> None:
    path = template(tmp_path, "port {{ port }}\n{% if tls %}\ntls on\n{% endif %}\nend\n")
    assert render(path, port=6379, tls=True) == "port 6379\ntls on\nend\n"
    assert render(path, port=6379, tls=False) == "port 6379\nend\n"


def test_render_escapes_nothing_by_itself(tmp_path: Path) -> None:
    assert render(template(tmp_path, "{{ rule }}\n"), rule="a && b < 'c'") == "a && b < 'c'\n"


def test_render_quotes_with_tojson(tmp_path: Path, secret: GeneratedSecret) -> None:
    path = template(tmp_path, "name: {{ name | tojson }}\nkey: {{ key | tojson }}\n")
    text = render(path, name="a: \"b\" # 'c' <ä>", key=secret)
    assert text == f'name: "a: \\"b\\" # \'c\' <ä>"\nkey: "{PLACEHOLDER}"\n'
    assert YAML(typ="safe").load(text) == {"name": "a: \"b\" # 'c' <ä>", "key": PLACEHOLDER}


def test_render_puts_the_placeholder_of_a_secret(tmp_path: Path, secret: GeneratedSecret) -> None:
    assert render(template(tmp_path, "requirepass {{ key }}\n"), key=secret) == f"requirepass {PLACEHOLDER}\n"


def test_render_refuses_a_value_that_nobody_gave(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        render(template(tmp_path, "{{ port }}"), prot=1)
    assert (
        str(error.value)
        == "service.conf.j2: 'port' is undefined; fix the template, or pass the value that it uses"
    )


def test_render_refuses_a_broken_template(tmp_path: Path) -> None:
    with pytest.raises(
        SettingsError, match=r"^service\.conf\.j2: Expected an expression.*; fix the template"
    ):
        render(template(tmp_path, "a\n{% if %}\n"))


def test_render_names_a_missing_template(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        render(tmp_path / "gone.j2")
    assert (
        str(error.value)
        == f"gone.j2: cannot be read (No such file or directory); it belongs beside its layer, at {tmp_path}/gone.j2"
    )


def test_yaml_keeps_order_types_and_long_lines(secret: GeneratedSecret) -> None:
    shared = ["a"]
    data = {
        "z": 1,
        "a": {"yes": "yes", "number": "042", "on": True, "none": None, "size": 0.5},
        "rule": "Regexp(`roles`, `\\b(1|2)\\b`) " * 10,
        "key": secret,
        "tuple": (1, 2),
        "first": shared,
        "second": shared,
    }
    text = to_yaml(data, comment="Who may come in.\nAnd who not.")
    assert text.startswith("# Who may come in.\n# And who not.\nz: 1\na:\n")
    assert "&id" not in text
    assert len(text.splitlines()) == 18
    assert YAML(typ="safe").load(text) == {**data, "key": PLACEHOLDER, "tuple": [1, 2]}


def test_yaml_sorts_sets_so_that_two_runs_write_the_same() -> None:
    assert to_yaml({"hosts": {"b", "c", "a"}}) == "hosts:\n  - a\n  - b\n  - c\n"


def test_json_keeps_order_and_ends_in_a_newline(secret: GeneratedSecret) -> None:
    text = to_json({"z": 1, "a": ["ä", None], "key": secret})
    assert text.endswith("}\n")
    assert "ä" in text
    assert list(json.loads(text).items()) == [("z", 1), ("a", ["ä", None]), ("key", PLACEHOLDER)]


@pytest.mark.parametrize("write", [to_yaml, to_json])
def test_data_refuses_what_a_file_cannot_hold(write: object) -> None:
    assert callable(write)
    with pytest.raises(TypeError, match=r"cannot write PosixPath PosixPath\('/x'\); give it text, numbers"):
        write({"path": Path("/x")})
