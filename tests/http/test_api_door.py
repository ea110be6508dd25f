"""The API behind the real door: sockets, chunked bodies, several requests on one connection."""

from __future__ import annotations

import json
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from tests.http.house import open_house
from tests.http.wire import Peer, get, open_door

JSON = "Content-Type: application/json"
ADMIN = "Authorization: Bearer admin"
ANN = "Authorization: Bearer ann"


def post(path: str, body: object, *headers: str) -> bytes:
    encoded = json.dumps(body).encode()
    length = f"Content-Length: {len(encoded)}"
    return get(path, JSON, length, *headers, method="POST") + encoded


async def asked(peer: Peer, request: bytes, status: int) -> Any:
    """Exchange, and give the JSON of an answer that must have this status."""
    found, _, body = await peer.exchange(request)
    assert found == status, body
    return json.loads(body)


async def sale(peer: Peer) -> str:
    """Run an event up to its open lot over one kept connection."""
    event: str
    event = (await asked(peer, post("/api/v1/events", GALA, ADMIN), 201))["id"]
    path = f"/api/v1/events/{event}"
    await asked(peer, post(f"{path}/lots", QUILT, ADMIN), 201)
    await asked(peer, post(f"{path}/registrations", {"name": "Ann"}, ANN), 201)
    await asked(peer, get(f"{path}/registrations/100/accept-terms", ANN, method="POST"), 200)
    for number, command in enumerate(({"type": "open_event"}, {"type": "open_lot", "lot": 1})):
        key = f"Idempotency-Key: k{number}"
        await asked(peer, post(f"{path}/commands", command, ADMIN, key), 200)
    return event


GALA = {"title": "Gala", "currency": "USD"}
QUILT = {"title": "A quilt", "mode": "live", "opening": 10_000}


async def test_a_sale_over_one_kept_connection() -> None:
    async with open_house() as house, open_door(app=house.app) as running:
        peer = await running.connect()
        event = await sale(peer)
        bid = {"event": event, "lot": 1, "amount": 10_000}
        first = await asked(peer, post("/api/v1/bids", bid, ANN, "Idempotency-Key: b1"), 200)
        again = await asked(peer, post("/api/v1/bids", bid, ANN, "Idempotency-Key: b1"), 200)
        assert first == again
        assert first["leading"] is True
        status, headers, body = await peer.exchange(get("/ready"))
        assert (status, json.loads(body)["status"]) == (200, "ready")
        assert headers["content-type"] == "application/json"
        assert (await peer.exchange(get("/metrics")))[0] == 200


async def test_many_clients_bid_at_once_and_each_gets_its_own_answer() -> None:
    async with open_house() as house, open_door(app=house.app) as running:
        event = await sale(await running.connect())
        answers: dict[int, Any] = {}

        async def bid(number: int) -> None:
            peer = await running.connect()
            body = {"event": event, "lot": 1, "amount": 10_000 + number * 1_000}
            request = post("/api/v1/bids", body, ANN, f"Idempotency-Key: b{number}")
            answers[number] = json.loads((await peer.exchange(request))[2])

        async with trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(bid, number)
        for number, answer in answers.items():
            assert answer["re"] == f"b{number}"
            assert answer.get("type") == "ack" or answer["code"] == "STALE_ASK"
        assert any(answer.get("type") == "ack" for answer in answers.values())


@pytest.mark.parametrize(
    "path", ["/nowhere", "/api//v1/events", "/api/v1/events/../../etc", "/%2e%2e/"]
)
async def test_a_path_that_leads_nowhere_is_a_problem(path: str) -> None:
    async with open_house() as house, open_door(app=house.app) as running:
        status, headers, body = await (await running.connect()).exchange(get(path))
        assert status == 404
        assert headers["content-type"] == "application/problem+json"
        assert json.loads(body)["code"] in ("NOT_FOUND", "UNKNOWN_EVENT")


async def test_a_chunked_body_over_the_limit_is_413() -> None:
    async with open_house() as house, open_door(app=house.app) as running:
        peer = await running.connect()
        head = get("/api/v1/events", JSON, ADMIN, "Transfer-Encoding: chunked", method="POST")
        chunk = b"4000\r\n" + b" " * 0x4000 + b"\r\n"
        status, _, body = await peer.exchange(head + chunk * 5 + b"0\r\n\r\n")
        assert (status, json.loads(body)["code"]) == (413, "TOO_LARGE")


async def test_a_client_that_leaves_takes_its_request_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with open_house() as house, open_door(app=house.app) as running:
        event = await sale(await running.connect())
        append, asked_once, release = house.stores.journal.append, trio.Event(), trio.Event()

        async def held(*args: Any) -> None:
            asked_once.set()
            await release.wait()
            await append(*args)

        monkeypatch.setattr(house.stores.journal, "append", held)
        peer = await running.connect()
        bid = {"event": event, "lot": 1, "amount": 10_000}
        await peer.send(post("/api/v1/bids", bid, ANN, "Idempotency-Key: b1"))
        await asked_once.wait()
        await peer.stream.aclose()
        while running.door.statistics().connections > 1:
            await wait_all_tasks_blocked()
        release.set()
        again = await running.connect()
        ack = await asked(again, post("/api/v1/bids", bid, ANN, "Idempotency-Key: b1"), 200)
        assert ack["leading"] is True
