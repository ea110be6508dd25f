"""What a hostile or broken client sends ends its own connection, and nothing else (PROTOCOL 5)."""

from __future__ import annotations

import json
from typing import Any

import trio
from trio_websocket import WebSocketConnection

from saleroom.auction.roles import Role
from tests.e2e.server import ServerProcess, end_of, running_server

SILENT = {"lot": 1, "title": "A quilt", "mode": "silent", "opening": 10_000}
ANSWER_S = 20.0


async def test_bad_input_harms_only_the_one_who_sent_it() -> None:
    async with running_server() as (server, _):
        event = await server.create_event([SILENT], ["ann"])
        opening = {"type": "open_event"}
        await server.post(f"/events/{event}/commands", opening, "gus", Role.AUCTIONEER)
        token = server.token("ann", Role.DONOR)
        before = await server.facts(event)
        async with server.websocket(event, token) as bystander:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_is_never_greeted, server, event)
                await _closes(server, event, token)
                await _refusals(server, event, token)
            assert await server.facts(event) == before
            bid = {"type": "place_bid", "id": "1", "lot": 1, "amount": 10_000}
            answer = await _ask(bystander, bid)
            assert answer["type"] == "ack"
        assert await server.facts(event) == before + 1
        assert b"Traceback" not in server.log


async def _closes(server: ServerProcess, event: str, token: str) -> None:
    """Break the protocol in each way that ends the connection."""
    async with server.websocket("nowhere", greets=False) as socket:
        assert await end_of(socket) == 4003
    async with server.websocket(event, greets=False) as socket:
        await socket.send_message(json.dumps({"type": "hello", "token": "nonsense"}))
        assert await end_of(socket) == 4001
    async with server.websocket(event, greets=False) as socket:
        await socket.send_message(b"\x00\x01")
        assert await end_of(socket) == 1003
    async with server.websocket(event, token) as socket:
        await socket.send_message(b"\x00\x01")
        assert await end_of(socket) == 1003
    async with server.websocket(event, token) as socket:
        await socket.send_message("x" * 16_385)
        assert await end_of(socket) == 1009
    async with server.websocket(event, token) as socket:
        for _ in range(10):
            await socket.send_message("{")
        assert await end_of(socket) == 4005


async def _refusals(server: ServerProcess, event: str, token: str) -> None:
    """Ask for what is declined, while the connection goes on."""
    bid = {"type": "place_bid", "id": "1", "lot": 1, "amount": 10_000}
    async with server.websocket(event, greets=False) as socket:
        assert (await _ask(socket, bid))["code"] == "UNAUTHENTICATED"
        assert (await _ask(socket, bid))["code"] == "UNAUTHENTICATED"
    async with server.websocket(event) as socket:
        assert (await _ask(socket, bid))["code"] == "UNAUTHENTICATED"
    refused: list[tuple[dict[str, Any], str]] = [
        ({"amount": 9_999}, "BID_TOO_LOW"),
        ({"amount": 10_000.5}, "MALFORMED"),
        ({"amount": True}, "MALFORMED"),
        ({"amount": "10000"}, "MALFORMED"),
        ({"amount": -5}, "INVALID_AMOUNT"),
        ({"amount": 10**13}, "INVALID_AMOUNT"),
        ({"colour": "red"}, "MALFORMED"),
        ({"lot": 9}, "UNKNOWN_LOT"),
        ({"type": "open_lot"}, "MALFORMED"),
        ({"type": "dance"}, "MALFORMED"),
    ]
    async with server.websocket(event, token) as socket:
        for fields, code in refused:
            assert (await _ask(socket, bid | fields))["code"] == code, fields
        opening = {"type": "open_lot", "id": "2", "lot": 1}
        assert (await _ask(socket, opening))["code"] == "FORBIDDEN"
        assert (await _ask(socket, {"type": "ping", "t0": 5}))["type"] == "pong"


async def _is_never_greeted(server: ServerProcess, event: str) -> None:
    async with server.websocket(event, greets=False) as socket:
        assert await end_of(socket) == 4000


async def _ask(socket: WebSocketConnection, message: dict[str, Any]) -> dict[str, Any]:
    """Send a message and give the answer to it, whatever else comes."""
    await socket.send_message(json.dumps(message))
    with trio.fail_after(ANSWER_S):
        while True:
            for answer in json.loads(await socket.get_message()):
                if answer["type"] in ("ack", "nack", "pong"):
                    given: dict[str, Any] = answer
                    return given
