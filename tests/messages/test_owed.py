"""What facts owe: one row of a kind for a batch, however many facts, and no row for nobody."""

from __future__ import annotations

from typing import Any

import attrs

from saleroom.auction import facts as f
from saleroom.auction.apply import apply
from saleroom.auction.book import Book
from saleroom.auction.roles import Role
from saleroom.auction.state import Asked, Entry, EventState
from saleroom.messages.owed import COVERS_MS, ENDING_LEAD_MS, Duties
from saleroom.protocol.codec import decode_command
from saleroom.storage.ports import OutboxRow
from tests.actors.stage import HOUR_MS, WALL_MS, live, silent

Rows = list[tuple[str, dict[str, Any]]]


@attrs.define
class Sale:
    """A book whose batches are handed to `Duties`, with the state before each."""

    book: Book
    before: EventState
    duties: Duties
    batch: list[Entry]
    asked: int = 0

    def do(self, type: str, at: int = 0, by: str = "staff", **fields: Any) -> None:
        self.asked += 1
        ask = decode_command({"type": type, **fields}, f"c{self.asked}")
        role = Role.ADMIN if by == "staff" else Role.DONOR
        question = Asked(ask.command, by, role, WALL_MS + at, ask.id, ask.digest)
        while (fired := self.book.fire_due(question.at)) is not None:
            self.batch += [chained.entry for chained in fired.records]
        outcome = self.book.ask(question)
        assert outcome.refusal is None, outcome.refusal
        self.batch += [chained.entry for chained in outcome.records]

    def bid(self, paddle: int, amount: int, at: int = 0, lot: int = 1) -> None:
        self.do("place_bid", at, f"u{paddle}", lot=lot, amount=amount)

    def commit(self) -> Rows:
        """End the batch: give what it owes, and let the state before the next one follow."""
        batch, self.batch = self.batch, []
        rows = self.duties.of(self.before, batch)
        for entry in batch:
            apply(self.before, entry)
        assert all(isinstance(row, OutboxRow) and row.position > 0 for row in rows)
        return [(row.topic, dict(row.payload)) for row in rows]


def sale(*lots: dict[str, Any]) -> Sale:
    paddles = [{"number": n, "user": f"u{n}", "terms_version": 1} for n in (101, 102, 103)]
    event = {"id": "gala", "title": "The gala", "currency": "USD"}
    fact = f.EventDefined(event, lots or (silent(1),), paddles, "00" * 32)
    book, first = Book.new(fact, "admin", WALL_MS)
    before, _ = Book.new(fact, "admin", WALL_MS)
    assert first.entry.position == 1
    made = Sale(book, before.state, Duties(), [])
    made.do("open_event")
    made.commit()
    return made


def outbid(at: int, *lots: list[Any]) -> Rows:
    return [("outbid", {"at": WALL_MS + at, "lots": list(lots)})]


def test_who_lost_a_lead_is_owed_the_news() -> None:
    gala = sale()
    gala.bid(101, 1_000, at=1)
    assert gala.commit() == []
    gala.bid(102, 2_000, at=2)
    assert gala.commit() == outbid(2, [1, [101]])


def test_who_raises_their_own_bid_is_owed_nothing() -> None:
    gala = sale()
    for amount in (1_000, 2_000, 3_000):
        gala.bid(101, amount)
        assert gala.commit() == []


def test_a_bid_that_is_beaten_at_once_was_answered_so() -> None:
    gala = sale()
    gala.do("set_max_bid", 0, "u101", lot=1, max=50_000)
    gala.commit()
    gala.bid(102, 20_000)
    assert gala.commit() == []


def test_who_leads_again_within_the_batch_is_owed_nothing() -> None:
    gala = sale()
    gala.bid(101, 1_000)
    gala.bid(102, 2_000)
    gala.bid(101, 3_000, at=7)
    assert gala.commit() == outbid(7, [1, [102]])


def test_a_war_within_a_batch_owes_one_row() -> None:
    gala = sale(silent(1, ladder="flat:1"), silent(2, ladder="flat:1"))
    for step in range(1, 40):
        for lot in (1, 2):
            gala.bid(101 + step % 3, step * 10_000, lot=lot)
    assert gala.commit() == outbid(0, [1, [102, 103]], [2, [102, 103]])


def test_a_war_over_batches_owes_a_row_in_a_while() -> None:
    gala = sale(silent(1, ladder="flat:1"))
    rows = []
    for step in range(400):
        at = step * 100
        gala.bid(101 + step % 2, (step + 1) * 100_000, at=at)
        rows += gala.commit()
    told = [(row["at"] - WALL_MS, paddle) for _, row in rows for _, paddle in row["lots"]]
    assert len(told) == 2 * 40_000 // COVERS_MS
    assert [at for at, paddle in told if paddle == [101]] == [100, 10_100, 20_100, 30_100]


def test_lots_of_their_own_are_owed_apart() -> None:
    gala = sale(silent(1), silent(2))
    for lot in (1, 2):
        gala.bid(101, 1_000, lot=lot)
    gala.commit()
    gala.bid(102, 2_000, lot=2)
    gala.bid(103, 2_000, lot=1)
    assert gala.commit() == outbid(0, [2, [101]], [1, [101]])


def test_an_undone_bid_gives_the_lead_back() -> None:
    gala = sale(live(1))
    gala.do("open_lot", lot=1)
    gala.bid(101, 1_000)
    gala.commit()
    gala.bid(102, 2_000)
    gala.do("undo", lot=1)
    assert gala.commit() == []


def test_a_hammer_owes_the_winner_the_news() -> None:
    gala = sale(live(1))
    gala.do("open_lot", lot=1)
    gala.bid(101, 1_500)
    gala.commit()
    gala.do("sell_lot", lot=1)
    assert gala.commit() == [("won", {"won": [[1, 101, 1_500, 1]]})]


def test_a_purchase_at_a_fixed_price_was_answered_so() -> None:
    gala = sale({"lot": 1, "title": "Wine", "mode": "sale", "opening": 500, "quantity": 9})
    gala.do("buy", 0, "u101", lot=1, units=2)
    assert gala.commit() == []


def test_a_buy_now_ends_a_lot_for_who_led() -> None:
    gala = sale(silent(1, buy_now=9_000))
    gala.bid(101, 1_000)
    gala.commit()
    gala.do("buy", 0, "u102", lot=1)
    assert gala.commit() == [("won", {"won": [[1, 102, 9_000, 1]]})]


def test_pledges_are_owed_thanks() -> None:
    gala = sale({"lot": 1, "title": "Roof", "mode": "pledge", "opening": 100})
    gala.do("pledge", 0, "u101", lot=1, level=5_000, count=2)
    gala.do("pledge", 0, "u102", lot=1, level=1_000)
    assert gala.commit() == [("pledge", {"pledges": [[1, 101, 10_000], [1, 102, 1_000]]})]


def test_a_silent_lot_owes_word_of_its_end() -> None:
    gala = sale(silent(1, starts_at=WALL_MS + 50), live(2))
    gala.do("announce", 100, text="hello")
    due_at = WALL_MS + HOUR_MS - ENDING_LEAD_MS
    assert gala.commit() == [("ending", {"lot": 1, "due_at": due_at})]


def test_a_short_lot_owes_no_word_of_its_end() -> None:
    gala = sale(silent(1, starts_at=WALL_MS + 50, ends_in_ms=ENDING_LEAD_MS))
    gala.do("announce", 100, text="hello")
    assert gala.commit() == []


def test_the_end_of_the_sale_is_owed_after_the_wins() -> None:
    gala = sale()
    gala.bid(101, 1_000)
    gala.commit()
    gala.do("close_event")
    assert sorted(gala.commit()) == [("closed", {}), ("won", {"won": [[1, 101, 1_000, 1]]})]


def test_a_new_number_takes_its_messages_along() -> None:
    gala = sale()
    gala.do("change_paddle", paddle=101, new_paddle=300)
    assert gala.commit() == [("renumbered", {"paddle": 101, "new_paddle": 300})]


def test_rows_hold_numbers_alone() -> None:
    gala = sale()
    gala.do("add_paddle", name="Zoe Quill", email="zoe@hall.example", phone="+12015550100")
    gala.bid(101, 1_000)
    gala.bid(102, 2_000)
    assert "Zoe" not in repr(gala.commit())
