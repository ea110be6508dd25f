"""Connections whose requests are answered at the door, before the app's server.

Owns: the connections that ask for what is kept, from request to request. Invariant: the first
request that is not answered here hands the connection over, with every byte of it; one that idles
ends within a bound, at once when the door stops, and no request is cut short by that.
Knows nothing of what the answers are.
Source: RFC 9112 9.3, docs/decisions/0012-reads-at-the-door.md.
"""

from __future__ import annotations

from collections.abc import Awaitable
from http import HTTPStatus
from typing import Protocol

import attrs
import trio

from saleroom.http.door.head import HeadRefused, PeerLeft, RequestHead, read_head, refusal
from saleroom.http.door.stream import SharedStream


@attrs.frozen
class QuickAnswer:
    """A whole HTTP/1.1 response. is_last: it announces the connection's end."""

    data: bytes
    is_last: bool


class Quick(Protocol):
    def __call__(
        self, head: RequestHead, peer: str, *, is_last: bool
    ) -> Awaitable[QuickAnswer | None]:
        """Answer a request; None: the app has to. is_last: we end the connection after it."""


async def nothing_quick(head: RequestHead, peer: str, *, is_last: bool) -> QuickAnswer | None:
    """Leave everything to the app."""
    return None


class QuickDoor:
    """Serve connections for as long as their requests have quick answers."""

    def __init__(
        self, answer: Quick, *, keep_alive_s: float, head_s: float, head_bytes_max: int
    ) -> None:
        self._answer = answer
        self._keep_alive_s = keep_alive_s
        self._head_s = head_s
        self._head_bytes_max = head_bytes_max
        self._streams: set[SharedStream] = set()
        self._waits: set[trio.CancelScope] = set()
        self._is_stopping = False
        self._idle = trio.Event()

    @property
    def connections(self) -> int:
        return len(self._streams)

    async def serve(self, stream: SharedStream, head: RequestHead, peer: str) -> RequestHead | None:
        """Serve a connection from its first head on.

        Gives the head of a request that the app has to answer, None at the connection's end.
        """
        self._streams.add(stream)
        try:
            return await self._serve(stream, head, peer)
        except trio.BrokenResourceError:
            return None
        finally:
            self._streams.discard(stream)
            if self._is_stopping and not self._streams:
                self._idle.set()

    async def stop(self, within_s: float) -> None:
        """End idle connections now and the others after their answer; cut them at the bound."""
        self._is_stopping = True
        for wait in list(self._waits):
            wait.cancel()
        with trio.move_on_after(within_s):
            if self._streams:
                await self._idle.wait()
        for stream in list(self._streams):
            stream.abort()

    async def _serve(
        self, stream: SharedStream, head: RequestHead, peer: str
    ) -> RequestHead | None:
        following: RequestHead | None = head
        while following is not None:
            answer = await self._answer(following, peer, is_last=self._is_stopping)
            if answer is None:
                return following
            await stream.send_all(answer.data)
            if answer.is_last:
                return None
            stream.unreceive(following.trailing)
            following = await self._next(stream)
        return None

    async def _next(self, stream: SharedStream) -> RequestHead | None:
        """Give the next request's head, None when there will be none."""
        with trio.move_on_after(0 if self._is_stopping else self._keep_alive_s) as wait:
            self._waits.add(wait)
            try:
                data = await stream.receive_some()
            finally:
                self._waits.discard(wait)
        if wait.cancelled_caught or not data:
            return None
        stream.unreceive(data)
        try:
            with trio.fail_after(self._head_s):
                return await read_head(stream, self._head_bytes_max)
        except HeadRefused as refused:
            stream.send_nowait(refusal(refused.status))
        except trio.TooSlowError:
            stream.send_nowait(refusal(HTTPStatus.REQUEST_TIMEOUT))
        except PeerLeft:
            return None
        return None
