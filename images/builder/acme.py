"""The certificate by which Traefik recognises the local ACME server.

Nothing of it is in git: the image of that server makes an authority and a server certificate while it is built and
throws the authority's key away. The builder copies the authority's certificate out of the image to ACME_CA_FILE, where
an environment names it as the file that goes to Traefik (LEGO_CA_CERTIFICATES).
"""

from __future__ import annotations

import io
import subprocess
import tarfile

from images.builder import engine
from images.builder.errors import ImagesError
from images.builder.lock import Entry, load
from images.builder.paths import ACME_CA_FILE, LOCK_FILE

IMAGE = "pebble"
_INSIDE = "/etc/pebble/ca.pem"


def acme_ca() -> str:
    """PEM text of the authority that signed the certificate of the locked ACME server image."""
    entries = load(LOCK_FILE)
    if IMAGE not in entries:
        raise ImagesError(f"image {IMAGE} is not built; run `python -m images build --only {IMAGE}`")
    return read(entries[IMAGE])


def read(entry: Entry) -> str:
    """Copy the certificate out of an image, without running it.

    By digest: each build makes another authority, so that the same tag of this engine may hold another one than the
    registry, where another engine pushed it.
    """
    container = engine.docker("create", f"{entry.name}@{entry.digest}").strip()
    try:
        run = subprocess.run(
            ["docker", "cp", f"{container}:{_INSIDE}", "-"], capture_output=True, timeout=60, check=True
        )
    finally:
        engine.docker("rm", container)
    with tarfile.open(fileobj=io.BytesIO(run.stdout)) as tar:
        member = tar.extractfile(tar.getmembers()[0])
        return member.read().decode() if member else ""


def write(entry: Entry) -> None:
    """Put the certificate where environments look for it."""
    marker = f"# signs the TLS certificate of {entry.name}@{entry.digest}\n"
    if ACME_CA_FILE.exists() and ACME_CA_FILE.read_text().startswith(marker):
        return
    draft = ACME_CA_FILE.with_suffix(".draft")
    draft.write_text(marker + read(entry))
    draft.replace(ACME_CA_FILE)
