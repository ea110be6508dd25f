"""Once only: a command id acts once, and replay gives the same answers.

Source: rule 28, I5 and I10.
"""

from __future__ import annotations

import pytest

from saleroom.auction import commands as c
from saleroom.auction.book import Book
from saleroom.auction.record import GENESIS, RecordDamaged, decode_entry, encode_entry, next_head
from saleroom.auction.refusal import Code
from saleroom.auction.roles import Role
from saleroom.auction.state import Asked
from saleroom.protocol.codec import digest_of
from tests.auction.book import live, sale, silent


def test_the_same_id_and_body_give_the_same_answer_and_no_second_effect() -> None:
    made = sale(silent())
    first = made.as_donor("A", c.PlaceBid(1, 10000), id="x")
    made.as_donor("B", c.PlaceBid(1, 20000))
    before = made.trace()
    again = made.as_donor("A", c.PlaceBid(1, 10000), id="x")
    assert again.records == ()
    assert again.answer == first.answer
    assert made.trace() == before


def test_the_same_id_with_another_body_is_refused() -> None:
    made = sale(silent())
    made.as_donor("A", c.PlaceBid(1, 10000), id="x")
    assert made.refused(c.PlaceBid(1, 10001), role=Role.DONOR, by="A", id="x") is Code.ID_REUSED
    assert made.refused(c.SetMaxBid(1, 10000), role=Role.DONOR, by="A", id="x") is Code.ID_REUSED
    assert made.refused(c.PlaceBid(1, 20000), role=Role.DONOR, by="B", id="x") is None


def test_a_refused_command_leaves_no_trace_and_is_decided_anew() -> None:
    made = sale(live())
    assert made.refused(c.PlaceBid(1, 10000, 101), id="x") is Code.LOT_NOT_OPEN
    made.must(c.OpenLot(1))
    assert made.refused(c.PlaceBid(1, 10000, 101), id="x") is None


def test_a_command_that_ended_its_lot_is_answered_again_not_refused() -> None:
    made = sale(silent(buy_now=20000))
    first = made.as_donor("A", c.Buy(1), id="x")
    assert made.as_donor("A", c.Buy(1), id="x").answer == first.answer
    assert made.refused(c.Buy(1, 1, None, 102), id="y") is Code.LOT_CLOSED


def test_a_rebuilt_book_gives_the_same_answers() -> None:
    made = sale(silent(), live(2))
    commands: list[tuple[str, Role, str, c.Command]] = [
        ("1", Role.DONOR, "A", c.SetMaxBid(1, 50000)),
        ("2", Role.DONOR, "B", c.SetMaxBid(1, 20000)),
        ("3", Role.DONOR, "A", c.SetMaxBid(1, 60000)),
        ("4", Role.DONOR, "C", c.SetMaxBid(2, 30000)),
        ("5", Role.CLERK, "clerk", c.OpenLot(2)),
        ("6", Role.CLERK, "clerk", c.FloorBid(2)),
        ("7", Role.CLERK, "clerk", c.Undo(2)),
        ("8", Role.AUCTIONEER, "auctioneer", c.LockPaddle(101, "x", ban=True)),
        ("9", Role.ADMIN, "admin", c.ChangePaddle(102, 10**6, "7", None, 300)),
        ("10", Role.AUCTIONEER, "auctioneer", c.CloseEvent()),
    ]
    first = [made.ask(command, role, by, id=id) for id, role, by, command in commands]
    assert [outcome.refusal for outcome in first] == [None] * len(commands)
    book = made.replayed()
    for (id, role, by, command), outcome in zip(commands, first, strict=True):
        asked = Asked(command, by, role, 10**9, id, digest_of(command))
        again = book.ask(asked)
        assert (again.records, again.answer) == ((), outcome.answer)
    assert book.state == made.book.state


def test_an_answers_head_is_the_receipt_of_its_last_record() -> None:
    made = sale(silent(ends_at=100_000))
    outcome = made.ask(c.PlaceBid(1, 10000, 101), at=99_999)
    assert len(outcome.records) == 2
    head = GENESIS
    for chained in made.written:
        head = next_head(head, chained.body, made.book.key)
        assert chained.head == head
    assert outcome.answer is not None
    assert outcome.answer.head == head


def test_positions_and_seqs_count_every_fact_and_every_public_fact() -> None:
    made = sale(silent())
    for maximum in (20000, 30000, 40000):
        made.as_donor("A", c.SetMaxBid(1, maximum))
    entries = [chained.entry for chained in made.written]
    assert [entry.position for entry in entries] == [1, 2, 3, 4, 5, 6]
    assert [entry.seq for entry in entries] == [None, 1, 2, 3, None, None]


def test_an_entry_has_one_encoding_and_is_read_back() -> None:
    made = sale(silent(reserve=20000), live(2))
    made.must(c.OpenLot(2))
    made.must(c.FloorBid(2))
    made.must(c.Undo(2))
    made.must(c.Announce("Ca\u00f1a \U0001f37e"))
    for chained in made.written:
        assert decode_entry(chained.body) == chained.entry
        assert encode_entry(decode_entry(chained.body)) == chained.body


DAMAGED = [
    b"",
    b"[]",
    b"{}",
    b'{"type":"nonsense","v":1,"position":2,"at":0}',
    b'{"type":"event_opened","v":2,"position":2,"at":0}',
    b'{"type":"event_opened","v":1,"at":0}',
    b'{"type":"event_opened","v":1,"position":2,"at":0,"surplus":1}',
    b'{"type":"announcement","v":1,"position":2,"at":0}',
    b'{"type":"event_opened","v":1,"position":3,"at":0}',
    b'{"type":["event_opened"],"v":1,"position":2,"at":0}',
]


@pytest.mark.parametrize("body", DAMAGED)
def test_a_damaged_record_is_never_taken(body: bytes) -> None:
    book = Book.load(sale(silent(), opened=False).written[0].body)
    before = repr(book.state), book.head
    with pytest.raises(RecordDamaged):
        book.replay(body)
    assert (repr(book.state), book.head) == before


@pytest.mark.parametrize("body", [b"", b'{"type":"event_opened","v":1,"position":1,"at":0}'])
def test_a_journal_starts_with_a_definition(body: bytes) -> None:
    with pytest.raises(RecordDamaged):
        Book.load(body)
