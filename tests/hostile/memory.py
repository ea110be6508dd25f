"""Whether memory comes back after hostile sockets: `python -m tests.hostile.memory --minutes 10`.

Owns: the loads, one after the other, and what the server took before, during and after each.
Invariant: every load leaves no socket behind; each departure is read at the same moment, when the
server has next given memory back by itself; what a load commits is counted, for facts are kept. The
first round, at a small scale, is not judged: it brings in what all later ones use again.
Source: I6, I9.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import cycle

import attrs
import trio

from saleroom.auction.roles import Role
from saleroom.client import open_client
from tests.hostile.attacks import (
    Found,
    command_flood,
    connection_storm,
    half_heads,
    ping_flood,
)
from tests.hostile.fuzz import Fuzz
from tests.hostile.house import Honest, House, Scene, assert_sound, calm, running_house
from tests.hostile.intruder import websockets
from tests.hostile.memory_report import Departure, Evening, Sample, plot, report_lines
from tests.hostile.report import REPORT, write_section

SAMPLE_S = 0.5
PING_PAUSE_S = 0.1
BIG_LOTS, BIG_TITLE = 300, "\N{BELL}" * 500  # a snapshot of 680 KB: more than a kernel holds for us
ANNOUNCEMENTS, ANNOUNCEMENT = 300, "\N{BELL}" * 500  # 2 KB each: less than a slow reader's bound
DEAF_S = 13.0  # above the two bounds of 5 s after which who reads nothing is cut
LOOKS_MAX = 180  # one each sample: three times as long as the server may wait
ROOM = "saleroom/observers/loop"
PICTURE = REPORT.with_name("hostile-memory.svg")


@attrs.define
class Onlooker(Honest):
    """Ann, who only asks for the time: that is answered, and journals nothing."""

    async def bid(self) -> None:
        began = time.perf_counter()
        answer = await self.client.ask("ping", t0=0)
        assert answer["type"] == "pong", answer
        self.served(time.perf_counter() - began)
        await trio.sleep(PING_PAUSE_S)


@attrs.define
class Stage:
    """The scene, and an event whose snapshot is big. announced: facts committed by loads."""

    scene: Scene
    big: str
    announced: int = 0


async def malformed(stage: Stage, count: int) -> Found:
    """Send messages, frames and heads of every malformed shape."""
    fuzz = Fuzz(stage.scene, secrets.token_hex(4), count)
    await fuzz.run()
    return {"malformed messages, frames and heads": fuzz.sent.total()}


async def big_snapshots(stage: Stage, count: int) -> Found:
    """Ask for big snapshots and read none."""
    async with websockets(stage.scene.house, stage.big, count, small_buffer=True) as peers:
        for peer in peers:
            await peer.say({"type": "hello"})
        await trio.sleep(DEAF_S)
    return {"snapshots of 680 KB that nobody read": count}


async def slow_readers(stage: Stage, count: int) -> Found:
    """Join, read the welcome, and then nothing of all that is announced."""
    scene, key = stage.scene, ("slow_cut_total", f"{stage.scene.path}/audience")
    cut = (await scene.house.figures())[key]
    url, token = scene.house.api.event_url(scene.event), scene.token("gus", Role.AUCTIONEER)
    async with websockets(scene.house, scene.event, count, small_buffer=True) as peers:
        for peer in peers:
            await peer.hello()
        async with open_client(url, token) as gus:
            for _ in range(ANNOUNCEMENTS):
                answer = await gus.ask("announce", text=ANNOUNCEMENT)
                assert answer["type"] == "ack", answer
                stage.announced += 1
        await trio.sleep(DEAF_S)
    return {
        f"readers deaf to {ANNOUNCEMENTS} announcements of 2 KB": count,
        "cut with 4201": int((await scene.house.figures())[key] - cut),
    }


def _on_scene(attack: Callable[[Scene, int], Awaitable[Found]]) -> Load:
    return lambda stage, count: attack(stage.scene, count)


Load = Callable[[Stage, int], Awaitable[Found]]
LOADS: Mapping[str, tuple[Load, int, int]] = {
    "slow readers": (slow_readers, 30, 300),
    "connection storm": (_on_scene(connection_storm), 600, 5_000),
    "half heads": (_on_scene(half_heads), 200, 2_000),
    "command flood": (_on_scene(command_flood), 5_000, 20_000),
    "malformed frames": (malformed, 2_000, 20_000),
    "big snapshots": (big_snapshots, 20, 200),
    "Ping flood": (_on_scene(ping_flood), 20_000, 100_000),
}
"""{name: (load, how much at first, how much when it counts)}"""


@attrs.define
class Measure:
    """One measure under way."""

    house: House
    minutes: float
    began: float = attrs.field(factory=trio.current_time)
    samples: list[Sample] = attrs.field(factory=list)
    departures: list[Departure] = attrs.field(factory=list)

    async def run(self) -> Evening:
        """Take the measure."""
        fresh = self.house.resident_bytes()
        async with _stage(self.house) as stage, trio.open_nursery() as nursery:
            nursery.start_soon(self._sample_forever)
            for name, (load, count, _) in LOADS.items():
                _tell(f"{name}, a little ...")
                await load(stage, count)
            await calm(stage.scene)
            before = await self._given_back()
            self.samples.clear()
            self.began, stage.announced = trio.current_time(), 0
            for name in cycle(LOADS):
                await self._suffer(stage, name)
                if self._now() >= self.minutes * 60:
                    break
            answers = list(stage.scene.honest.seconds)
            nursery.cancel_scope.cancel()
        await assert_sound(self.house)
        return Evening(self.minutes, fresh, before, self.samples, self.departures, answers)

    async def _suffer(self, stage: Stage, name: str) -> None:
        """Bear one load, and wait until all have left and memory was given back."""
        load, _, count = LOADS[name]
        _tell(f"{self._now():.0f} s: {name} ...")
        first, began = len(self.samples), self._now()
        found = await load(stage, count)
        await calm(stage.scene)
        left, left_at = self.house.resident_bytes(), self._now()
        after = await self._given_back()
        most = max([left, *(sample.rss_bytes for sample in self.samples[first:])])
        told = "; ".join(f"{number:,} {what}" for what, number in found.items())
        self.departures.append(
            Departure(name, told, began, left_at, self._now(), most, left, after, stage.announced)
        )
        _tell(f"most {most / 2**20:.1f}, left {left / 2**20:.1f}, after {after / 2**20:.1f} MiB")

    async def _given_back(self) -> int:
        """Wait until the server next gives memory back; give what it then takes."""
        key = ("give_backs_total", ROOM)
        given = (await self.house.figures())[key]
        for _ in range(LOOKS_MAX):
            await trio.sleep(SAMPLE_S)
            if (await self.house.figures())[key] > given:
                return self.house.resident_bytes()
        raise AssertionError("the server gives nothing back")

    async def _sample_forever(self) -> None:
        while True:
            self.samples.append(Sample(self._now(), self.house.resident_bytes()))
            await trio.sleep(SAMPLE_S)

    def _now(self) -> float:
        return trio.current_time() - self.began


@asynccontextmanager
async def _stage(house: House) -> AsyncIterator[Stage]:
    """Open the events, and have Ann look on for the length of the block."""
    event = await house.api.create_event(
        [{"lot": 1, "title": "A lot", "mode": "silent", "opening": 100}], ["ann", "mallory"]
    )
    lot = {"title": BIG_TITLE, "mode": "silent", "opening": 100}
    big = await house.api.create_event([{**lot, "lot": n + 1} for n in range(BIG_LOTS)], [])
    opening = {"type": "open_event"}
    await house.api.post(f"/events/{event}/commands", opening, "gus", Role.AUCTIONEER)
    url, token = house.api.event_url(event), house.api.token("ann", Role.DONOR)
    async with open_client(url, token) as client, trio.open_nursery() as nursery:
        scene = Scene(house, event, Onlooker(client))
        nursery.start_soon(scene.honest.bid_until_done)
        await scene.honest.next_bid()
        yield Stage(scene, big)
        scene.honest.is_done = True
    assert client.connections == 1, "the honest one was cut off"


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


async def _measure(minutes: float) -> Evening:
    with running_house() as house:
        return await Measure(house, minutes).run()


def main(argv: Sequence[str] | None = None) -> int:
    """Measure whether memory comes back; give the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.hostile.memory", description=main.__doc__
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="how long at least (10)")
    evening = trio.run(_measure, parser.parse_args(argv).minutes)
    write_section("memory", list(report_lines(evening, PICTURE.name)))
    PICTURE.write_text(plot(evening), encoding="utf-8")
    return 1 if evening.verdict() else 0


if __name__ == "__main__":
    sys.exit(main())
