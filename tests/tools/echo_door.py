"""An echo behind Saleroom's own door, for conformance suites that are run from outside.

    python -m tests.tools.echo_door --port 9001

Owns: the echo at `/ws/echo`. Invariant: accept, handshake, framing, limits and closing are those of
`saleroom.http`, only the greatest message is larger (16 MiB, as suites send); text comes back as
text, binary as binary, and nothing more is read before what was read has left.
Must not know: sessions, events, stores. Source: RFC 6455, PROTOCOL 1.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import trio

if not __package__:  # run as a file: Python looks beside it, and not in the checkout
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from saleroom.http.door.door import Door, DoorLimits, open_listeners, serve_door
from saleroom.http.door.websocket import Websocket
from saleroom.protocol.close import Close
from saleroom.protocol.frames import binary_frame, text_frame

ECHO_PATH = "/ws/echo"
MESSAGE_BYTES_MAX = 16 * 1024 * 1024
LIMITS = attrs.evolve(DoorLimits(), message_bytes_max=MESSAGE_BYTES_MAX)


async def echo(websocket: Websocket) -> None:
    """Send every message back as it came, until the client closes."""
    if websocket.path != ECHO_PATH:
        await websocket.close(Close.UNKNOWN_EVENT, f"the echo is at {ECHO_PATH}")
        return
    while True:
        message = await websocket.receive_message()
        if isinstance(message, str):
            websocket.send_nowait(text_frame(message.encode()))
        else:
            websocket.send_nowait(binary_frame(message))
        await websocket.stream.wait_drained()


async def nothing_here(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer every plain HTTP request with 404."""
    headers = [(b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 404, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def serve(host: str, port: int) -> None:
    """Print the echo's address once it is open; serve until SIGTERM or SIGINT."""
    listeners = await open_listeners(host, port)
    name, bound_port = listeners[0].socket.getsockname()[:2]
    authority = f"[{name}]:{bound_port}" if ":" in name else f"{name}:{bound_port}"
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with trio.open_nursery() as pool:
            door: Door = await pool.start(
                partial(
                    serve_door,
                    listeners,
                    asgi_app=nothing_here,
                    on_websocket=echo,
                    limits=LIMITS,
                    start_soon=pool.start_soon,
                )
            )
            print(f"echo on ws://{authority}{ECHO_PATH}", flush=True)
            await anext(signals)
            door.stop()
            pool.cancel_scope.cancel()


def main(argv: Sequence[str] | None = None) -> None:
    """Run the echo as a program."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.tools.echo_door",
        description="Echo websocket messages through Saleroom's door, for conformance suites.",
        epilog="example: python -m tests.tools.echo_door --port 9001",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (any free one)")
    arguments = parser.parse_args(argv)
    trio.run(serve, arguments.host, arguments.port)


if __name__ == "__main__":
    main()
