"""The journal over HTTP: its pages, its hashes, and what stays blank (rules 4, 6 and 16)."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from trio.testing import MockClock

from saleroom.auction.facts import FACTS
from saleroom.auction.record import GENESIS, chain_key, next_head
from saleroom.http.sale import api_journal
from saleroom.storage.ports import StoreUnavailable
from tests.http.house import House, open_house


def journal_of(event: str) -> str:
    return f"/api/v1/events/{event}/journal"


async def facts_of(house: House, event: str) -> list[dict[str, Any]]:
    facts: list[dict[str, Any]] = (await house.done("GET", journal_of(event), "admin"))["facts"]
    return facts


async def contest(house: House) -> str:
    """Give an event whose lots 1 (in the definition) and 2 (added) hold every kind of secret."""
    event = await house.event(draft=True)
    await house.lot(event, reserve=41_001)
    await house.done("POST", f"/api/v1/events/{event}/publish", "admin")
    await house.lot(event, mode="silent", reserve=41_002, ends_at=9_000_000_000_000)
    change = {"version": 1, "reserve": 41_003}
    await house.done("PATCH", f"/api/v1/events/{event}/lots/2", "admin", change)
    await house.bidder(event, "ann")
    await house.bidder(event, "bob")
    for who, name, fields in (
        ("ann", "set_max_bid", {"lot": 1, "max": 41_004}),
        ("auctioneer", "open_event", {}),
        ("auctioneer", "open_lot", {"lot": 1}),
        ("ann", "set_max_bid", {"lot": 2, "max": 31_005}),
        ("ann", "set_max_bid", {"lot": 2, "max": 31_006}),
        ("bob", "place_bid", {"lot": 2, "amount": 15_000}),
    ):
        reply = await house.command(event, who, name, **fields)
        assert reply.status == 200, reply
    return event


SECRETS = {
    1: (b"41001", b"41004"),
    2: (b"41002", b"41003", b"31005", b"31006"),
}


async def test_secrets_are_blank_until_their_lot_has_ended(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await contest(house)
        raw = b"".join(record.body for record in await house.stores.journal.read(event, 0, 100))
        for secret in (*SECRETS[1], *SECRETS[2]):
            assert secret in raw
        shown = (await house.call("GET", journal_of(event), "admin")).body
        # Lot 1 opened at its only absentee's max, which the reserve lifted to the price.
        assert b"41004" not in shown
        for secret in SECRETS[2]:
            assert secret not in shown
        await house.command(event, "auctioneer", "sell_lot", lot=1)
        shown = (await house.call("GET", journal_of(event), "admin")).body
        for secret in SECRETS[1]:
            assert secret in shown
        for secret in SECRETS[2]:
            assert secret not in shown
        await house.command(event, "auctioneer", "undo", lot=1)
        assert b"41004" not in (await house.call("GET", journal_of(event), "admin")).body
        await house.command(event, "auctioneer", "close_event")
        shown = (await house.call("GET", journal_of(event), "admin")).body
        for secret in (*SECRETS[1], *SECRETS[2]):
            assert secret in shown


async def test_what_is_blank_is_there_as_null_and_a_straight_bid_stays(
    autojump_clock: MockClock,
) -> None:
    async with open_house() as house:
        facts = await facts_of(house, await contest(house))
        by_type: dict[str, list[dict[str, Any]]] = {}
        for fact in facts:
            by_type.setdefault(fact["type"], []).append(fact)
        assert by_type["event_defined"][0]["lots"][0]["reserve"] is None
        assert by_type["lot_added"][0]["definition"]["reserve"] is None
        assert by_type["lot_changed"][0]["definition"]["reserve"] is None
        assert by_type["absentee_left"][0]["max"] is None
        assert by_type["max_raised"][0]["max"] is None
        bids = by_type["bid_placed"]
        assert {bid["ceiling"] for bid in bids} == {None}
        assert [(bid["is_max"], bid["bid"]) for bid in bids[-2:]] == [(True, None), (False, 15_000)]


async def test_each_fact_has_its_place_and_who_asked(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await contest(house)
        facts = await facts_of(house, event)
        assert [fact["position"] for fact in facts] == list(range(1, len(facts) + 1))
        assert [fact["seq"] for fact in facts if fact["seq"] is not None] == list(
            range(1, sum(fact["seq"] is not None for fact in facts) + 1)
        )
        first, last = facts[0], facts[-1]
        assert (first["seq"], first["by"], first["command"]) == (None, "ada", None)
        assert (last["type"], last["by"]) == ("bid_placed", "bob")
        assert last["command"].startswith("k")
        assert not {"digest", "v"} & set().union(*facts)
        records = await house.stores.journal.read(event, 0, 99)
        head, key = GENESIS, chain_key(records[0].body)
        assert "chain_key" not in facts[0]
        for fact, record in zip(facts, records, strict=True):
            head = next_head(head, record.body, key)
            assert fact["hash"] == head.hex()


async def test_the_journal_is_paged_by_position(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await contest(house)
        whole = await facts_of(house, event)
        page = await house.done("GET", f"{journal_of(event)}?limit=3", "admin")
        assert (page["facts"], page["next"]) == (whole[:3], 3)
        rest = await house.done("GET", f"{journal_of(event)}?after=3", "admin")
        assert (rest["facts"], rest["next"]) == (whole[3:], None)
        for query in ("limit=0", "limit=1001", "after=-1", "after=x"):
            reply = await house.call("GET", f"{journal_of(event)}?{query}", "admin")
            assert (reply.status, reply.code) == (400, "MALFORMED")


async def test_a_look_at_the_journal_is_in_the_audit_before_it_is_allowed(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise StoreUnavailable("gone for a moment")

    async with open_house() as house:
        event = await house.event()
        await facts_of(house, event)
        page = await house.done("GET", f"/api/v1/audit?event={event}&limit=1", "admin")
        (entry,) = page["entries"]
        assert (entry["who"], entry["role"], entry["what"]) == ("ada", "admin", "journal.read")
        monkeypatch.setattr(house.stores.audit, "record", away)
        refused = await house.call("GET", journal_of(event), "admin")
        assert (refused.status, refused.code) == (503, "OVERLOADED")


def test_every_fact_that_may_hold_a_secret_is_looked_at() -> None:
    telling = {"bid", "ceiling", "max", "reserve", "definition", "lots"}
    found = {name for name, cls in FACTS.items() if telling & attrs.fields_dict(cls).keys()}
    assert found == api_journal.BLANKS.keys()


async def test_a_draft_has_no_journal_yet(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        event = await house.event(draft=True)
        reply = await house.call("GET", journal_of(event), "admin")
        assert (reply.status, reply.code) == (409, "EVENT_NOT_OPEN")
