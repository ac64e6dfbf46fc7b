"""Durations and sizes in the one spelling that the Docker provider reads back unchanged.

The provider compares durations as text and prints Go's short form, so ``60s`` would differ from the ``1m``
it reads forever. These helpers make the canonical form the only one that reaches a resource.
"""

import re

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)(KiB|MiB|GiB)")
_FACTOR = {"KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}


def seconds(text: str) -> int:
    """Seconds in a duration such as ``90s``, ``1m30s`` or ``2h``.

    Raises:
        ValueError: the text has no unit, or one other than h, m, s.
    """
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        raise ValueError(
            f"duration {text!r} is not understood; "
            "write hours, minutes and seconds with their unit, such as 90s or 1m30s"
        )
    hours, minutes, secs = (int(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + secs


def duration(text: str) -> str:
    """The canonical spelling of a duration: ``90s`` becomes ``1m30s``, ``60m`` becomes ``1h``.

    Only zeros at the end are left out: Go prints an hour and five seconds as ``1h0m5s``.
    """
    hours, rest = divmod(seconds(text), 3600)
    minutes, secs = divmod(rest, 60)
    spelled = f"{hours}h{minutes}m{secs}s" if hours else f"{minutes}m{secs}s" if minutes else f"{secs}s"
    if spelled.endswith("m0s"):
        spelled = spelled.removesuffix("0s")
    return spelled.removesuffix("0m") if spelled.endswith("h0m") else spelled


def size(text: str) -> int:
    """Bytes in a size such as ``512MiB`` or ``1.5GiB``; binary units only, as the engine counts.

    Raises:
        ValueError: no unit, or a decimal one (``MB`` is ambiguous between tools and refused).
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"size {text!r} is not understood; write it with KiB, MiB or GiB, such as 512MiB")
    return round(float(match[1]) * _FACTOR[match[2]])


def mebibytes(count: int) -> str:
    """Bytes as people read them: GiB where that is exact, else whole MiB (rounded down)."""
    if count and count % _FACTOR["GiB"] == 0:
        return f"{count // _FACTOR['GiB']}GiB"
    return f"{count // _FACTOR['MiB']}MiB"
