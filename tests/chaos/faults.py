"""What can befall a deployment.

Owns: each fault, what must hold under it, and its end. Invariant: when a fault has ended, whatever
was struck runs again or is about to by itself. Must not know: who bids meanwhile.
Source: ARCHITECTURE 3 (I3, I4, I7), PROTOCOL 5.
"""

from __future__ import annotations

import errno
import math
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import attrs
import httpx
import psutil  # type: ignore[import-untyped]
import trio

from saleroom.actors.registry import EVENTS_PATH
from saleroom.auction.roles import Role
from saleroom.storage.bridge import open_bridge
from tests.chaos.house import House, Kind, find_node
from tests.chaos.poisoned import CRASHED
from tests.chaos.processes import READY_POLL_S, Server, is_ready, postmaster, signal_postgres
from tests.servers import redis_emptied

FROZEN_S = 5.0
REDIS_AWAY_S = 3.0
FULL_S, NO_SPACE = 8.0, b"No space left on device"
CRASH_LIMIT_S = 20.0
BALLAST_BYTES, PAGE_BYTES = 1024 * 1024, 4096
CHECK_S = 0.05
RESTART_LIMIT_S = 60.0
FENCED = "another server runs this event"
FENCED_LIMIT_S, DUEL_LOOKS = 30.0, 50


@attrs.frozen
class Fault:
    """inflict: does it, and gives the moment of its end (time.monotonic).

    goal_s: within which the first bid is accepted after that; None where nothing is promised.
    keeps_sockets: no connection may end. since: what the end of the fault is.
    """

    name: str
    house: Kind
    inflict: Callable[[House], Awaitable[float]]
    since: str
    goal_s: float | None = None
    keeps_sockets: bool = True


async def _kill_server(house: House) -> float:
    await house.server.kill()
    killed = time.monotonic()
    await house.server.start(house.nursery)
    return killed


async def _crash_actor(house: House) -> float:
    return float(await house.server.ask(signal.SIGUSR1, CRASHED, CRASH_LIMIT_S))


async def _kill_embedded_postgres(house: House) -> float:
    """Kill the server's own PostgreSQL, which it starts again by itself."""
    killed = postmaster(house.database)
    signal_postgres(house.database, signal.SIGKILL)
    with trio.fail_after(RESTART_LIMIT_S):
        while True:
            if is_ready(house.database, other_than=killed):
                return time.monotonic()
            await trio.sleep(READY_POLL_S)


async def _kill_postgres(house: House) -> float:
    assert house.postgres is not None
    await house.postgres.kill()
    await house.postgres.start()
    return time.monotonic()


def _postgres_away(seconds: float) -> Callable[[House], Awaitable[float]]:
    async def stop_and_start(house: House) -> float:
        assert house.postgres is not None
        await house.postgres.stop()
        await trio.sleep(seconds)
        await house.postgres.start()
        return time.monotonic()

    return stop_and_start


async def _freeze(send: Callable[[signal.Signals], None]) -> float:
    send(signal.SIGSTOP)
    try:
        await trio.sleep(FROZEN_S)
    finally:
        send(signal.SIGCONT)
    return time.monotonic()


async def _freeze_server(house: House) -> float:
    return await _freeze(house.server.send)


async def _freeze_postgres(house: House) -> float:
    return await _freeze(partial(signal_postgres, house.database))


async def _kill_redis(house: House) -> float:
    assert house.redis is not None
    await house.redis.stop(signal.SIGKILL)
    await trio.sleep(REDIS_AWAY_S)
    await house.redis.start()
    return time.monotonic()


async def _freeze_redis(house: House) -> float:
    assert house.redis is not None
    return await _freeze(house.redis.send)


async def _flush_redis(house: House) -> float:
    assert house.redis is not None
    async with open_bridge() as bridge:
        await bridge.run(redis_emptied, house.redis.url)
    return time.monotonic()


async def _fill_disk(house: House) -> float:
    """Leave not a byte on PostgreSQL's disk for a while; start it again if that ended it.

    Files that are there already have room for some bids more, so it lasts from when it is felt.
    """
    assert house.postgres is not None
    ballast, said = house.database / "ballast", house.server.log_file.stat().st_size
    until = math.inf
    try:
        with ballast.open("wb", buffering=0) as file:
            while time.monotonic() < until:
                if not _grow(file.fileno()):
                    await trio.sleep(CHECK_S)
                    if until == math.inf and NO_SPACE in house.server.log_file.read_bytes()[said:]:
                        until = time.monotonic() + FULL_S
    finally:
        ballast.unlink()
    if not _runs(house):
        await house.postgres.bury()
        await house.postgres.start()
    return time.monotonic()


async def _second_server(house: House) -> float:
    """Have a frozen owner wake up when another server owns its event, and learn so; then end it.

    Its donors have bids on the way to it all the while.
    """
    old = house.server
    old.send(signal.SIGSTOP)
    started = time.monotonic()
    try:
        await house.add_server()
    finally:
        old.send(signal.SIGCONT)
    with trio.fail_after(FENCED_LIMIT_S):
        while True:
            if await _is_fenced(old, house.event):
                break
            await trio.sleep(CHECK_S)
    for _ in range(DUEL_LOOKS):
        assert await _is_fenced(old, house.event), "two servers ran the event in turn"
    await old.kill()
    return started


async def _is_fenced(server: Server, event: str) -> bool:
    headers = {"Authorization": f"Bearer {server.token('otto', Role.OPERATOR)}"}
    async with httpx.AsyncClient(timeout=FENCED_LIMIT_S) as http:
        tree = await http.get(f"{server.url}/api/v1/operator/tree", headers=headers)
    engine = find_node(tree.json(), f"{EVENTS_PATH}/event:{event}/engine")
    return engine is not None and engine.get("last_error") == FENCED


def _grow(file: int) -> bool:
    """Write what still fits; False when nothing does."""
    for size in (BALLAST_BYTES, PAGE_BYTES):
        try:
            os.write(file, bytes(size))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
        else:
            return True
    return False


def _runs(house: House) -> bool:
    try:
        return bool(psutil.pid_exists(postmaster(house.database)))
    except FileNotFoundError:
        return False


AWAY_S = 60.0
KILLED_GOAL_S, CRASHED_GOAL_S, BACK_GOAL_S = 2.0, 0.1, 2.0
KILLED, BACK, WOKEN = "the kill", "it takes connections again", "it runs on"

FAULTS: Mapping[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault("server killed", Kind.EXTERNAL, _kill_server, KILLED, KILLED_GOAL_S, False),
        Fault("server killed, embedded", Kind.EMBEDDED, _kill_server, KILLED, KILLED_GOAL_S, False),
        Fault("server frozen", Kind.EXTERNAL, _freeze_server, WOKEN),
        Fault("actor crashed", Kind.POISONED, _crash_actor, "the crash", CRASHED_GOAL_S),
        Fault("postgres killed", Kind.EXTERNAL, _kill_postgres, BACK, BACK_GOAL_S),
        Fault(
            "postgres killed, embedded", Kind.EMBEDDED, _kill_embedded_postgres, BACK, BACK_GOAL_S
        ),
        Fault("postgres frozen", Kind.EXTERNAL, _freeze_postgres, WOKEN),
        Fault("postgres frozen, embedded", Kind.EMBEDDED, _freeze_postgres, WOKEN),
        Fault("postgres away", Kind.EXTERNAL, _postgres_away(AWAY_S), BACK, BACK_GOAL_S),
        Fault("disk full", Kind.SMALL_DISK, _fill_disk, "there is room again"),
        Fault("redis killed", Kind.EXTERNAL, _kill_redis, BACK),
        Fault("redis frozen", Kind.EXTERNAL, _freeze_redis, WOKEN),
        Fault("redis flushed", Kind.EXTERNAL, _flush_redis, "the flush"),
        Fault("two servers", Kind.EXTERNAL, _second_server, "the second one's start", None, False),
    )
}
"""Everything that a run may do, by name."""
