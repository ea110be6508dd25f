"""A sale followed to the hammer by two clients that share nothing but the protocol."""

from __future__ import annotations

import json
import subprocess

import trio

from saleroom.auction.roles import Role
from saleroom.client import Message, open_client
from tests.e2e.progress import Progress
from tests.e2e.server import ROOT, running_server

LOTS = [{"lot": 1, "title": "Painting", "mode": "live", "opening": 10_000}]


async def test_python_and_javascript_clients_follow_a_sale_to_the_hammer() -> None:
    async with running_server() as (server, _):
        event = await server.create_event(LOTS, ["ann", "node"])
        heard: list[Message] = []
        progress = Progress()

        def hear(message: Message) -> None:
            heard.append(message)
            progress.made()

        async with (
            open_client(server.event_url(event), server.token("ann", Role.DONOR)) as ann,
            open_client(
                server.event_url(event),
                server.token("gus", Role.AUCTIONEER),
                feed="full",
                on_message=hear,
            ) as gus,
        ):
            ann.on_message = hear
            script = await trio.lowlevel.open_process(
                [
                    "node",
                    str(ROOT / "tests" / "node" / "follow.mjs"),
                    server.event_url(event),
                    server.token("node", Role.DONOR),
                    "1",
                    "11000",
                ],
                stdout=subprocess.PIPE,
            )
            assert script.stdout is not None
            printed = await _line(script)
            assert json.loads(printed)["ready"]
            assert (await gus.ask("open_event"))["type"] == "ack"
            assert (await gus.ask("open_lot", lot=1))["type"] == "ack"
            await progress.until(lambda: bool(_types(heard, "bid_placed")))
            assert (await ann.ask("place_bid", lot=1, amount=12_000))["leading"] is True
            assert (await gus.ask("sell_lot", lot=1, expect_amount=12_000))["type"] == "ack"
            with trio.fail_after(10):
                story = json.loads(await _line(script))
                assert await script.wait() == 0
            assert story["sold"]["paddle"] == ann.welcome["you"]["paddle"]  # type: ignore[index]
            assert story["sold"]["amount"] == 12_000
            assert story["ack"]["leading"] is True
            assert story["won"] is None
            assert story["protocol"] == "saleroom.v1"
            assert story["facts"] == [
                "event_opened",
                "lot_opened",
                "bid_placed",
                "bid_placed",
                "item_sold",
            ]
            await progress.until(lambda: any(message["type"] == "won" for message in heard))


def _types(messages: list[Message], kind: str) -> list[Message]:
    return [
        fact
        for message in messages
        if message["type"] == "feed"
        for fact in message["events"]
        if fact["type"] == kind
    ]


async def _line(process: trio.Process) -> bytes:
    assert process.stdout is not None
    line = b""
    with trio.fail_after(20):
        while not line.endswith(b"\n"):
            line += await process.stdout.receive_some(1)
    return line
