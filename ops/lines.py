"""What programs print, and its lines."""

from __future__ import annotations


def lines_in(text: str) -> list[str]:
    r"""What stands between the ``\n`` of a text, without an empty line after the last.

    :meth:`str.splitlines` also ends a line at a lone ``\r``, a form feed, U+0085 or U+2028, which are part of what a program says: progress,
    a message that somebody sent, a name.
    """
    return text.removesuffix("\n").split("\n") if text else []


def text_of(raw: bytes) -> str:
    r"""What a program printed, read as UTF-8; U+FFFD stands for bytes that are none.

    ``text=True`` of :mod:`subprocess` would make a ``\n`` of each ``\r``, and raise an error at such a byte.
    """
    return raw.decode(errors="replace")
