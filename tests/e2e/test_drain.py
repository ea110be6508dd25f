"""A stop under load: nothing accepted is lost, requests end, sockets are sent to return."""

from __future__ import annotations

import json
import signal

import httpx
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection

from saleroom.auction.roles import Role
from tests.e2e.server import START_S, ServerProcess, running_server

SALE = {"lot": 1, "title": "Tickets", "mode": "sale", "opening": 100, "quantity": 0}
WITHIN_S = 10.0
USERS = ("ann", "bob", "cid", "dee")


async def test_a_stop_under_load_loses_nothing_that_was_accepted() -> None:
    async with running_server() as (server, nursery):
        event = await server.create_event([SALE], USERS)
        await server.post(f"/events/{event}/commands", {"type": "open_event"}, "root", Role.ADMIN)
        acked: list[str] = []
        codes: list[int] = []
        statuses: list[int] = []
        ends: list[str] = []
        flowing = trio.Event()

        async def buyer(user: str) -> None:
            async with server.websocket(event, server.token(user, Role.DONOR)) as socket:
                codes.append(await buy_until_closed(socket, user, acked, flowing))

        async def reader() -> None:
            async with httpx.AsyncClient(timeout=START_S) as http:
                while True:
                    try:
                        response = await http.get(f"{server.url}/api/v1/events/{event}/lots")
                    except httpx.TransportError as error:
                        ends.append(str(error))
                        return
                    statuses.append(response.status_code)
                    assert len(response.json()["lots"]) == 1

        with trio.fail_after(60):
            async with trio.open_nursery() as load:
                for user in USERS:
                    load.start_soon(buyer, user)
                load.start_soon(reader)
                await flowing.wait()
                assert server.process is not None
                server.process.send_signal(signal.SIGTERM)
                with trio.fail_after(WITHIN_S):
                    assert await server.process.wait() == 0
        assert codes == [4200] * len(USERS)
        assert set(statuses) == {200}
        # It may stop between two requests, but cuts no answer short.
        assert "complete message body" not in ends[0]
        assert b"Traceback" not in server.log
        await server.start(nursery)
        journaled = await bought(server, event)
        assert set(acked) <= journaled


async def buy_until_closed(
    socket: WebSocketConnection, user: str, acked: list[str], flowing: trio.Event
) -> int:
    """Buy, one after the other, until the server closes; give the code."""
    try:
        for number in range(1_000_000):
            identifier = f"{user}-{number}"
            command = {"type": "buy", "id": identifier, "lot": 1, "units": 1}
            await socket.send_message(json.dumps(command))
            while True:
                answers = json.loads(await socket.get_message())
                mine = [each for each in answers if each.get("re") == identifier]
                if mine:
                    break
            if mine[0]["type"] == "ack":
                acked.append(identifier)
            else:
                await trio.sleep(mine[0]["retry_after_ms"] / 1000)
            if number == 20:
                flowing.set()
    except ConnectionClosed as closed:
        return 1006 if closed.reason is None else int(closed.reason.code)
    raise AssertionError("never closed")


async def bought(server: ServerProcess, event: str) -> set[str]:
    """Give the ids of the purchases in the journal."""
    return {fact["command"] for fact in await server.journal(event) if fact["type"] == "item_sold"}
