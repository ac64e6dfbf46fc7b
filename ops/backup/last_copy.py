"""What a store's sender says of the last copy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class LastCopy:
    """The last copy of a store; each value is ``None`` as long as the sender does not have it.

    Args:
        copy_s: how long the copy took.
        sent: when it was in the bucket, in seconds since 1970.
        snapshot: the start of its id in the bucket.
        send_s: how long sending it took.
    """

    copy_s: float | None = None
    sent: float | None = None
    snapshot: str | None = None
    bytes: float | None = None
    send_s: float | None = None

    @classmethod
    def of(cls, sender: Mapping[str, Sequence[str]]) -> LastCopy:
        """From the words of the sender's files, see :meth:`Spool.state`."""
        about, sent = sender.get("last/about", ()), sender.get("sent", ())
        return cls(
            copy_s=_number(about, 1),
            sent=_number(sent, 0),
            snapshot=sent[1] if len(sent) > 1 else None,
            bytes=_number(sent, 2),
            send_s=_number(sent, 3),
        )


def _number(words: Sequence[str], at: int) -> float | None:
    return float(words[at]) if len(words) > at else None
