"""A websocket of a guest's own, as bare as the protocol allows.

Owns: one connection from the handshake to its end. Invariant: however it ends, nothing of it stays
open; nothing is sent that the guest did not send. Must not know: what is said over it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import trio
from trio_websocket import (
    ConnectionClosed,
    HandshakeError,
    WebSocketConnection,
    wrap_client_stream,
)

CONNECT_S = 10.0
CUT_OFF = (ConnectionClosed, HandshakeError, OSError, trio.BrokenResourceError, trio.TooSlowError)
"""How a conversation ends that the guest did not end."""


@asynccontextmanager
async def open_guest(url: str) -> AsyncIterator[WebSocketConnection]:
    """Hold a connection for the length of the block; it ends without a goodbye.

    Raises what is in CUT_OFF, in a group when it comes out of the block.
    """
    parts = urlsplit(url)
    with trio.fail_after(CONNECT_S):
        stream = await trio.open_tcp_stream(parts.hostname or "", parts.port or 80)
    try:
        async with trio.open_nursery() as nursery:
            with trio.fail_after(CONNECT_S):
                socket = await wrap_client_stream(nursery, stream, parts.netloc, parts.path)
            yield socket
            nursery.cancel_scope.cancel()
    finally:
        with trio.CancelScope(shield=True):
            await trio.aclose_forcefully(stream)
