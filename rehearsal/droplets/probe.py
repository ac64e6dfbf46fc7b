"""Which TCP ports of a host answer somebody in the box."""

from __future__ import annotations

from collections.abc import Sequence

from .engine import execute

# Tries ports from inside, all at once: prints "<port> open", "closed" or "filtered" for each.
PROBE = """
import asyncio, sys
async def one(host, port, seconds):
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), seconds)
        writer.close()
        return "open"
    except ConnectionRefusedError:
        return "closed"
    except (OSError, TimeoutError, asyncio.TimeoutError):
        return "filtered"
async def main():
    host, seconds, *ports = sys.argv[1:]
    states = await asyncio.gather(*(one(host, int(port), float(seconds)) for port in ports))
    for port, state in zip(ports, states):
        print(port, state)
asyncio.run(main())
"""


def probe(container: str, host: str, ports: Sequence[int], seconds: float) -> dict[int, str]:
    """By port, as a container sees it: open, closed (refused) or filtered (no answer in time)."""
    words = ("python3", "-c", PROBE, host, str(seconds), *map(str, ports))
    done = execute(container, *words, timeout=seconds + 30)
    if done.returncode:
        raise RuntimeError(f"the probe of {host} failed: {done.stderr.strip()}")
    found = (line.split() for line in done.stdout.splitlines())
    return {int(port): state for port, state in found}
