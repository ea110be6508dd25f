"""Commands over HTTP: the answers of the mailbox, as acks and problems (rules 28 and 29)."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from saleroom.actors.mailbox import Mailbox, MailboxFull
from saleroom.http.services import ApiLimits
from tests.http.house import House, open_house

BID = {"type": "place_bid", "lot": 1, "amount": 10_000}


def commands_of(event: str) -> str:
    return f"/api/v1/events/{event}/commands"


async def live_sale(house: House) -> str:
    event = await house.sale()
    assert (await house.command(event, "auctioneer", "open_lot", lot=1)).status == 200
    return event


async def test_an_ack_is_the_actors_own(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await live_sale(house)
        reply = await house.call("POST", commands_of(event), "ann", BID, key="b1")
        assert reply.status == 200
        assert reply.headers["content-type"] == "application/json"
        ack = reply.json
        assert (ack["type"], ack["re"], ack["leading"]) == ("ack", "b1", True)
        assert (ack["price"], ack["leader"], ack["min_next"]) == (10_000, 100, 11_000)
        assert len(ack["hash"]) == 64


async def test_one_key_acts_once_and_another_body_is_refused(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await live_sale(house)
        first = await house.call("POST", commands_of(event), "ann", BID, key="b1")
        again = await house.call("POST", commands_of(event), "ann", BID, key="b1")
        short = {"event": event, "lot": 1, "amount": 10_000}
        third = await house.call("POST", "/api/v1/bids", "ann", short, key="b1")
        assert first.json == again.json == third.json
        other = await house.call(
            "POST", commands_of(event), "ann", {**BID, "amount": 11_000}, key="b1"
        )
        assert (other.status, other.code) == (409, "ID_REUSED")
        same_key = {"type": "announce", "text": "Dinner."}
        clerks = await house.call("POST", commands_of(event), "clerk", same_key, key="b1")
        assert clerks.status == 200


async def test_a_nack_is_a_problem_with_its_extras(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await live_sale(house)
        reply = await house.call(
            "POST", commands_of(event), "ann", {**BID, "amount": 9_000}, key="b1"
        )
        assert (reply.status, reply.code) == (409, "STALE_ASK")
        problem = reply.json
        assert (problem["re"], problem["min_next"], problem["leader"]) == ("b1", 10_000, None)
        assert problem["temporary"] is False
        assert problem["detail"] == "the ask has changed"
        assert {"server_time", "as_of", "lot", "price"} <= problem.keys()
        assert not {"message", "type"} & (problem.keys() - {"type"})


async def test_a_max_is_left_in_short(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.sale()
        body = {"event": event, "lot": 1, "max": 20_000}
        ack = await house.done("POST", "/api/v1/bids", "ann", body, key="m1")
        assert (ack["lot"], ack["price"], ack["leading"]) == (1, None, False)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"type": "ping", "t0": 1},
        {"type": "hello"},
        {"type": "jump"},
        {**BID, "amount": 10_000.5},
        {**BID, "amount": "10000"},
        {**BID, "amount": True},
        {**BID, "colour": "red"},
        {"type": "place_bid", "amount": 1},
        {**BID, "id": "another"},
        {**BID, "id": 7},
    ],
)
async def test_what_is_no_command_is_malformed_before_anything_else(
    autojump_clock: MockClock, body: Any
) -> None:
    async with open_house() as house:
        reply = await house.call("POST", commands_of("nowhere"), None, body, key="b1")
        assert (reply.status, reply.code) == (400, "MALFORMED")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"event": "x", "lot": 1},
        {"event": "x", "lot": 1, "amount": 1, "max": 2},
        {"event": "x", "lot": 1, "amount": 1, "paddle": 100},
        {"event": "x", "lot": 1, "amount": None},
        {"event": 7, "lot": 1, "amount": 1},
        {"event": "x", "amount": 1},
    ],
)
async def test_what_is_no_short_bid_is_malformed(autojump_clock: MockClock, body: Any) -> None:
    async with open_house() as house:
        reply = await house.call("POST", "/api/v1/bids", None, body, key="b1")
        assert (reply.status, reply.code) == (400, "MALFORMED")


@pytest.mark.parametrize("path", ["/api/v1/bids", "/api/v1/events/x/commands"])
@pytest.mark.parametrize("key", [None, "", "x" * 65])
async def test_a_command_needs_a_key_of_1_to_64_characters(
    autojump_clock: MockClock, path: str, key: str | None
) -> None:
    async with open_house() as house:
        body = {"event": "x", "lot": 1, "amount": 1} if path.endswith("bids") else BID
        reply = await house.call("POST", path, "ann", body, key=key)
        assert (reply.status, reply.code) == (400, "MALFORMED")


async def test_an_id_in_the_body_may_repeat_the_key(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await live_sale(house)
        reply = await house.call("POST", commands_of(event), "ann", {**BID, "id": "b1"}, key="b1")
        assert reply.status == 200


async def test_the_refusals_of_what_is_not_there(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await live_sale(house)
        draft = await house.event(draft=True)
        for where, who, body, expected in (
            ("nowhere", "ann", BID, (404, "UNKNOWN_EVENT")),
            ("no where", "ann", BID, (404, "UNKNOWN_EVENT")),
            (draft, "ann", BID, (404, "UNKNOWN_EVENT")),
            (draft, "clerk", BID, (409, "EVENT_NOT_OPEN")),
            (event, "ann", {**BID, "lot": 2}, (404, "UNKNOWN_LOT")),
            (event, "clerk", {**BID, "paddle": 555}, (404, "UNKNOWN_PADDLE")),
            (event, "bob", BID, (409, "NO_PADDLE")),
            (event, "ann", {**BID, "amount": 0}, (409, "INVALID_AMOUNT")),
        ):
            reply = await house.call("POST", commands_of(where), who, body, key="b1")
            assert (reply.status, reply.code) == expected


async def test_an_event_without_an_actor_says_whether_it_is_over(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event()
        stores = house.stores
    async with open_house(stores) as house:
        starting = await house.call("POST", commands_of(event), "ann", BID, key="b1")
        assert (starting.status, starting.code) == (503, "OVERLOADED")
        await stores.catalogue.set_status(event, "closed")
        over = await house.call("POST", commands_of(event), "ann", BID, key="b1")
        assert (over.status, over.code) == (409, "EVENT_CLOSED")
        read = await house.done("GET", f"/api/v1/events/{event}")
        assert read["title"] == "Gala"


async def test_a_full_mailbox_is_503(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise MailboxFull("too many commands wait", 2_500)

    async with open_house() as house:
        event = await live_sale(house)
        monkeypatch.setattr(Mailbox, "put", full)
        reply = await house.call("POST", commands_of(event), "ann", BID, key="b1")
        assert (reply.status, reply.code) == (503, "OVERLOADED")
        assert reply.json["temporary"] is True
        assert [reply.json[name] for name in ("lot", "price", "leader")] == [1, None, None]
        assert reply.headers["retry-after"] == "3"


async def _hang(*_: object) -> None:
    await trio.sleep_forever()


async def test_an_unconfirmed_command_is_503_and_its_outcome_can_be_learnt(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house() as house:
        event = await live_sale(house)
        with monkeypatch.context() as patch:
            patch.setattr(house.stores.journal, "append", _hang)
            reply = await house.call("POST", commands_of(event), "ann", BID, key="b1")
        assert (reply.status, reply.code) == (503, "OUTCOME_UNKNOWN")
        assert reply.json["temporary"] is True
        assert reply.json["re"] == "b1"
        assert "retry-after" in reply.headers
        await house.supervisor.restart_child(f"saleroom/events/event:{event}/engine")
        again = await house.call("POST", commands_of(event), "ann", BID, key="b1")
        assert (again.status, again.json["leading"]) == (200, True)


async def test_an_answer_that_never_comes_has_a_deadline(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house(limits=ApiLimits(answer_s=0.5)) as house:
        event = await live_sale(house)
        monkeypatch.setattr(Mailbox, "put", lambda *_: None)
        reply = await house.call("POST", commands_of(event), "ann", BID, key="b1")
        assert (reply.status, reply.code) == (503, "OUTCOME_UNKNOWN")
