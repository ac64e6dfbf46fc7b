"""Images for the environments that cannot or will not pull from public registries, built from packages."""

from images.builder.acme import acme_ca
from images.builder.builder import Built, build_all
from images.builder.errors import ImagesError
from images.builder.paths import ACME_CA_FILE, LOCK_FILE

__all__ = ["ACME_CA_FILE", "LOCK_FILE", "Built", "ImagesError", "acme_ca", "build_all"]
