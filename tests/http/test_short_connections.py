"""Short connections leave nothing: a rolling set of 20 000, in every way they come and go."""

from __future__ import annotations

import gc
import socket as stdlib_socket
import struct
import sys

import trio

from saleroom.memory import resident_bytes
from tests.http.ways import WAYS
from tests.http.wire import Running, open_door

CONNECTIONS, FIRST, AT_ONCE = 20_000, 1_000, 40
PATIENCE_S = 120.0  # ten seconds' work, on a machine that does other things
BLOCKS_MAX = 1_000  # one for twenty connections; what is kept of one is some hundred
GROWTH_MAX = 8 * 2**20  # 400 bytes for each connection
RECEIVE_BYTES = 4 * 1024
RESET = struct.pack("ii", 1, 0)
SENT = tuple(WAYS.values())  # every other client leaves without a word


async def test_short_connections_leave_no_growth() -> None:
    async with open_door(guard_s=PATIENCE_S) as running:
        await roll(running, FIRST)
        blocks, memory = settled()
        await roll(running, CONNECTIONS)
        more_blocks, more_memory = settled()
        assert running.door.statistics().accepted == FIRST + CONNECTIONS
    assert more_blocks - blocks <= BLOCKS_MAX
    if memory is not None and more_memory is not None:
        assert more_memory - memory <= GROWTH_MAX


async def roll(running: Running, count: int) -> None:
    """Have so many come and go, so many at once, and wait until the door has let go of all."""
    slots = trio.CapacityLimiter(AT_ONCE)
    async with trio.open_nursery() as nursery:
        for number in range(count):
            await slots.acquire_on_behalf_of(number)
            nursery.start_soon(come_and_go, running.port, number, slots)
    await running.all_gone()


async def come_and_go(port: int, number: int, slots: trio.CapacityLimiter) -> None:
    try:
        with trio.socket.socket() as peer:
            await peer.connect(("127.0.0.1", port))
            await peer.send(SENT[number % len(SENT)])
            if number // len(SENT) % 2:
                peer.setsockopt(stdlib_socket.SOL_SOCKET, stdlib_socket.SO_LINGER, RESET)
                return
            peer.shutdown(stdlib_socket.SHUT_WR)
            while await peer.recv(RECEIVE_BYTES):
                pass
    finally:
        slots.release_on_behalf_of(number)


def settled() -> tuple[int, int | None]:
    """Count the living blocks of Python's allocator, and give the memory, without garbage."""
    gc.collect()
    return sys.getallocatedblocks(), resident_bytes()
