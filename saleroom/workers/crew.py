"""The crew: some worker processes behind one bounded queue.

Owns: what waits, who works on it, and the replacing of those that crashed or took too long.
Invariant: every call ends by its deadline, with a result or one of the errors named here; a crash
costs the call that was worked on and no other. Must not know: what the functions do.
Source: ARCHITECTURE 3 (I6, I9, I11).

    pixels = await crew.run("saleroom.http.picture:thumbnail", upload, 320)

The function takes and gives plain data: bytes, or what JSON holds; it may give a tuple of both. It
answers what it refuses by a value: an error that it raises is a bug of ours.
"""

from __future__ import annotations

import logging
from typing import Any, Protocol

import attrs
import trio

from saleroom.supervisor import Child
from saleroom.workers.frames import Parts, encode_parts
from saleroom.workers.process import CallFailed, WorkerGone, WorkerProcess, open_worker

logger = logging.getLogger("saleroom.workers")

START_PAUSE_S = 1.0  # between two attempts when the system lets no process start


class WorkersBusy(Exception):
    """Nobody could take the call in time; nothing was done. May be tried again."""


class WorkTooLong(Exception):
    """The function did not return before the deadline, and its process was killed."""


class WorkFailed(Exception):
    """The function raised, or its process ended; the text says no more than where."""


class Workers(Protocol):
    """Whoever runs functions elsewhere."""

    async def run(self, function: str, *arguments: Any, limit_s: float | None = None) -> Any:
        """Give what `package.module:name` returns.

        limit_s: from now, waiting included. Raises WorkersBusy, WorkTooLong, WorkFailed.
        """


@attrs.frozen
class CrewLimits:
    """The bounds of a crew; each names its unit and its reason."""

    processes: int = 1  # beside the server's own loop on a machine of two cores
    waiting_max: int = 200  # calls; beyond it, whoever asks is better told to come back
    limit_s: float = 10.0  # of a call that names none
    memory_bytes_max: int = 1024**3  # of addresses: a picture of 50 megapixels, several times
    result_bytes_max: int = 64 * 1024**2  # what the server is prepared to hold of an answer
    nice: int = 5  # the loop goes first


@attrs.frozen
class CrewStatistics:
    """processes: running now. The calls are counted since the start."""

    processes: int
    waiting: int
    working: int
    done: int
    failed: int
    too_long: int
    refused: int
    replaced: int


@attrs.define(eq=False)
class _Call:
    function: str
    arguments: Parts
    deadline: float
    is_begun: bool = False
    is_given_up: bool = False
    result: Any = None
    error: Exception | None = None
    ended: trio.Event = attrs.field(factory=trio.Event)

    def end(self, result: Any = None, error: Exception | None = None) -> None:
        self.result, self.error = result, error
        self.ended.set()


@attrs.define(eq=False)
class Crew:
    """`run` from any task, while `serve` runs as a child of the tree."""

    name: str
    limits: CrewLimits = attrs.field(factory=CrewLimits)
    _queue: trio.MemorySendChannel[_Call] | None = attrs.field(init=False, default=None)
    _open: set[_Call] = attrs.field(init=False, factory=set)
    _processes: int = attrs.field(init=False, default=0)
    _working: int = attrs.field(init=False, default=0)
    _done: int = attrs.field(init=False, default=0)
    _failed: int = attrs.field(init=False, default=0)
    _too_long: int = attrs.field(init=False, default=0)
    _refused: int = attrs.field(init=False, default=0)
    _replaced: int = attrs.field(init=False, default=0)

    async def serve(self, child: Child) -> None:
        """Be the crew until asked to stop; calls that still wait are refused."""
        send, receive = trio.open_memory_channel[_Call](self.limits.waiting_max)
        self._queue = send
        try:
            async with trio.open_nursery() as nursery:
                for _ in range(self.limits.processes):
                    nursery.start_soon(self._keep_worker, receive)
                child.started()
                await child.stopping.wait()
                nursery.cancel_scope.cancel()
        finally:
            self._queue = None
            for call in self._open:
                call.end(error=self._busy("the workers stop"))

    async def run(self, function: str, *arguments: Any, limit_s: float | None = None) -> Any:
        """Give what the function returns; see `Workers`. Cancelled: the call may still be done."""
        await trio.lowlevel.checkpoint_if_cancelled()
        limit = self.limits.limit_s if limit_s is None else limit_s
        call = _Call(function, encode_parts(arguments), trio.current_time() + limit)
        if self._queue is None:
            raise self._busy("the workers do not run")
        try:
            self._queue.send_nowait(call)
        except trio.WouldBlock:
            raise self._busy("too many calls wait") from None
        self._open.add(call)
        try:
            with trio.CancelScope(deadline=call.deadline):
                await call.ended.wait()
        finally:
            self._open.discard(call)
            call.is_given_up = True
        if call.error is not None:
            raise call.error
        if call.ended.is_set():
            return call.result
        if call.is_begun:
            raise WorkTooLong(function)
        raise self._busy("no worker came free in time")

    def statistics(self) -> CrewStatistics:
        """Count processes and calls."""
        return CrewStatistics(
            processes=self._processes,
            waiting=0 if self._queue is None else self._queue.statistics().current_buffer_used,
            working=self._working,
            done=self._done,
            failed=self._failed,
            too_long=self._too_long,
            refused=self._refused,
            replaced=self._replaced,
        )

    async def _keep_worker(self, calls: trio.MemoryReceiveChannel[_Call]) -> None:
        """Hold one worker, and another when it is lost."""
        taken: _Call | None = None
        while True:
            try:
                async with open_worker(self.limits.memory_bytes_max, self.limits.nice) as worker:
                    self._processes += 1
                    try:
                        taken = await self._work(worker, calls, taken)
                    finally:
                        self._processes -= 1
                self._replaced += 1
            except OSError as error:
                logger.error("%s: no worker starts: %s", self.name, error)
                await trio.sleep(START_PAUSE_S)

    async def _work(
        self,
        worker: WorkerProcess,
        calls: trio.MemoryReceiveChannel[_Call],
        taken: _Call | None,
    ) -> _Call | None:
        """Do one call after the other until the worker is lost; give the call it never got."""
        while True:
            call = taken or await calls.receive()
            if call.is_given_up:
                taken = None
                continue
            if worker.has_ended:
                return call
            if not await self._do(worker, call):
                return None
            taken = None

    async def _do(self, worker: WorkerProcess, call: _Call) -> bool:
        """Do one call; say whether the worker can do another."""
        call.is_begun = True
        self._working += 1
        try:
            with trio.CancelScope(deadline=call.deadline):
                left_s = call.deadline - trio.current_time()
                result = await worker.call(
                    call.function, call.arguments, left_s, self.limits.result_bytes_max
                )
                self._done += 1
                call.end(result)
                return True
        except CallFailed as failed:
            self._fail(call, str(failed))
            return True
        except WorkerGone as gone:
            self._fail(call, str(gone))
            return False
        finally:
            self._working -= 1
        self._too_long += 1
        logger.error("%s: %s took too long and was ended", self.name, call.function)
        return False

    def _fail(self, call: _Call, reason: str) -> None:
        self._failed += 1
        logger.error("%s: %s failed: %s", self.name, call.function, reason)
        call.end(error=WorkFailed(f"{call.function}: {reason}"))

    def _busy(self, reason: str) -> WorkersBusy:
        self._refused += 1
        return WorkersBusy(f"{self.name}: {reason}")
