"""Run as `python -m socket_proxy`."""

from __future__ import annotations

import asyncio
import signal
import sys

from socket_proxy.proxy import Proxy
from socket_proxy.settings import Settings, Wrong, parse


async def _run(settings: Settings) -> int:
    proxy = Proxy(settings)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await proxy.start()
    waiting = {asyncio.create_task(event.wait()) for event in (stopping, proxy.failed)}
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    return 10 if proxy.failed.is_set() else 0


def main() -> None:
    """Entry point."""
    try:
        settings = parse(sys.argv[1:])
    except Wrong as error:
        sys.exit(f"error: {error}")
    try:
        code = asyncio.run(_run(settings))
    except OSError as error:
        sys.exit(f"error: {error}")
    sys.exit(code)


if __name__ == "__main__":
    main()
