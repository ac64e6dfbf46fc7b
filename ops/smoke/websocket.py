"""One text there and one back over a WebSocket, through the gateway."""

from __future__ import annotations

import ssl

from websockets.exceptions import NegotiationError
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from ops.smoke.browser import Reach

TIMEOUT_S = 10.0


def exchange(
    host: str,
    path: str,
    text: str,
    *,
    protocol: str,
    reach: Reach,
    context: ssl.SSLContext,
    port: int = 443,
) -> str:
    """Opens a WebSocket, sends a text and returns the first text that comes back.

    Raises:
        WebSocketException: no upgrade, or no text; the message says what came instead.
        ValueError: a redirect to another host.
        OSError: no connection, or no text in time.
    """
    with connect(
        f"wss://{host}{path}",
        address=(reach.address(host), port),
        ssl=context,
        origin=Origin(f"https://{host}"),
        subprotocols=[Subprotocol(protocol)],
        compression=None,
        proxy=None,
        open_timeout=TIMEOUT_S,
        close_timeout=1,
    ) as socket:
        if socket.subprotocol != protocol:
            raise NegotiationError(f"chose subprotocol {socket.subprotocol!r}, not {protocol!r}")
        socket.send(text)
        return socket.recv(timeout=TIMEOUT_S, decode=True)
