"""Rate limits: so many requests per hour and per minute, each request on a timer of its own, per token."""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque

from .errors import TooManyRequests
from .settings import Settings

HOUR = 3600.0
MINUTE = 60.0


class Limits:
    """Counted in memory: a restarted emulator has counted nothing."""

    def __init__(self, settings: Settings) -> None:
        self._hourly, self._minutely = settings.requests_per_hour, settings.requests_per_minute
        self._lock = threading.Lock()
        self._asked: dict[str, deque[float]] = defaultdict(deque)

    def take(self, token: str) -> dict[str, str]:
        """One more request of this token: the headers to answer with, or 429."""
        with self._lock:
            asked, now = self._asked[token], time.time()
            while asked and asked[0] <= now - HOUR:
                asked.popleft()
            minute = [at for at in asked if at > now - MINUTE]
            full = len(asked) >= self._hourly
            burst = len(minute) >= self._minutely
            if not full and not burst:
                asked.append(now)
            left = 0 if full or burst else self._hourly - len(asked)
            reset = int((asked[0] if asked else now) + HOUR)
            headers = {
                "ratelimit-limit": str(self._hourly),
                "ratelimit-remaining": str(left),
                "ratelimit-reset": str(reset),
            }
            if full or burst:
                refused = TooManyRequests("API rate limit exceeded.")
                wait = int(minute[0] + MINUTE - now) + 1 if burst else reset - int(now) + 1
                refused.headers = {**headers, "retry-after": str(wait)}
                raise refused
            return headers
