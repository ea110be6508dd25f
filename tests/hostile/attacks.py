"""The attacks on a server's patience: more of everything than anyone needs, from one client.

Owns: each attack, at any scale, and what it finds besides harm. Invariant: an attack journals
nothing by itself, so that what `house.unharmed` counts is all that may be there; each raises unless
the server answered as PROTOCOL says. As a program, `python -m tests.hostile.attacks` runs all of
them at the greater scale and writes their part of the report.
Source: ARCHITECTURE 3 (I6, I9), PROTOCOL 2, 3 and 5.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from http import HTTPStatus
from typing import Any

import attrs
import trio

from bench.histogram import Histogram
from saleroom.auction.roles import Role
from saleroom.protocol.close import Close
from tests.hostile.house import House, Scene, running_house, unharmed
from tests.hostile.intruder import Intruder, intruder, said, websocket, websockets
from tests.hostile.report import write_section
from tests.http.wire import PING, PONG, client_frame, get, upgrade

USER_SOCKETS, USER_BURST = 5, 40
"""What one donor may have, and send at once over all of them."""
USER_SHARE = 200  # of the mailbox: a donor's rate never comes there in the 5 s that a command waits
NO_SUCH_LOT = 999
AT_ONCE = 50  # connections of a storm that are under way together
FLOODERS = 10
PINGS_AT_ONCE = 100
LAST = b"last"
QUIET_BIDS = 200  # before an attack: what Ann's latencies are held against

Found = Mapping[str, int]


async def half_heads(scene: Scene, count: int) -> Found:
    """Open connections whose head grows by a byte at a time and never ends (slow loris)."""
    answers: Counter[int] = Counter()
    async with AsyncExitStack() as stack:
        slow = [await stack.enter_async_context(intruder(scene.house)) for _ in range(count)]
        for peer in slow:
            await peer.send(get("/")[:-2] + b"X: ")
        async with trio.open_nursery() as nursery:
            for peer in slow:
                nursery.start_soon(_count_status, peer, answers)
            while answers.total() < count:
                await scene.honest.next_bid()
                for peer in slow:
                    await peer.drip(b"x")
    assert answers == {HTTPStatus.REQUEST_TIMEOUT: count}
    return {"half heads, each ended with 408": count}


async def _count_status(peer: Intruder, answers: Counter[int]) -> None:
    status, _, _ = await peer.response()
    answers[status] += 1


async def connection_storm(scene: Scene, count: int) -> Found:
    """Connect again and again from one address, and leave in every way there is."""
    began, slots = time.perf_counter(), trio.Semaphore(AT_ONCE)

    async def attempt(number: int) -> None:
        async with slots, intruder(scene.house) as peer:
            match number % 6:
                case 0:
                    return
                case 1:
                    peer.reset()
                case 2:
                    await peer.send(upgrade()[:-30])
                case 3:
                    assert (await peer.exchange(upgrade("/ws/v1/events/none")))[0] == 101
                    assert await peer.close_code() == Close.UNKNOWN_EVENT
                case 4:
                    assert (await peer.exchange(upgrade(f"/ws/v1/events/{scene.event}")))[0] == 101
                    peer.reset()
                case _:
                    assert (await peer.exchange(get("/alive", "Connection: close")))[0] == 200

    async with trio.open_nursery() as nursery:
        for number in range(count):
            nursery.start_soon(attempt, number)
    per_minute = int(count / (time.perf_counter() - began) * 60)
    return {"connection attempts": count, "a minute": per_minute}


async def command_flood(scene: Scene, count: int) -> Found:
    """Have one user send commands on all the sockets they may have, as fast as these take them."""
    answers: Counter[str] = Counter()
    each = count // USER_SOCKETS
    async with websockets(scene.house, scene.event, USER_SOCKETS) as peers:
        for peer in peers:
            await peer.hello(scene.token("mallory", Role.DONOR))
        async with trio.open_nursery() as nursery:
            for peer in peers:
                nursery.start_soon(_send_commands, peer, each)
                nursery.start_soon(_count_answers, peer, each, answers)
    assert answers.total() == each * USER_SOCKETS
    assert answers["RATE_LIMITED"] > answers["UNKNOWN_LOT"] >= USER_BURST
    assert set(answers) <= {"RATE_LIMITED", "UNKNOWN_LOT", "OVERLOADED"}
    return {"commands of one user": answers.total(), **dict(sorted(answers.items()))}


async def _send_commands(peer: Intruder, count: int) -> None:
    for number in range(count):
        await peer.say(_hopeless_bid(f"{number}"))


async def _count_answers(peer: Intruder, count: int, answers: Counter[str]) -> None:
    heard: set[str] = set()
    while len(heard) < count:
        for message in await peer.messages():
            if "re" in message:
                assert message["re"] not in heard, "a command was answered twice"
                heard.add(message["re"])
                answers[message["code"]] += 1


def _hopeless_bid(command_id: str) -> dict[str, Any]:
    return {"type": "place_bid", "id": command_id, "lot": NO_SUCH_LOT, "amount": 1_000}


async def many_sockets(scene: Scene, count: int) -> Found:
    """Have one donor send on socket after socket while no commit passes; others still get in."""
    answers: Counter[str] = Counter()
    burst = b"".join([said(_hopeless_bid(f"{number}")) for number in range(USER_BURST)])
    async with (
        websockets(scene.house, scene.event, USER_SOCKETS + count) as peers,
        websocket(scene.house, scene.event) as bob,
    ):
        await bob.hello(scene.token("bob", Role.DONOR))
        with scene.house.frozen_database():
            while not (await scene.house.figures())[("pending_facts", f"{scene.path}/engine")]:
                await trio.lowlevel.checkpoint()
            for peer in peers:
                await peer.hello(scene.token("trudy", Role.DONOR))
                await peer.send(burst)
                answers.update(await peer.answers_until_pong())
            await bob.say(_hopeless_bid("bob"))
            assert await bob.answers_until_pong() == []
        assert set(answers) == {"RATE_LIMITED"}
        assert USER_BURST <= len(peers) * USER_BURST - answers.total() < USER_SHARE
        assert await bob.answer() == "UNKNOWN_LOT"
        for replaced in peers[:count]:
            assert await replaced.close_code() == Close.REPLACED
    return {"commands of one donor beyond their rate, each RATE_LIMITED": answers.total()}


async def ping_flood(scene: Scene, count: int) -> Found:
    """Send Pings and read nothing; what is owed must not pile up, and the last is answered."""
    pongs: list[int] = []
    async with websockets(scene.house, scene.event, FLOODERS, small_buffer=True) as peers:
        for peer in peers:
            await peer.hello()
        async with trio.open_nursery() as nursery:
            for peer in peers:
                nursery.start_soon(_ping_and_then_read, peer, count // FLOODERS, pongs)
    assert FLOODERS <= sum(pongs) < count
    return {"Pings of peers that did not read": count, "Pongs when they did": sum(pongs)}


async def _ping_and_then_read(peer: Intruder, count: int, pongs: list[int]) -> None:
    flood = client_frame(PING, b"x" * 125) * PINGS_AT_ONCE
    for _ in range(count // PINGS_AT_ONCE):
        await peer.send(flood)
    await peer.send(client_frame(PING, LAST))
    heard = 0
    while True:
        opcode, payload = await peer.frame()
        heard += opcode == PONG
        if payload == LAST:
            pongs.append(heard)
            return


@attrs.frozen
class Attack:
    """An attack at the scale of a test, and at that of the report."""

    run: Callable[[Scene, int], Awaitable[Found]]
    small: int
    large: int


ATTACKS: Mapping[str, Attack] = {
    "half heads": Attack(half_heads, 300, 2_000),
    "connection storm": Attack(connection_storm, 600, 10_000),
    "command flood": Attack(command_flood, 5_000, 50_000),
    "many sockets": Attack(many_sockets, 1, 3),
    "Ping flood": Attack(ping_flood, 40_000, 200_000),
}


async def _attack(house: House, name: str, attack: Attack) -> list[str]:
    """Run one at the greater scale, and say what it did and how Ann fared."""
    print(f"{name} ...", file=sys.stderr, flush=True)
    async with unharmed(house) as scene:
        memory = house.resident_bytes()
        while len(scene.honest.seconds) < QUIET_BIDS:
            await scene.honest.next_bid()
        quiet = list(scene.honest.seconds)
        found = await attack.run(scene, attack.large)
        grown = house.resident_bytes() - memory
        attacked = scene.honest.seconds[len(quiet) :]
    told = "; ".join(f"{count:,} {what}" for what, count in found.items())
    return [f"| {name} | {told} | {_shown(quiet)} | {_shown(attacked)} | {grown / 2**20:+.1f} |"]


def _shown(seconds: list[float]) -> str:
    latencies = Histogram()
    for each in seconds:
        latencies.record(each)
    return f"{latencies.quantile_ms(0.5):.1f} / {latencies.quantile_ms(0.99):.1f}"


async def _attack_all() -> list[str]:
    lines = [
        "Ann's client shares one process and one loop with the attacker, whose own work is in the",
        "latencies during an attack: they bound the server's from above.",
        "",
        "| attack | what was sent | bid to answer before, p50 / p99 ms | during | memory, MiB |",
        "|---|---|---|---|---|",
    ]
    with running_house() as house:
        for name, attack in ATTACKS.items():
            lines += await _attack(house, name, attack)
    return lines


if __name__ == "__main__":
    write_section("attacks", trio.run(_attack_all))
