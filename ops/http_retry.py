"""Repeats an HTTP request whose failure may pass by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

PASSING = frozenset({429, 500, 502, 503, 504})
"""Statuses that another attempt may not see again."""
LONGEST_PAUSE_S = 60.0
"""A server that asks for a longer pause gets no further attempt."""


def send_with_retries(
    send: Callable[[], httpx.Response],
    *,
    pauses_s: Iterable[float],
    sleep: Callable[[float], None],
    final: tuple[type[httpx.TransportError], ...] = (),
) -> httpx.Response:
    """The first response that is final, or that of the last attempt.

    Args:
        pauses_s: seconds between attempts, so there is one attempt more than pauses; ``Retry-After`` overrides each.
        final: errors after which no further attempt is made.

    Raises:
        httpx.TransportError: no response to the last attempt.
    """
    for pause_s in pauses_s:
        try:
            response = send()
        except httpx.TransportError as error:
            if isinstance(error, final):
                raise
            sleep(pause_s)
            continue
        wanted_s = _retry_after_s(response, otherwise=pause_s)
        if response.status_code not in PASSING or wanted_s > LONGEST_PAUSE_S:
            return response
        sleep(wanted_s)
    return send()


def _retry_after_s(response: httpx.Response, *, otherwise: float) -> float:
    """Seconds, from ``Retry-After``: a number, or a date."""
    value = response.headers.get("Retry-After", "")
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return otherwise
