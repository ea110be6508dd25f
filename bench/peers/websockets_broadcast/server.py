"""Plain fan-out over `websockets`: what a publisher sends, every listener gets.

Owns: the listeners. Invariant: one encoding serves all (`broadcast`), and nobody waits for a slow
one. Source: the library's own guide on broadcasting.
"""

from __future__ import annotations

import logging
from contextlib import suppress

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed

logging.getLogger("websockets").setLevel(logging.ERROR)

BACKLOG = 4_096


async def _main() -> None:
    listeners: set[ServerConnection] = set()

    async def handle(connection: ServerConnection) -> None:
        assert connection.request is not None
        if connection.request.path == "/publish":
            with suppress(ConnectionClosed):
                async for message in connection:
                    broadcast(listeners, message)
            return
        listeners.add(connection)
        try:
            await connection.wait_closed()
        finally:
            listeners.discard(connection)

    server = await serve(
        handle, "127.0.0.1", 0, compression=None, ping_interval=None, backlog=BACKLOG
    )
    port = next(iter(server.sockets)).getsockname()[1]
    print(f"serving on http://127.0.0.1:{port}", flush=True)
    await server.wait_closed()


if __name__ == "__main__":
    uvloop.run(_main())
