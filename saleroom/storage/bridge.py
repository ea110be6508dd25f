"""The one crossing from trio to the asyncio loop in which asyncpg and redis live.

Owns: a thread that runs one asyncio loop (uvloop where there is one) and nothing else. Invariant:
every call that crosses over ends exactly once at its caller, with the coroutine's result or error,
or with the caller's own cancellation; a result is never dropped without a line in the log. asyncio
is named in this file alone: adapters that run over there take their time limits from here. Must
not know: what the coroutines do. Source: ARCHITECTURE section 5 (asyncpg and redis under trio).

One call costs one wakeup each way: `call_soon_threadsafe` to go, `TrioToken.run_sync_soon` to come
back. A store crosses once per transaction, never once per row.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import ModuleType
from typing import Any, Generic, TypeVar, TypeVarTuple

import attrs
import outcome
import trio

from saleroom.storage.ports import OutcomeUnknown, StoreUnavailable

try:
    import uvloop as _uvloop
except ImportError:
    uvloop: ModuleType | None = None
else:
    uvloop = _uvloop

CANCEL_LIMIT_S = 5.0  # a cancelled call may take this long to end, and is then left behind
CLOSE_LIMIT_S = 5.0  # the calls still there when the bridge closes, and then its thread

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_log = logging.getLogger(__name__)


def time_limit(seconds: float) -> AbstractAsyncContextManager[object]:
    """Raise TimeoutError in a coroutine over there when its block takes longer."""
    return asyncio.timeout(seconds)


@attrs.frozen
class BridgeStatistics:
    """crossed: calls sent over so far. in_flight: not yet ended. left_behind: see `Bridge.run`."""

    crossed: int
    in_flight: int
    left_behind: int


@attrs.define(eq=False)
class _Call(Generic[T]):
    """One crossing. `task` belongs to the asyncio thread, all else to the trio thread."""

    work: Callable[[], Awaitable[T]]
    ended: trio.Event = attrs.Factory(trio.Event)
    result: outcome.Outcome[T] | None = None
    task: asyncio.Task[T] | None = None
    is_left_behind: bool = False


class Bridge:
    """A running asyncio loop in a thread of its own, and the way to it. Made by `open_bridge`."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop() if uvloop is None else uvloop.new_event_loop()
        self._trio_token = trio.lowlevel.current_trio_token()
        self._stop = asyncio.Event()
        self._thread_ended = trio.Event()
        self._is_closed = False
        self._in_flight: set[_Call[Any]] = set()
        self._crossed = 0
        self._left_behind = 0
        threading.Thread(target=self._serve, name="asyncio bridge", daemon=True).start()

    def statistics(self) -> BridgeStatistics:
        return BridgeStatistics(self._crossed, len(self._in_flight), self._left_behind)

    async def run(self, fn: Callable[[*Ts], Awaitable[T]], *args: *Ts) -> T:
        """Run `fn(*args)` in the asyncio loop and give its result or raise its error.

        Raises StoreUnavailable when the bridge is closed, and OutcomeUnknown when it closes while
        the call is over there. Cancellation: the coroutine is cancelled and its end awaited, up to
        CANCEL_LIMIT_S; if it ended with a result or an error all the same, that is what the caller
        gets, otherwise Cancelled. A call that outlasts the limit is left behind: its late result
        is logged, as the caller has gone.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        if self._is_closed:
            raise StoreUnavailable("the bridge to the stores is closed")
        call = _Call(lambda: fn(*args))
        self._in_flight.add(call)
        self._crossed += 1
        self._loop.call_soon_threadsafe(self._start, call)
        try:
            await call.ended.wait()
        except trio.Cancelled:
            await self._cancel(call)
            if call.result is None or _is_cancellation(call.result):
                raise
        assert call.result is not None
        if _is_cancellation(call.result):
            raise OutcomeUnknown("the bridge to the stores closed during the call") from None
        return call.result.unwrap()

    async def close(self) -> None:
        """Refuse new calls, cancel those over there, and end the thread; bounded and shielded."""
        self._is_closed = True
        for call in self._in_flight:
            self._loop.call_soon_threadsafe(_cancel_task, call)
        with trio.CancelScope(shield=True, deadline=trio.current_time() + CLOSE_LIMIT_S):
            for call in tuple(self._in_flight):
                await call.ended.wait()
        for call in tuple(self._in_flight):
            self._end(call, outcome.Error(asyncio.CancelledError()))
        self._loop.call_soon_threadsafe(self._stop.set)
        with trio.CancelScope(shield=True, deadline=trio.current_time() + CLOSE_LIMIT_S):
            await self._thread_ended.wait()
        if not self._thread_ended.is_set():
            _log.error("the bridge's thread has not ended after %s s", CLOSE_LIMIT_S)

    async def _cancel(self, call: _Call[Any]) -> None:
        if call.result is None:
            self._loop.call_soon_threadsafe(_cancel_task, call)
        with trio.CancelScope(shield=True, deadline=trio.current_time() + CANCEL_LIMIT_S):
            await call.ended.wait()
        if call.result is None:
            call.is_left_behind = True
            self._left_behind += 1
            _log.warning("a cancelled call to a store did not end and is left behind")

    def _serve(self) -> None:
        """Be the thread: run the loop until told to stop."""
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._stop.wait())
        finally:
            self._tell(self._thread_ended.set)

    def _start(self, call: _Call[T]) -> None:
        call.task = asyncio.ensure_future(_awaited(call.work))
        call.task.add_done_callback(functools.partial(self._report, call))

    def _report(self, call: _Call[T], task: asyncio.Task[T]) -> None:
        result: outcome.Outcome[T]
        if task.cancelled():
            result = outcome.Error(asyncio.CancelledError())
        elif (error := task.exception()) is not None:
            result = outcome.Error(error)
        else:
            result = outcome.Value(task.result())
        self._tell(self._end, call, result)

    def _end(self, call: _Call[T], result: outcome.Outcome[T]) -> None:
        if call.is_left_behind or call.result is not None:
            _log.warning("a call that was given up ended with %r", result)
        else:
            call.result = result
            call.ended.set()
        self._in_flight.discard(call)

    def _tell(self, fn: Callable[[*Ts], object], *args: *Ts) -> None:
        """Have the trio thread call `fn`, unless trio itself has ended."""
        try:
            self._trio_token.run_sync_soon(fn, *args)
        except trio.RunFinishedError:
            _log.warning("trio ended before the bridge did")


@asynccontextmanager
async def open_bridge() -> AsyncIterator[Bridge]:
    """Run a bridge for the length of the block."""
    bridge = Bridge()
    try:
        yield bridge
    finally:
        await bridge.close()


async def _awaited(work: Callable[[], Awaitable[T]]) -> T:
    return await work()


def _cancel_task(call: _Call[Any]) -> None:
    assert call.task is not None  # the loop runs what it is sent in order, and `_start` came first
    call.task.cancel()


def _is_cancellation(result: outcome.Outcome[Any]) -> bool:
    return isinstance(result, outcome.Error) and isinstance(result.error, asyncio.CancelledError)
