"""Any commands, by anyone, at any time: what always holds of a sale.

Source: rules 1 to 23, 28, 30 and 31; I5 and I10. Amounts that may be secret end in digits
that no price computed without them can end in, so that one in a public fact is found.
"""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from saleroom.auction import commands as c
from saleroom.auction.book import Book, Chained, Outcome
from saleroom.auction.facts import FundFact
from saleroom.auction.lot import Lot
from saleroom.auction.refusal import Code
from saleroom.auction.roles import Role
from saleroom.auction.snapshot import encode_body, encode_chunks, restore
from saleroom.auction.state import leaderboard
from saleroom.protocol.views import lot_view, own_view
from saleroom.protocol.wire_facts import wire_fact
from tests.auction.book import PADDLES, Sale, choice, fixed, live, pledge, sale, silent

RESERVES = {1: 3_000_999, 3: 3_100_998}
SECRETS_FROM = 500
"""A max ends in 500 to 997, a reserve in 998 or 999; steps and straight bids end in 000."""

LOTS = st.sampled_from([1, 2, 3, 4, 5, 6, 7])
LIVE_LOTS = st.sampled_from([3, 4, 3, 9])
CHOICE_LOT, PLEDGE_LOT = 4, 7
NAMES = st.sampled_from(sorted(PADDLES))
BASES = st.integers(900, 6_000)
STAFF = st.sampled_from([Role.CLERK, Role.AUCTIONEER, Role.ADMIN, Role.ADMIN])
FALLS = {"bid_undone", "bids_retracted", "lot_reopened"}


class SaleMachine(RuleBasedStateMachine):
    """A sale of lots of every kind, and a second book that replays its records.

    The second book is now and then given up for one restored from its snapshot and chunks.
    """

    @initialize(limit=st.sampled_from([None, 20_000_000]))
    def define(self, limit: int | None) -> None:
        self.sale: Sale = sale(
            silent(1, opening=10**6, reserve=RESERVES[1], ends_at=400_000, group="pair"),
            silent(2, opening=10**6, buy_now=5 * 10**6),
            live(3, opening=10**6, reserve=RESERVES[3]),
            choice(CHOICE_LOT, opening=10**6, quantity=4),
            fixed(5, opening=10**6, quantity=7),
            silent(6, opening=10**6, starts_at=50_000, ends_at=300_000, group="pair"),
            pledge(PLEDGE_LOT, opening=1, levels=[1_000_000, 2_000_000]),
            opened=False,
            soft_close={"window": 60_000, "extension": 60_000, "cap": 120_000},
        )
        self.sale.must(c.ChangePaddle(101, limit=limit))
        self.twin = Book.load(self.sale.written[0].body)
        self.replayed = 1
        self.chunks: list[bytes] = []
        self.chunked = 0
        self.snapshot: tuple[bytes, int] | None = None
        self.secrets = 0
        self.acted: dict[tuple[str, str], int] = {}
        self.prices: dict[int, int | None] = {}
        self.sale.must(c.OpenEvent())

    def put(self, command: c.Command, role: Role, by: str, id: str | None = None) -> Outcome:
        outcome = self.sale.ask(command, role, by, id=id)
        if outcome.records:
            entry = outcome.records[0].entry
            assert entry.command is not None
            assert (by, entry.command) not in self.acted
            self.acted[by, entry.command] = entry.position
        return outcome

    def secret(self, base: int) -> int:
        """Give an amount with an ending of its own."""
        self.secrets += 1
        return base * 1000 + SECRETS_FROM + self.secrets % 498

    @rule(lot=LOTS, name=NAMES, base=BASES)
    def bid(self, lot: int, name: str, base: int) -> None:
        self.put(c.PlaceBid(lot, base * 1000), Role.DONOR, name)

    @rule(lot=LOTS, name=NAMES, over=st.integers(-1, 3))
    def bid_near_the_ask(self, lot: int, name: str, over: int) -> None:
        amount = self.sale.lot(lot).standing.min_next + over * 1000
        self.put(c.PlaceBid(lot, amount), Role.DONOR, name)

    @rule(lot=LOTS, name=NAMES, base=BASES)
    def leave_a_max(self, lot: int, name: str, base: int) -> None:
        self.put(c.SetMaxBid(lot, self.secret(base)), Role.DONOR, name)

    @rule(lot=LOTS, name=NAMES, units=st.integers(1, 3))
    def buy(self, lot: int, name: str, units: int) -> None:
        self.put(c.Buy(lot, units), Role.DONOR, name)

    @rule(
        lot=st.sampled_from([PLEDGE_LOT, PLEDGE_LOT, PLEDGE_LOT, 1]),
        name=NAMES,
        level=st.sampled_from([1_000_000, 2_000_000, 1]),
        count=st.integers(1, 3),
        confirm=st.booleans(),
    )
    def make_a_pledge(self, lot: int, name: str, level: int, count: int, confirm: bool) -> None:
        self.put(c.Pledge(lot, level, count, confirm), Role.DONOR, name)

    @rule(
        kind=st.sampled_from(["match", "challenge", "void", "void"]),
        ratio=st.sampled_from([33, 100, 10_000]),
        amount=st.integers(1, 9),
        pick=st.integers(0, 9),
    )
    def promise_or_void(self, kind: str, ratio: int, amount: int, pick: int) -> None:
        fund = self.sale.lot(PLEDGE_LOT).fund
        assert fund is not None
        standing = list(fund.pledges)
        commands: dict[str, c.Command] = {
            "match": c.SetMatch(PLEDGE_LOT, ratio, amount * 900_000),
            "challenge": c.SetChallenge(PLEDGE_LOT, amount * 1_000_000, 700_000),
            "void": c.VoidPledge(standing[pick % len(standing)] if standing else pick, "x"),
        }
        self.put(commands[kind], Role.AUCTIONEER, "auctioneer")

    @rule(
        lot=st.sampled_from([3, CHOICE_LOT, CHOICE_LOT]),
        names=st.lists(NAMES, min_size=1, max_size=4),
    )
    def bring_to_the_hammer(self, lot: int, names: list[str]) -> None:
        bids = [c.FloorBid(lot, self.sale.book.state.paddle_of[name]) for name in names]
        for command in (c.OpenLot(lot), *bids, c.SellLot(lot, override_reserve=True)):
            self.put(command, Role.ADMIN, "admin")

    @precondition(lambda self: self.sale.lot(CHOICE_LOT).choice is not None)
    @rule(name=st.none() | NAMES, units=st.integers(1, 4))
    def choose(self, name: str | None, units: int) -> None:
        win, state = self.sale.lot(CHOICE_LOT).choice, self.sale.book.state
        assert win is not None
        paddle = win.paddle if name is None else state.paddle_of[name]
        self.put(c.ChooseUnits(CHOICE_LOT, units, paddle), Role.CLERK, "clerk")

    @precondition(lambda self: self.sold_lots())
    @rule(data=st.data(), role=st.sampled_from([Role.AUCTIONEER, Role.ADMIN, Role.ADMIN]))
    def offer(self, data: st.DataObject, role: Role) -> None:
        lot = data.draw(st.sampled_from(self.sold_lots()))
        self.put(c.OfferRunnerUp(lot, "unpaid"), role, role.value)

    def sold_lots(self) -> list[int]:
        lots = self.sale.book.state.lots
        return [number for number, lot in lots.items() if lot.standing.state == "sold"]

    @precondition(lambda self: self.offered())
    @rule(data=st.data(), name=st.none() | NAMES, accept=st.booleans())
    def answer(self, data: st.DataObject, name: str | None, accept: bool) -> None:
        lot, paddle = data.draw(st.sampled_from(self.offered()))
        paddle = paddle if name is None else self.sale.book.state.paddle_of[name]
        self.put(c.AnswerOffer(lot, accept, paddle), Role.CLERK, "clerk")

    def offered(self) -> list[tuple[int, int]]:
        lots = self.sale.book.state.lots.items()
        return [(number, lot.offer.paddle) for number, lot in lots if lot.offer is not None]

    @rule(lot=st.none() | LOTS, rarely=st.integers(0, 19))
    def end_by_hand(self, lot: int | None, rarely: int) -> None:
        if rarely == 0:
            command = c.CloseEvent() if lot is None else c.WithdrawLot(lot, "broken")
            self.put(command, Role.ADMIN, "admin")

    @rule(data=st.data())
    def take_a_snapshot(self, data: st.DataObject) -> None:
        state = self.twin.state
        size = data.draw(st.integers(1, 20))
        for upto, chunk in encode_chunks(state, self.twin, self.chunked, size):
            assert upto == self.chunked + size
            self.chunks.append(chunk)
            self.chunked = upto
        assert state.position - self.chunked < size
        body = encode_body(state, self.twin.head, self.twin, self.chunked)
        self.snapshot = (body, self.replayed)

    @rule()
    def restart_from_the_snapshot(self) -> None:
        """Go on with a book restored from a snapshot and the records after it."""
        if self.snapshot is not None:
            body, taken = self.snapshot
            self.twin, chunked = restore(body, self.chunks)
            assert chunked == self.chunked
            again = encode_body(self.twin.state, self.twin.head, self.twin, chunked)
            assert again == body
            for chained in self.sale.written[taken : self.replayed]:
                self.twin.replay(chained.body)
            assert self.twin.next_due() == self.sale.book.next_due()

    @rule(lot=LIVE_LOTS, name=st.none() | NAMES, base=st.none() | BASES)
    def floor(self, lot: int, name: str | None, base: int | None) -> None:
        paddle = None if name is None else PADDLES[name]
        amount = None if base is None else base * 1000
        self.put(c.FloorBid(lot, paddle, amount), Role.CLERK, "clerk")

    @rule(
        lot=LIVE_LOTS,
        name=NAMES,
        base=BASES,
        role=STAFF,
        kind=st.sampled_from(
            ["open", "open", "ask", "warn", "call", "assign", "sell", "pass", "reopen", "undo"]
        ),
    )
    def run_the_room(self, lot: int, name: str, base: int, role: Role, kind: str) -> None:
        commands: dict[str, c.Command] = {
            "open": c.OpenLot(lot),
            "ask": c.SetAsk(lot, base * 1000, None if base % 2 else 7000),
            "warn": c.FairWarning(lot),
            "call": c.FinalCall(lot),
            "assign": c.AssignFloor(lot, PADDLES[name]),
            "sell": c.SellLot(lot, override_reserve=bool(base % 2)),
            "pass": c.PassLot(lot),
            "reopen": c.ReopenLot(lot, "asked for"),
            "undo": c.Undo(lot),
        }
        self.put(commands[kind], role, role.value)

    @rule(
        lot=LOTS,
        name=NAMES,
        role=STAFF,
        kind=st.sampled_from(["undo", "undo", "retract", "ban", "free", "lock", "renumber"]),
        number=st.integers(100, 110),
    )
    def correct(self, lot: int, name: str, role: Role, kind: str, number: int) -> None:
        paddle = self.sale.book.state.paddle_of[name]
        commands: dict[str, c.Command] = {
            "undo": c.Undo(lot),
            "retract": c.RetractBids(lot, paddle, "a mistake"),
            "ban": c.LockPaddle(paddle, "unpaid", ban=True),
            "free": c.UnlockPaddle(paddle),
            "lock": c.LockRemote(lot, on=bool(number % 2)),
            "renumber": c.ChangePaddle(paddle, new_paddle=number),
        }
        self.put(commands[kind], role, role.value)

    @rule(later=st.sampled_from([0, 1, 999, 20_000, 59_999, 60_000, 120_000]))
    def time_passes(self, later: int) -> None:
        self.sale.fire(self.sale.now + later)

    @rule(later=st.sampled_from([1, 30_000]), outage=st.sampled_from([199, 200, 2_000, 90_000]))
    def pause_or_fail(self, later: int, outage: int) -> None:
        if self.put(c.PauseEvent("dinner"), Role.ADMIN, "admin").refusal is None:
            self.sale.fire(self.sale.now + later)
            self.put(c.ResumeEvent(), Role.ADMIN, "admin")
        self.sale.now += outage
        recovered = self.sale.book.recover(self.sale.now - outage, self.sale.now)
        self.sale.written += recovered.records if recovered else ()

    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        """The same id with another body never acts, whoever asks."""
        if self.acted:
            by, id = data.draw(st.sampled_from(sorted(self.acted)))
            outcome = self.sale.ask(c.Announce(f"not {id}"), Role.ADMIN, by, id=id)
            assert outcome.refusal is not None
            assert outcome.refusal.code is Code.ID_REUSED

    @invariant()
    def replay_follows(self) -> None:
        for chained in self.sale.written[self.replayed :]:
            self.twin.replay(chained.body)
            assert self.twin.head == chained.head
            self.watch(chained)
        self.replayed = len(self.sale.written)
        assert self.twin.state == self.sale.book.state
        assert self.twin.answers == self.sale.book.answers

    def watch(self, chained: Chained) -> None:
        """Check the twin just after one record, which is the state that the record leaves."""
        state, entry = self.twin.state, chained.entry
        for number, lot in state.lots.items():
            price, before = lot.standing.price, self.prices.get(number)
            own = getattr(entry.fact, "lot", None) == number
            offered = getattr(entry.fact, "how", None) == "offer"
            if before is not None and not (own and (offered or entry.fact.type in FALLS)):
                assert price is not None
                assert price >= before
            self.prices[number] = price
        if isinstance(entry.fact, FundFact):
            fund = state.lots[entry.fact.lot].fund
            assert fund is not None
            told = (entry.fact.total, entry.fact.match, entry.fact.donors)
            assert told == (fund.total, fund.match, fund.donors)
        if entry.seq is not None:
            shown = numbers(orjson.loads(wire_fact(entry).encoded()))
            assert not shown & secrets_of(state.lots.values())

    @invariant()
    def seqs_have_no_gap(self) -> None:
        entries = [chained.entry for chained in self.sale.written]
        assert [entry.position for entry in entries] == list(range(1, len(entries) + 1))
        seqs = [entry.seq for entry in entries if entry.seq is not None]
        assert seqs == list(range(1, len(seqs) + 1))
        assert self.sale.book.state.seq == len(seqs)

    @invariant()
    def standings_are_sound(self) -> None:
        for lot in self.sale.book.state.lots.values():
            standing = lot.standing
            assert (standing.price is None) == (standing.ceiling is None)
            if standing.price is not None and standing.ceiling is not None:
                assert standing.ceiling >= standing.price
                assert standing.min_next > standing.price
                if (reserve := lot.definition.reserve) is not None:
                    assert standing.reserve_met is (standing.ceiling >= reserve)
                    assert standing.price >= reserve or not standing.reserve_met
            elif lot.mode in ("silent", "live"):
                assert standing.leader is None
                assert standing.bid_count == 0
            if lot.mode == "sale" or lot.is_choice:
                assert lot.units_sold <= lot.definition.quantity
            assert lot.standing.state != "sold" or lot.wins

    @invariant()
    def sums_are_those_of_the_wins(self) -> None:
        state, sums = self.sale.book.state, dict[int, int]()
        given = 0
        for lot in state.lots.values():
            for win in lot.wins:
                sums[win.paddle] = sums.get(win.paddle, 0) + win.amount * win.units
            if lot.fund is not None:
                given += lot.fund.match
                for pledge in lot.fund.pledges.values():
                    sums[pledge.paddle] = sums.get(pledge.paddle, 0) + pledge.amount
        assert {row["paddle"]: row["total"] for row in leaderboard(state)} == sums
        assert state.raised == sum(sums.values()) + given

    @invariant()
    def funds_add_up(self) -> None:
        fund = self.sale.lot(PLEDGE_LOT).fund
        assert fund is not None
        pledges = fund.pledges.values()
        assert fund.total == sum(pledge.amount for pledge in pledges)
        assert fund.donors == len({pledge.paddle for pledge in pledges})
        assert fund.match >= sum(pledge.matched for pledge in pledges)
        assert fund.challenge is None or fund.total < fund.challenge.threshold
        if fund.matching is not None:
            given = sum(p.matched for p in pledges if p.source == fund.matching.seq)
            assert given == fund.matching.used <= fund.matching.cap

    @invariant()
    def offers_go_to_others_once(self) -> None:
        for lot in self.sale.book.state.lots.values():
            paddles = [offer.paddle for offer in lot.offers]
            assert len(paddles) == len(set(paddles))
            assert not lot.offers or lot.standing.state == "sold"
            if lot.offer is not None:
                assert lot.offer.paddle not in {win.paddle for win in lot.wins}

    @invariant()
    def one_live_lot_is_open_in_the_ring(self) -> None:
        running = [lot for lot in self.sale.book.state.running_lots() if lot.mode == "live"]
        assert len(running) <= 1

    @invariant()
    def views_keep_secrets(self) -> None:
        state = self.sale.book.state
        hidden = secrets_of(state.lots.values())
        for lot in state.lots.values():
            assert not numbers(lot_view(lot)) & hidden
        for paddle in state.paddles:
            maxes = own_view(state, paddle)["maxes"]
            own = {
                number
                for number, lot in state.lots.items()
                if lot.standing.leader == paddle or paddle in lot.absentees
            }
            assert {int(number) for number in maxes} <= own


def numbers(value: Any) -> set[int]:
    """Give every integer in a JSON value that is as large as an amount here."""
    if isinstance(value, dict):
        return set().union(*map(numbers, value.values()))
    if isinstance(value, list):
        return set().union(*map(numbers, value))
    return {value} if type(value) is int and value >= 900_000 else set()


def secrets_of(lots: Any) -> set[int]:
    """Give the maxes and reserves that nobody else may know."""
    hidden: set[int] = set()
    for lot in lots:
        hidden |= _secrets(lot)
    return hidden


def _secrets(lot: Lot) -> set[int]:
    standing = lot.standing
    secrets: set[int] = set()
    if lot.definition.reserve is not None and not standing.reserve_met:
        secrets.add(lot.definition.reserve)
    if not lot.has_ended and standing.ceiling is not None and standing.ceiling != standing.price:
        secrets.add(standing.ceiling)
    if standing.state == "queued":
        secrets |= {left.max for left in lot.absentees.values()}
    return {amount for amount in secrets if amount % 1000 >= SECRETS_FROM}


TestSale = SaleMachine.TestCase
TestSale.settings = settings(
    max_examples=300,
    stateful_step_count=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
