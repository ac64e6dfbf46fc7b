"""Images for the environments that cannot or will not pull from public registries, built from packages."""

from rehearsal.images.acme import acme_ca
from rehearsal.images.builder import Built, build_all
from rehearsal.images.errors import ImagesError
from rehearsal.images.paths import ACME_CA_FILE, LOCK_FILE

__all__ = ["ACME_CA_FILE", "LOCK_FILE", "Built", "ImagesError", "acme_ca", "build_all"]
