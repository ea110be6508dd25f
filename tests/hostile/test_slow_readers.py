"""Readers that stop: first conflated, then cut with 4201, and nobody waits (PROTOCOL 4 and 5)."""

from __future__ import annotations

import json

from saleroom.auction.roles import Role
from saleroom.client import Message, open_client
from saleroom.protocol.close import Close
from tests.hostile.house import House, Scene, unharmed
from tests.hostile.intruder import Intruder, websockets
from tests.http.wire import CLOSE

PATIENT, DEAF = 3, 3
ANNOUNCEMENTS = 300  # of 2 KB: more than the kernel holds for a reader, less than its outbox bound
BIDS_MISSED = 10
TEXT = "\N{BELL}" * 500


async def test_who_stops_reading_is_conflated_and_then_cut(house: House) -> None:
    async with (
        unharmed(house) as scene,
        websockets(house, scene.event, PATIENT + DEAF, small_buffer=True) as peers,
    ):
        welcomes = [await peer.hello() for peer in peers]
        await _announce(scene)
        await _until(scene, "behind", PATIENT + DEAF)
        for _ in range(BIDS_MISSED):
            await scene.honest.next_bid()
        last = scene.honest.client.seq
        for peer, welcome in zip(peers[:PATIENT], welcomes, strict=False):
            facts = await _read_to(peer, welcome["seq"], last)
            assert sum(fact["type"] == "announcement" for fact in facts) == ANNOUNCEMENTS
            bids = [fact["bids"] for fact in facts if fact["type"] == "bid_placed"]
            assert len(facts) - len(bids) + sum(bids) == facts[-1]["seq"] - welcome["seq"]
            assert max(bids) >= BIDS_MISSED
        await _until(scene, "slow_cut_total", DEAF)
        for peer in peers[PATIENT:]:
            assert await _close_code(peer) == Close.SLOW


async def _announce(scene: Scene) -> None:
    """Fill the feed, as an auctioneer."""
    url, token = scene.house.api.event_url(scene.event), scene.token("gus", Role.AUCTIONEER)
    async with open_client(url, token) as gus:
        for number in range(ANNOUNCEMENTS):
            scene.lawful.add(f"announced-{number}")
            answer = await gus.ask("announce", id=f"announced-{number}", text=TEXT)
            assert answer["type"] == "ack", answer


async def _until(scene: Scene, figure: str, count: int) -> None:
    """Wait until so many of the event's readers are counted so."""
    while (await scene.house.figures())[(figure, f"{scene.path}/audience")] < count:
        await scene.honest.next_bid()


async def _read_to(peer: Intruder, seq: int, last: int) -> list[Message]:
    """Read the feed from one seq to another at least; nothing is missing."""
    facts: list[Message] = []
    while seq < last:
        for message in await peer.messages():
            if message["type"] == "feed":
                assert message["from"] == seq + 1
                seq = message["to"]
                facts += message["events"]
    return facts


async def _close_code(peer: Intruder) -> int:
    while True:
        opcode, payload = await peer.frame()
        if opcode == CLOSE:
            return int.from_bytes(payload[:2], "big")
        assert json.loads(payload)
