"""One worker process, seen from the server.

Owns: the process and its two pipes. Invariant: a process whose call was cut short is killed and
never called again; none outlives its context. Must not know: what it is asked, or by whom.
Source: ARCHITECTURE 3 (I9, I11).
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import trio

from saleroom.workers import child, frames

RECEIVE_BYTES = 256 * 1024
ALARM_GRACE_S = 1.0  # the server kills at the deadline; a worker without one ends this much later
KILL_LIMIT_S = 5.0  # a killed process is gone within this, or stuck in the kernel
_CHILD = str(Path(child.__file__).resolve())
_PACKAGES = str(Path(__file__).resolve().parents[2])


class WorkerGone(Exception):
    """The process ended, or said what no worker says."""


class CallFailed(Exception):
    """The function raised; the text is the error's type and place."""


@attrs.define(eq=False)
class WorkerProcess:
    """A running worker that is called by one task at a time."""

    process: trio.Process
    _received: bytearray = attrs.field(init=False, factory=bytearray)

    @property
    def has_ended(self) -> bool:
        """Say whether the process is gone, as when the system has killed it for its memory."""
        return self.process.poll() is not None

    async def call(
        self, function: str, arguments: frames.Parts, limit_s: float, result_bytes_max: int
    ) -> Any:
        """Give what the function returns. Raises CallFailed, WorkerGone.

        Cancelled, or WorkerGone: the process must not be called again.
        """
        head = {"function": function, "limit_s": limit_s + ALARM_GRACE_S}
        assert self.process.stdin is not None
        try:
            for piece in frames.encode(head, arguments):
                await self.process.stdin.send_all(piece)
            return await self._answer(result_bytes_max)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise WorkerGone("it closed its pipe") from None
        except frames.BadFrame as bad:
            raise WorkerGone(str(bad)) from None

    async def _answer(self, bytes_max: int) -> Any:
        length = frames.head_length(await self._receive(frames.LENGTH_BYTES))
        head, parts = frames.decode_head(await self._receive(length))
        if sum(size for _, size in parts) > bytes_max:
            raise WorkerGone("its result is too large")
        values = [frames.decode_part(kind, await self._receive(size)) for kind, size in parts]
        if "error" in head:
            raise CallFailed(str(head["error"])[:200])
        if head.get("is_tuple"):
            return tuple(values)
        if len(values) != 1:
            raise WorkerGone("its result is none")
        return values[0]

    async def _receive(self, size: int) -> bytes:
        assert self.process.stdout is not None
        while len(self._received) < size:
            received = await self.process.stdout.receive_some(RECEIVE_BYTES)
            if not received:
                raise WorkerGone("it ended")
            self._received += received
        taken = bytes(self._received[:size])
        del self._received[:size]
        return taken


@asynccontextmanager
async def open_worker(memory_bytes_max: int, nice: int) -> AsyncIterator[WorkerProcess]:
    """Run a worker for the length of the block. Raises OSError when none can be started.

    Cancellation: killed and reaped all the same, within KILL_LIMIT_S.
    """
    process = await trio.lowlevel.open_process(
        [sys.executable, "-I", _CHILD, _PACKAGES, str(memory_bytes_max), str(nice)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={},  # no secret of the server's is in a worker's reach
        start_new_session=True,  # an interrupt at the terminal is the server's to answer
    )
    try:
        yield WorkerProcess(process)
    finally:
        process.kill()
        with trio.CancelScope(shield=True, deadline=trio.current_time() + KILL_LIMIT_S):
            await process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            with trio.CancelScope(shield=True):
                await pipe.aclose()
