"""The shared stream, over real sockets with small buffers: order, wholeness, bounds, ends."""

from __future__ import annotations

import random
import socket as stdlib_socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from saleroom.http.door.stream import SharedStream, StreamLimits
from saleroom.protocol.frames import close_frame, ping_frame, text_frame
from tests.http.wire import CLOSE, GUARD_S, PING, SHORT_S, TEXT, Peer

PATIENT = StreamLimits(stall_s=GUARD_S, finish_s=GUARD_S, linger_s=GUARD_S)
FLOOD = text_frame(b"f" * 60_000)  # some of these overflow the small buffers below


@attrs.frozen
class Pair:
    stream: SharedStream
    peer: Peer
    nursery: trio.Nursery

    def overflow(self) -> int:
        """Send whole frames until the outbox holds one that has not begun; give their number."""
        count = 0
        while self.stream.unsent_bytes <= len(FLOOD):
            self.stream.send_nowait(FLOOD)
            count += 1
        return count


@asynccontextmanager
async def open_pair(limits: StreamLimits = PATIENT) -> AsyncIterator[Pair]:
    ours, theirs = stdlib_socket.socketpair()
    for end in (ours, theirs):
        end.setsockopt(stdlib_socket.SOL_SOCKET, stdlib_socket.SO_SNDBUF, 8 * 1024)
        end.setblocking(False)
    accepted = trio.SocketStream(trio.socket.from_stdlib_socket(ours))
    remote = trio.SocketStream(trio.socket.from_stdlib_socket(theirs))
    with trio.fail_after(GUARD_S):
        async with trio.open_nursery() as nursery:
            stream = SharedStream(accepted, nursery.start_soon, limits)
            yield Pair(stream, Peer(remote), nursery)
            stream.abort()
            remote.socket.close()
            nursery.cancel_scope.cancel()


async def test_a_ready_socket_takes_frames_at_once_and_costs_no_task() -> None:
    async with open_pair() as pair:
        pair.stream.send_nowait(text_frame(b"one"))
        assert pair.stream.unsent_bytes == 0
        assert pair.stream.unsent_since is None
        assert not pair.nursery.child_tasks
        assert await pair.peer.frame() == (TEXT, b"one")


async def test_what_the_kernel_does_not_take_follows_in_order_by_one_flusher() -> None:
    async with open_pair() as pair:
        drained = []
        pair.stream.on_drained = lambda: drained.append(pair.stream.unsent_bytes)
        before = trio.current_time()
        count = pair.overflow()
        pair.stream.send_nowait(text_frame(b"last"))
        assert len(pair.nursery.child_tasks) == 1
        assert pair.stream.unsent_since is not None
        assert before <= pair.stream.unsent_since <= trio.current_time()
        for _ in range(count):
            assert await pair.peer.frame() == (TEXT, b"f" * 60_000)
        assert await pair.peer.frame() == (TEXT, b"last")
        await wait_all_tasks_blocked()
        assert drained == [0]
        assert not pair.nursery.child_tasks
        statistics = pair.stream.statistics()
        assert (statistics.unsent_bytes, statistics.unsent_since) == (0, None)
        assert statistics.overflows == 1
        assert statistics.flushed_bytes > 0


async def test_unsent_since_is_that_of_the_oldest_piece_left() -> None:
    async with open_pair() as pair:
        pair.overflow()
        first = pair.stream.unsent_since
        await pair.peer.frame()
        await pair.peer.frame()
        await wait_all_tasks_blocked()
        second = pair.stream.unsent_since
        assert first is not None
        assert second is None or second > first


async def test_on_drained_may_send_again() -> None:
    async with open_pair() as pair:
        more = [text_frame(b"x" * 50_000), text_frame(b"x" * 50_000)]

        def refill() -> None:
            if more:
                pair.stream.send_nowait(more.pop())

        pair.stream.on_drained = refill
        count = pair.overflow()
        for _ in range(count + 2):
            await pair.peer.frame()
        await wait_all_tasks_blocked()
        assert pair.stream.unsent_bytes == 0
        assert not pair.nursery.child_tasks


@pytest.mark.parametrize("seed", range(5))
async def test_writers_never_interleave_within_a_frame(seed: int) -> None:
    rng = random.Random(seed)
    async with open_pair() as pair:
        sent: list[bytes] = []

        async def write_and_wait(mark: bytes) -> None:
            for number in range(20):
                payload = mark * rng.randrange(1, 30_000) + b"%d" % number
                sent.append(payload)
                await pair.stream.send_all(text_frame(payload))

        async def broadcast() -> None:
            for number in range(60):
                payload = b"b" * rng.randrange(1, 9_000) + b"%d" % number
                sent.append(payload)
                pair.stream.send_nowait(text_frame(payload))
                pair.stream.send_nowait(ping_frame(b"%d" % number))
                await trio.lowlevel.checkpoint()

        received: list[bytes] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(write_and_wait, b"w")
            nursery.start_soon(write_and_wait, b"v")
            nursery.start_soon(broadcast)
            while len(received) < 100:
                opcode, payload = await pair.peer.frame()
                if opcode == TEXT:
                    received.append(payload)
                else:
                    assert opcode == PING
        assert received == sent
        assert pair.stream.statistics().overflows > 0


async def test_a_cancelled_send_cuts_no_frame() -> None:
    async with open_pair() as pair:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(pair.stream.send_all, text_frame(b"x" * 500_000))
            await wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        pair.stream.send_nowait(text_frame(b"after"))
        assert await pair.peer.frame() == (TEXT, b"x" * 500_000)
        assert await pair.peer.frame() == (TEXT, b"after")


async def test_of_latest_frames_only_the_newest_waits() -> None:
    async with open_pair() as pair:
        pair.stream.send_latest_nowait(ping_frame(b"direct"))
        assert await pair.peer.frame() == (PING, b"direct")
        count = pair.overflow()
        before = pair.stream.unsent_bytes
        for number in range(100):
            pair.stream.send_latest_nowait(ping_frame(b"%d" % number))
        assert pair.stream.unsent_bytes == before
        for _ in range(count):
            assert (await pair.peer.frame())[0] == TEXT
        assert await pair.peer.frame() == (PING, b"99")


async def test_finish_completes_what_began_drops_the_rest_and_accepts_nothing_more() -> None:
    async with open_pair() as pair:
        count = pair.overflow()
        for _ in range(10):
            pair.stream.send_nowait(text_frame(b"dropped"))
        pair.stream.finish_nowait(close_frame(4201, "SLOW"))
        pair.stream.finish_nowait(close_frame(1000))
        pair.stream.send_nowait(text_frame(b"refused"))
        pair.stream.send_latest_nowait(ping_frame())
        assert pair.stream.is_finishing
        frames = [await pair.peer.frame() for _ in range(count)]
        assert frames[:-1] == [(TEXT, b"f" * 60_000)] * (count - 1)
        assert frames[-1] == (CLOSE, b"\x10\x69SLOW")
        pair.nursery.start_soon(pair.stream.aclose)
        assert await pair.peer.at_end()


async def test_finish_may_keep_what_is_queued() -> None:
    async with open_pair() as pair:
        count = pair.overflow()
        pair.stream.finish_nowait(close_frame(1000), keep_queued=True)
        for _ in range(count):
            assert (await pair.peer.frame())[0] == TEXT
        assert await pair.peer.close_code() == 1000


async def test_finish_on_an_idle_stream_is_sent_at_once() -> None:
    async with open_pair() as pair:
        pair.stream.finish_nowait(close_frame(1000))
        assert await pair.peer.close_code() == 1000


async def test_a_finished_peer_that_reads_nothing_is_cut_in_time() -> None:
    async with open_pair(attrs.evolve(PATIENT, finish_s=SHORT_S)) as pair:
        pair.overflow()
        pair.stream.finish_nowait(close_frame(4201))
        with pytest.raises(trio.ClosedResourceError):
            await pair.stream.receive_some()
        assert pair.stream.is_broken
        assert pair.stream.unsent_bytes == 0


async def test_sending_to_a_peer_that_left_breaks_the_stream_and_raises_nothing() -> None:
    async with open_pair() as pair:
        pair.peer.stream.socket.close()
        pair.stream.send_nowait(FLOOD)
        assert pair.stream.is_broken
        pair.stream.send_nowait(FLOOD)
        pair.stream.finish_nowait(close_frame(1000))
        assert pair.stream.unsent_bytes == 0
        with pytest.raises(trio.BrokenResourceError):
            await pair.stream.send_all(b"x")


async def test_a_peer_that_leaves_while_we_flush_breaks_the_stream() -> None:
    async with open_pair() as pair:
        pair.overflow()
        pair.peer.stream.socket.close()
        await pair.stream.wait_drained()
        assert pair.stream.is_broken
        assert pair.stream.unsent_bytes == 0
        assert pair.stream.unsent_since is None


async def test_send_all_gives_up_a_peer_that_takes_nothing() -> None:
    async with open_pair(attrs.evolve(PATIENT, stall_s=SHORT_S)) as pair:
        with pytest.raises(trio.BrokenResourceError):
            await pair.stream.send_all(b"x" * 1_000_000)
        with pytest.raises(trio.ClosedResourceError):
            await pair.stream.receive_some()


async def test_aclose_sends_what_is_queued_and_waits_for_the_peers_end() -> None:
    async with open_pair() as pair:
        count = pair.overflow()
        pair.nursery.start_soon(pair.stream.aclose)
        for _ in range(count):
            assert (await pair.peer.frame())[0] == TEXT
        assert await pair.peer.at_end()
        await pair.peer.send(b"late words")
        await wait_all_tasks_blocked()
        assert pair.stream.statistics().state == "open"
        await pair.peer.stream.send_eof()
        await pair.stream.aclose()
        assert pair.stream.statistics().state == "closed"


@pytest.mark.parametrize("bound", ["finish_s", "linger_s"])
async def test_aclose_is_bounded(bound: str) -> None:
    async with open_pair(attrs.evolve(PATIENT, **{bound: SHORT_S})) as pair:
        if bound == "finish_s":
            pair.overflow()
            await pair.peer.stream.send_eof()
        await pair.stream.aclose()
        assert pair.stream.statistics().state == "closed"


async def test_a_cancelled_aclose_closes_at_once() -> None:
    async with open_pair() as pair:
        pair.overflow()
        with trio.CancelScope() as scope:
            scope.cancel()
            await pair.stream.aclose()
        assert pair.stream.statistics().state == "closed"


async def test_abort_wakes_reader_and_writer() -> None:
    async with open_pair() as pair:
        ended = []

        async def read() -> None:
            with pytest.raises(trio.ClosedResourceError):
                await pair.stream.receive_some()
            ended.append("reader")

        async def write() -> None:
            with pytest.raises(trio.BrokenResourceError):
                await pair.stream.send_all(b"x" * 1_000_000)
            ended.append("writer")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            nursery.start_soon(write)
            await wait_all_tasks_blocked()
            pair.stream.abort()
            pair.stream.abort()
        assert sorted(ended) == ["reader", "writer"]


async def test_a_closed_stream_never_writes_to_a_strangers_socket() -> None:
    async with open_pair() as pair:
        number = pair.stream.socket.fileno()
        pair.stream.abort()
        stranger, other = stdlib_socket.socketpair()
        with stranger, other:
            assert number in (stranger.fileno(), other.fileno())
            pair.stream.send_nowait(b"meant for somebody else")
            for end in (stranger, other):
                end.setblocking(False)
                with pytest.raises(BlockingIOError):
                    end.recv(100)


async def test_unreceived_bytes_come_first() -> None:
    async with open_pair() as pair:
        pair.stream.unreceive(b"world")
        pair.stream.unreceive(b"hello ")
        await pair.peer.send(b"!")
        assert await pair.stream.receive_some(6) == b"hello "
        assert await pair.stream.receive_some() == b"world"
        assert await pair.stream.receive_some() == b"!"
