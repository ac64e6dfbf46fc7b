"""What Traefik's image from packages does to the ACME file before it starts."""

from __future__ import annotations

import base64
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ops.paths import ROOT

SCRIPT = ROOT / "images/recipes/traefik/known_to_authority.py"


def loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("known_to_authority", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


program = loaded()


def openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def authority(folder: Path, name: str) -> str:
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl(
        folder, "req", "-x509", *key, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}"
    )
    return (folder / f"{name}.pem").read_text()


def leaf(folder: Path, name: str, signed_by: str) -> str:
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl(folder, "req", *key, "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", f"/CN={name}")
    signing = ("-CA", f"{signed_by}.pem", "-CAkey", f"{signed_by}.key", "-CAcreateserial")
    openssl(folder, "x509", "-req", "-in", "leaf.csr", *signing, "-out", "leaf.pem")
    return (folder / "leaf.pem").read_text()


def entry(name: str, pem: str) -> dict[str, Any]:
    return {"domain": {"main": name}, "certificate": base64.b64encode(pem.encode()).decode()}


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A resolver whose file has one certificate of the authority of today and one of yesterday's."""
    today = authority(tmp_path, "today")
    authority(tmp_path, "yesterday")
    certificates = [
        entry("kept.test", leaf(tmp_path, "kept.test", "today")),
        entry("lost.test", leaf(tmp_path, "lost.test", "yesterday")),
    ]
    account = {"PrivateKey": "key", "Registration": {"uri": "https://pebble:14000/my-account/1"}}
    file = tmp_path / "acme.json"
    file.write_text(json.dumps({"acme": {"Account": account, "Certificates": certificates}}))
    monkeypatch.setattr(program, "intermediate_of", lambda directory, files: today)
    return {"storage": str(file), "caServer": "https://pebble:14000/dir", "caCertificates": ["ca.pem"]}


def state_of(acme: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(acme["storage"]).read_text())["acme"]
    return found


def test_foreign_certificates_go_and_the_accounts_key_stays(acme: dict[str, Any]) -> None:
    assert program.tidy(acme) == ["lost.test"]
    state = state_of(acme)
    assert state["Account"] == {"PrivateKey": "key", "Registration": None}
    assert [each["domain"]["main"] for each in state["Certificates"]] == ["kept.test"]
    assert Path(acme["storage"]).stat().st_mode & 0o777 == 0o600, (
        "Traefik refuses a file that others can read"
    )


def test_with_an_authority_that_remembers_nothing_changes(acme: dict[str, Any]) -> None:
    program.tidy(acme)
    before = Path(acme["storage"]).read_bytes()
    assert program.tidy(acme) == []
    assert Path(acme["storage"]).read_bytes() == before


@pytest.mark.parametrize("content", [None, "", "{broken"])
def test_it_never_stops_a_start(
    acme: dict[str, Any],
    content: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = Path(acme["storage"])
    file.unlink()
    if content is not None:
        file.write_text(content)
    config = tmp_path / "traefik.yml"
    config.write_text(json.dumps({"certificatesResolvers": {"acme": {"acme": acme}}}))
    monkeypatch.setattr(sys, "argv", ["known_to_authority.py", str(config)])
    program.main()
    assert ("stays as it is" in capsys.readouterr().err) is (content == "{broken")


def test_an_authority_that_browsers_trust_is_never_asked(
    acme: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Path(acme["storage"]).read_bytes()
    config = tmp_path / "traefik.yml"
    production = {key: value for key, value in acme.items() if key != "caCertificates"}
    config.write_text(json.dumps({"certificatesResolvers": {"acme": {"acme": production}}}))
    monkeypatch.setattr(sys, "argv", ["known_to_authority.py", str(config)])
    program.main()
    assert Path(acme["storage"]).read_bytes() == before
