"""Images from packages, for environments that take theirs from there."""

from __future__ import annotations

from ops.errors import OpsError
from ops.terminal import screen


def build_images() -> None:
    """Builds what changed of the images from packages, and has their registry run."""
    from images import ImagesError, build_all

    with screen.doing("images from packages") as say:
        try:
            result = build_all(say=lambda image, step: say(f"image {image}: {step}") if step else None)
        except ImagesError as error:
            raise OpsError(f"images: {error}") from None
    if result.built or result.pushed:
        screen.err.print(f"{len(result.built)} images built, {len(result.pushed)} pushed")
