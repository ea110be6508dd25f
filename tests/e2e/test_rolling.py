"""A rolling restart: everyone is sent away, comes back, and has missed nothing.

Source: PROTOCOL 2 and 5; ARCHITECTURE 3 (I4).
"""

from __future__ import annotations

import trio

from saleroom.auction.roles import Role
from saleroom.client import Client, Message
from tests.e2e.progress import Progress
from tests.e2e.server import running_server

DONORS = 60
LOTS = [{"lot": 1, "title": "Painting", "mode": "silent", "opening": 1_000}]


class Screen:
    """One donor's connection over the restart: how it was welcomed, and every seq it was shown."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.welcomes: list[Message] = []
        self.seqs: list[int] = []

    def hear(self, message: Message) -> None:
        if message["type"] == "welcome":
            self.welcomes.append(message)
        elif message["type"] == "feed":
            self.seqs += range(message["from"], message["to"] + 1)
        self.progress.made()


async def test_a_rolling_restart_loses_nothing_and_everyone_resumes() -> None:
    progress = Progress()
    screens = [Screen(progress) for _ in range(DONORS)]
    async with running_server() as (server, nursery):
        users = [f"user{n}" for n in range(DONORS)]
        event = await server.create_event(LOTS, users)
        await server.post(
            f"/events/{event}/commands", {"type": "open_event"}, "gus", Role.AUCTIONEER
        )
        url = server.event_url(event)
        async with trio.open_nursery() as crowd:
            clients = []
            for user, screen in zip(users, screens, strict=True):
                client = Client(url, server.token(user, Role.DONOR), on_message=screen.hear)
                clients.append(client)
                crowd.start_soon(client.run)
            await progress.until(lambda: all(screen.welcomes for screen in screens))
            acked = [await clients[0].ask("place_bid", lot=1, amount=1_000)]
            assert await server.stop() == 0
            await server.start(nursery)
            await progress.until(lambda: all(len(screen.welcomes) > 1 for screen in screens))
            amount = acked[0]["min_next"]
            acked.append(await clients[1].ask("place_bid", lot=1, amount=amount))
            last = acked[-1]["seq"]
            await progress.until(lambda: all(last in screen.seqs for screen in screens))
            crowd.cancel_scope.cancel()
        kept = await server.journal(event)
    placed = [fact["seq"] for fact in kept if fact["type"] == "bid_placed"]
    assert placed == [answer["seq"] for answer in acked]
    for screen in screens:
        assert all(welcome["recovered"] for welcome in screen.welcomes[1:])
        first = screen.welcomes[0]["seq"] + 1
        assert screen.seqs == list(range(first, last + 1))
