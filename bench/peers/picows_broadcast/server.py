"""Plain fan-out over picows, a websocket library in Cython: what a publisher sends, all get.

Owns: the listeners. Invariant: nobody waits for a slow one. The library frames for each socket
anew; its interface offers no frame that serves all.
"""

from __future__ import annotations

import uvloop
from picows import (
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    ws_create_server,
)

BACKLOG = 4_096
Listeners = dict["Screen", WSTransport]


class Screen(WSListener):
    """A socket that is shown everything."""

    def __init__(self, listeners: Listeners) -> None:
        self._listeners = listeners

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._listeners[self] = transport

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._listeners.pop(self, None)


class Publisher(WSListener):
    """The socket whose messages are shown."""

    def __init__(self, listeners: Listeners) -> None:
        self._listeners = listeners

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            text = frame.get_payload_as_bytes()
            for listener in self._listeners.values():
                listener.send(WSMsgType.TEXT, text)


async def _main() -> None:
    listeners: Listeners = {}

    def welcome(request: WSUpgradeRequest) -> WSListener:
        return Publisher(listeners) if request.path == b"/publish" else Screen(listeners)

    server = await ws_create_server(welcome, "127.0.0.1", 0, backlog=BACKLOG)
    port = server.sockets[0].getsockname()[1]
    print(f"serving on http://127.0.0.1:{port}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_main())
