"""Images without the middle of a long tag, such as a commit: the digest tells them apart."""

import re

_LONG_TAG = re.compile(r"(?<= )[^ ()]{25,}")
"""A word that is not the first: that is the image's name."""


def shortened(image: str) -> str:
    """``core sha-eeb043b32dc4792e60f07bb8bce23defa51327e0 (1234abcd)`` as ``core sha-eeb043b3… (1234abcd)``."""
    return _LONG_TAG.sub(lambda match: f"{match[0][:12]}…", image)
