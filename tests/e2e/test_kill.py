"""A server killed under load keeps every bid that it acknowledged, once."""

from __future__ import annotations

from functools import partial

import trio

from saleroom.auction.roles import Role
from saleroom.client import Client, Message, NoAnswer, open_client
from tests.e2e.progress import Progress
from tests.e2e.server import ServerProcess, running_server

DONORS = 8
KILLS = 2
BIDS_BEFORE_A_KILL = 150


class Bidder:
    """A donor who bids without pause on a lot of their own, and remembers every ack."""

    def __init__(self, lot: int, progress: Progress) -> None:
        self.lot = lot
        self.progress = progress
        self.acked: dict[str, Message] = {}
        self.feed: list[int] = []

    def hear(self, message: Message) -> None:
        """Note the seqs of the feed; a client raises its own alarm at a gap."""
        if message["type"] == "feed":
            self.feed += range(message["from"], message["to"] + 1)

    async def bid_forever(self, client: Client) -> None:
        """Raise the lot by whatever is asked."""
        amount = 1_000
        while True:
            command_id = f"lot{self.lot}-{len(self.acked)}"
            try:
                answer = await client.ask("place_bid", id=command_id, lot=self.lot, amount=amount)
            except NoAnswer:
                continue  # the same bid again, while the server starts on a busy machine
            if answer["type"] == "nack":
                assert answer["code"] in ("RATE_LIMITED", "OVERLOADED"), answer
                await trio.sleep(answer["retry_after_ms"] / 1000)
                continue
            self.acked[command_id] = answer
            self.progress.made()
            amount = answer["min_next"]


async def test_sigkill_loses_and_repeats_no_acknowledged_bid() -> None:
    progress = Progress()
    bidders = [Bidder(lot, progress) for lot in range(1, DONORS + 1)]

    def has_acked(enough: int) -> bool:
        return sum(len(bidder.acked) for bidder in bidders) >= enough

    async with running_server() as (server, nursery):
        lots = [
            {"lot": b.lot, "title": f"Lot {b.lot}", "mode": "silent", "opening": 1_000}
            for b in bidders
        ]
        event = await server.create_event(lots, [f"user{b.lot}" for b in bidders])
        await server.post(
            f"/events/{event}/commands",
            {"type": "open_event"},
            "gus",
            Role.AUCTIONEER,
        )
        async with trio.open_nursery() as load:
            for bidder in bidders:
                load.start_soon(_hold, server, event, bidder)
            for kill in range(1, KILLS + 1):
                await progress.until(partial(has_acked, kill * BIDS_BEFORE_A_KILL))
                await server.kill()
                await server.start(nursery)
            before = {bidder: len(bidder.acked) for bidder in bidders}
            await progress.until(lambda: all(len(b.acked) > before[b] for b in bidders))
            load.cancel_scope.cancel()
        facts = await server.journal(event)
    placed = [fact for fact in facts if fact["type"] == "bid_placed"]
    by_command = {fact["command"]: fact for fact in placed}
    assert len(by_command) == len(placed), "a command acted twice"
    for bidder in bidders:
        assert len(bidder.acked) > 10
        for command_id, answer in bidder.acked.items():
            assert by_command[command_id]["seq"] == answer["seq"]
            assert by_command[command_id]["hash"] == answer["hash"]
        assert bidder.feed == list(range(bidder.feed[0], bidder.feed[-1] + 1))
    seqs = [fact["seq"] for fact in facts if fact["seq"] is not None]
    assert seqs == list(range(1, len(seqs) + 1))


async def _hold(server: ServerProcess, event: str, bidder: Bidder) -> None:
    token = server.token(f"user{bidder.lot}", Role.DONOR)
    url = server.event_url(event)
    async with open_client(url, token, on_message=bidder.hear) as client:
        await bidder.bid_forever(client)
