"""Before Traefik starts: drops from its ACME file what the test authority no longer knows.

Pebble keeps accounts in memory and makes new keys at each start. Traefik would go on with an account that is unknown, and with
certificates that nobody can verify. Its account's key stays, and so does every certificate that the authority of today
has issued: with an authority that remembers, such as Let's Encrypt, nothing is ever dropped.

Usage: known_to_authority.py STATIC_CONFIG. It never stops a start: what it cannot find out it leaves as it is.
"""

from __future__ import annotations

import base64
import json
import os
import ssl
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

MANAGEMENT_PORT = 15000
"""Of Pebble, on the same host as its ACME directory."""

TIMEOUT_S = 5.0

Json = dict[str, Any]


def pruned(state: Json, *, issued: list[bool]) -> tuple[Json, list[str]]:
    """One resolver's state without foreign certificates, and what was dropped.

    The registration goes with them: an account that another start of the authority made is unknown to this one.

    Args:
        issued: for each certificate, whether the authority of today has issued it.
    """
    certificates = state.get("Certificates") or []
    if all(issued):
        return state, []
    kept = [each for each, known in zip(certificates, issued, strict=True) if known]
    dropped = [str(each["domain"]["main"]) for each in certificates if each not in kept]
    account = {**(state.get("Account") or {}), "Registration": None}
    return {**state, "Account": account, "Certificates": kept or None}, dropped


def issued_by(intermediate: str, certificate: str) -> bool:
    """Whether the first certificate of a chain was signed by that authority. Both as PEM."""
    with tempfile.TemporaryDirectory() as folder:
        authority, leaf = Path(folder, "authority.pem"), Path(folder, "leaf.pem")
        authority.write_text(intermediate)
        leaf.write_text(certificate)
        words = [
            "openssl",
            "verify",
            "-partial_chain",
            "-no_check_time",
            "-trusted",
            str(authority),
            str(leaf),
        ]
        return subprocess.run(words, capture_output=True, check=False).returncode == 0


def intermediate_of(directory: str, ca_files: list[str]) -> str:
    """The certificate that the authority signs with, from its management interface."""
    context = ssl.create_default_context()
    for file in ca_files:
        context.load_verify_locations(file)
    url = f"https://{urlsplit(directory).hostname}:{MANAGEMENT_PORT}/intermediates/0"
    with urllib.request.urlopen(url, timeout=TIMEOUT_S, context=context) as answer:
        return str(answer.read().decode())


def tidy(acme: Json) -> list[str]:
    """Prunes the file of one resolver; the main names of what was dropped."""
    file = Path(acme["storage"])
    if not file.is_file() or not file.stat().st_size:
        return []
    document = json.loads(file.read_text())
    intermediate = intermediate_of(acme["caServer"], acme["caCertificates"])
    dropped = []
    for name, state in document.items():
        chains = [base64.b64decode(each["certificate"]).decode() for each in state.get("Certificates") or []]
        document[name], names = pruned(state, issued=[issued_by(intermediate, chain) for chain in chains])
        dropped += names
    if dropped:
        beside = file.with_name(f".{file.name}.new")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
            json.dump(document, handle, indent=2)
        beside.replace(file)
    return dropped


def main() -> None:
    """Says what it dropped, or why it could not look."""
    try:
        resolvers = YAML(typ="safe").load(Path(sys.argv[1])).get("certificatesResolvers") or {}
        # Only an authority that has to be trusted by file is one of our own.
        tests = [each["acme"] for each in resolvers.values() if each.get("acme", {}).get("caCertificates")]
        dropped = [name for acme in tests for name in tidy(acme)]
    except (OSError, ValueError, KeyError, IndexError, YAMLError) as error:
        print(f"the ACME file stays as it is: {error}", file=sys.stderr)
        return
    if dropped:
        print(f"the test authority has restarted; to be issued again: {', '.join(dropped)}", file=sys.stderr)


if __name__ == "__main__":
    main()
