"""The process beside the worker that uses each dependency and answers /healthz.

No thread of the worker does: the pool forks the worker again and again, and a process that is forked while another thread
writes to the log inherits the lock of that stream, and hangs at its own first line for ever.
"""

from __future__ import annotations

import logging

from replay_parser import settings as lookup
from replay_parser.dependencies import watch
from replay_parser.health import Health


def main() -> None:
    """Until the container ends."""
    logging.basicConfig(level=logging.INFO, format="[%(asctime)s: %(levelname)s/Watcher] %(message)s")
    health = Health()
    watch(lookup.read(), health)
    health.serve()


if __name__ == "__main__":
    main()
