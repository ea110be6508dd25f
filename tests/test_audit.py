"""An audit passes a whole journal and names the first place at which another was changed (I5)."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import pytest

from saleroom.auction import commands as c
from saleroom.auction.roles import Role
from saleroom.auction.snapshot import encode_body
from saleroom.audit import PAGE_RECORDS, Finding, Receipt, audit
from saleroom.storage.memory import memory_stores
from saleroom.storage.ports import NotFound, Record
from tests.auction.book import Sale, sale, silent
from tests.history import EVENT, evening, rechained, records_of, rewritten, stores_of

Tampering = Callable[[list[Record]], list[Record]]


async def audited(records: list[Record], *receipts: Receipt) -> Finding:
    return await audit(await stores_of(records), EVENT, receipts)


def index_of(records: list[Record], kind: str) -> int:
    return next(i for i, record in enumerate(records) if f'"{kind}"'.encode() in record.body)


async def test_a_whole_journal_passes() -> None:
    played = evening()
    finding = await audited(records_of(played))
    assert finding == Finding(
        EVENT, len(played.written), played.book.state.seq, played.book.head.hex()
    )


async def test_a_journal_of_several_pages_passes() -> None:
    played = sale(silent(ladder="flat:1"))
    for number in range(PAGE_RECORDS):
        played.as_donor("AB"[number % 2], c.PlaceBid(1, 10_000 + number))
    finding = await audited(records_of(played))
    assert (finding.facts, finding.fault) == (PAGE_RECORDS + 3, None)


async def test_an_event_without_a_journal_is_not_found() -> None:
    with pytest.raises(NotFound):
        await audit(memory_stores(), "nowhere")


# Tampering: the record at index 5, position 6, is public and has seq 5.


def a_byte_of_the_body(records: list[Record]) -> list[Record]:
    body = records[5].body.replace(b'"amount":21000', b'"amount":21001')
    assert body != records[5].body
    return [*records[:5], attrs.evolve(records[5], body=body), *records[6:]]


def a_body_of_nonsense(records: list[Record]) -> list[Record]:
    return [*records[:5], attrs.evolve(records[5], body=b"{}"), *records[6:]]


def a_byte_of_the_head(records: list[Record]) -> list[Record]:
    head = bytes([records[5].head[0] ^ 1]) + records[5].head[1:]
    return [*records[:5], attrs.evolve(records[5], head=head), *records[6:]]


def the_first_body(records: list[Record]) -> list[Record]:
    return [rewritten(records[0], at=1), *records[1:]]


def one_removed(records: list[Record]) -> list[Record]:
    return records[:5] + records[6:]


def one_removed_and_renumbered(records: list[Record]) -> list[Record]:
    return [attrs.evolve(r, position=p) for p, r in enumerate(one_removed(records), 1)]


def two_swapped(records: list[Record]) -> list[Record]:
    return [*records[:5], records[6], records[5], *records[7:]]


def two_swapped_and_renumbered(records: list[Record]) -> list[Record]:
    return [attrs.evolve(r, position=p) for p, r in enumerate(two_swapped(records), 1)]


def one_appended(records: list[Record]) -> list[Record]:
    position = len(records) + 1
    body = rewritten(records[-1], position=position, command="forged").body
    return [*records, Record(position, None, body, records[-1].head)]


def one_appended_twice(records: list[Record]) -> list[Record]:
    position = len(records) + 1
    return [*records, attrs.evolve(records[-1], position=position)]


def a_seq_beside_the_body(records: list[Record]) -> list[Record]:
    return [*records[:5], attrs.evolve(records[5], seq=9), *records[6:]]


def a_seq_hidden(records: list[Record]) -> list[Record]:
    return [*records[:5], attrs.evolve(records[5], seq=None), *records[6:]]


def a_seq_invented(records: list[Record]) -> list[Record]:
    private = index_of(records, "absentee_left")
    assert private == 6
    return [*records[:6], attrs.evolve(records[6], seq=6), *records[7:]]


@pytest.mark.parametrize(
    ("tamper", "fault"),
    [
        (a_byte_of_the_body, "position 6, seq 5: the chain does not hold"),
        (a_body_of_nonsense, "position 6, seq 5: the chain does not hold"),
        (a_byte_of_the_head, "position 6, seq 5: the chain does not hold"),
        (the_first_body, "position 1: the chain does not hold"),
        (one_removed, "position 7: it follows position 5"),
        (one_removed_and_renumbered, "position 6: the chain does not hold"),
        (two_swapped, "position 7: it follows position 5"),
        (two_swapped_and_renumbered, "position 6: the chain does not hold"),
        (one_appended, "position 14: the chain does not hold"),
        (one_appended_twice, "position 14: the chain does not hold"),
        (a_seq_beside_the_body, "position 6, seq 9: seq 9 follows 4"),
        (a_seq_hidden, "position 6: its seq is not the one that was chained"),
        (a_seq_invented, "position 7, seq 6: its seq is not the one that was chained"),
    ],
)
async def test_what_was_changed_is_named(tamper: Tampering, fault: str) -> None:
    assert (await audited(tamper(records_of(evening())))).fault == fault


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"lot": 99}, "it does not replay"),
        ({"type": "bid_imagined"}, "it does not replay"),
        ({"v": 99}, "it does not replay"),
        ({"position": 50}, "it does not replay"),
        ({"seq": 8}, "its seq is not the one that was chained"),
    ],
)
async def test_a_forger_who_chains_anew_is_held_to_the_rules(
    fields: dict[str, object], reason: str
) -> None:
    records = records_of(evening())
    records[5] = rewritten(records[5], **fields)
    fault = (await audited(rechained(records))).fault
    assert fault is not None
    assert fault.startswith(f"position 6, seq 5: {reason}")


async def test_a_forged_amount_that_cannot_be_added_up_is_named() -> None:
    records = records_of(evening())
    index = index_of(records, "item_sold")
    records[index] = rewritten(records[index], amount="much")
    fault = (await audited(rechained(records))).fault
    assert fault is not None
    assert fault.startswith("position 12, seq 10: it does not replay: ")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"event": "none"}, "it does not replay"),
        ({"lots": [{"lot": 1}]}, "it does not replay"),
        ({"paddles": [{"number": 1, "colour": "red"}]}, "it does not replay"),
        ({"type": "event_opened"}, "it does not replay"),
        ({"position": 7}, "its position is not the one that was chained"),
    ],
)
async def test_a_first_record_that_defines_no_event_is_named(
    fields: dict[str, object], reason: str
) -> None:
    records = records_of(evening())
    records[0] = rewritten(records[0], **fields)
    fault = (await audited(rechained(records))).fault
    assert fault is not None
    assert fault.startswith(f"position 1: {reason}")


# Snapshots


async def audited_with_snapshot(played: Sale, body: bytes, position: int) -> str | None:
    stores = await stores_of(records_of(played))
    await stores.snapshots.save(EVENT, position, b"", body, [], 0)
    return (await audit(stores, EVENT)).fault


async def test_a_snapshot_that_says_what_the_journal_says_passes() -> None:
    played = evening()
    book = played.book
    body = encode_body(book.state, book.head, book, 0)
    assert await audited_with_snapshot(played, body, book.state.position) is None


async def test_a_snapshot_in_the_middle_is_compared_where_it_was_taken() -> None:
    played = evening()
    book = played.book
    body = encode_body(book.state, book.head, book, 0)
    played.must(c.Announce("Thank you"))
    position = len(played.written) - 1
    assert await audited_with_snapshot(played, body, position) is None


async def test_a_snapshot_that_says_something_else_is_named() -> None:
    played = evening()
    book = played.book
    body = encode_body(book.state, book.head, book, 0)
    forged = body.replace(b'"raised":32500', b'"raised":32501')
    assert forged != body
    fault = await audited_with_snapshot(played, forged, book.state.position)
    assert fault == "position 13: the snapshot here is not what the journal replays to"


async def test_a_damaged_snapshot_is_named() -> None:
    played = evening()
    fault = await audited_with_snapshot(played, b"{}", played.book.state.position)
    assert fault is not None
    assert fault.startswith("position 13: the snapshot here is damaged: ")


async def test_a_snapshot_past_the_end_shows_that_the_journal_was_cut() -> None:
    played = evening()
    book = played.book
    body = encode_body(book.state, book.head, book, 0)
    stores = await stores_of(records_of(played)[:-1])
    await stores.snapshots.save(EVENT, book.state.position, book.head, body, [], 0)
    fault = (await audit(stores, EVENT)).fault
    assert fault == "a snapshot stands at position 13, past the journal's end"


# Receipts


async def test_the_hash_of_every_answer_is_a_receipt() -> None:
    played = evening()
    answers = list(played.book.answers.values())
    receipts = [Receipt(answer.head.hex(), answer.seq) for answer in answers]
    assert any(receipt.seq is None for receipt in receipts), "a private fact has none"
    assert (await audited(records_of(played), *receipts)).fault is None
    bare = [Receipt(answer.head.hex()) for answer in answers]
    assert (await audited(records_of(played), *bare)).fault is None


async def test_an_answer_of_several_facts_is_a_receipt_with_its_last_seq() -> None:
    played = sale(silent(ends_at=5_000))
    played.now = 4_000
    outcome = played.ask(c.PlaceBid(1, 10_000), Role.DONOR, "A")
    assert played.facts()[-2:] == ["bid_placed", "lot_extended"]
    assert outcome.answer is not None
    receipt = Receipt(outcome.answer.head.hex(), outcome.answer.seq)
    assert (await audited(records_of(played), receipt)).fault is None


async def test_a_receipt_with_another_seq_is_named() -> None:
    played = evening()
    head = played.written[5].head.hex()
    fault = (await audited(records_of(played), Receipt(head, 7))).fault
    assert fault == f"receipt {head[:16]}...: this head belongs to seq 5"


async def test_a_receipt_that_the_journal_never_gave_is_named() -> None:
    fault = (await audited(records_of(evening()), Receipt("ab" * 32, 3))).fault
    assert fault == "receipt abababababababab...: the journal never had this head"


async def test_a_receipt_of_a_fact_cut_off_is_named() -> None:
    played = evening()
    receipt = Receipt(played.book.head.hex())
    assert (await audited(records_of(played), receipt)).fault is None
    fault = (await audited(records_of(played)[:-1], receipt)).fault
    assert fault is not None
    assert fault.endswith("the journal never had this head")
