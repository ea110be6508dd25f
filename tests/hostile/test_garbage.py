"""A connection leaves nothing that only a full collection finds: those are rare (I11)."""

from __future__ import annotations

import gc
from collections import Counter

import pytest
import trio

from tests.http.ways import WAYS
from tests.http.wire import Running, open_door

CONNECTIONS = 10
MODULES = ("saleroom.", "wsproto.", "h11.", "hypercorn.")


@pytest.mark.parametrize("way", WAYS)
async def test_a_connection_leaves_no_cycles(way: str) -> None:
    async with open_door() as running:
        await connect(running, WAYS[way])
        gc.collect()
        before = objects_of_connections()
        gc.disable()
        try:
            for _ in range(CONNECTIONS):
                await connect(running, WAYS[way])
            assert objects_of_connections() - before == Counter()
            assert gc.collect() < CONNECTIONS
        finally:
            gc.enable()


def objects_of_connections() -> Counter[str]:
    """Count what a connection is made of: a cycle is not always told by what was collected."""
    kinds = [type(each) for each in gc.get_objects()]
    return Counter(kind.__qualname__ for kind in kinds if str(kind.__module__).startswith(MODULES))


async def connect(running: Running, sent: bytes) -> None:
    """Send this, read what comes with an end to our side, and wait until the door has let go."""
    accepted = running.door.statistics().accepted
    peer = await running.connect()
    await peer.send(sent)
    await peer.stream.send_eof()
    while await peer.stream.receive_some():
        pass
    await peer.stream.aclose()
    running.peers.clear()
    while running.door.statistics().accepted == accepted:
        await trio.testing.wait_all_tasks_blocked()
    await running.all_gone()
    await trio.testing.wait_all_tasks_blocked()
