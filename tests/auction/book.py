"""A sale to test with: a book of a few lots and paddles, and a small language to play it.

Owns: how tests put commands to a book, deadlines first as an event's actor does, and what holds
after every one of them: a refusal leaves no trace, and the records replay to an equal book.
A script's line reads `[at] [#lot] who does ... => what then holds`. Source: rules 8 and 28, I10.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from saleroom.auction import commands as c
from saleroom.auction.book import Book, Chained, Outcome
from saleroom.auction.buying import units_left
from saleroom.auction.facts import EventDefined
from saleroom.auction.lot import Lot
from saleroom.auction.refusal import Code
from saleroom.auction.roles import Role
from saleroom.auction.state import Asked
from saleroom.protocol.codec import digest_of

CHAIN_KEY = "5a" * 32

PADDLES = {name: 101 + index for index, name in enumerate("ABCDEF")}
"""The donors of every script: A holds paddle 101, B 102, and so on."""
NAMES = {number: name for name, number in PADDLES.items()}
STAFF = {"clerk": Role.CLERK, "auctioneer": Role.AUCTIONEER, "admin": Role.ADMIN}

Raw = Mapping[str, Any]


def silent(lot: int = 1, **fields: Any) -> Raw:
    return {"lot": lot, "title": "A week by the sea", "mode": "silent", "opening": 10000, **fields}


def live(lot: int = 1, **fields: Any) -> Raw:
    return silent(lot, **{"mode": "live", **fields})


def choice(lot: int = 1, **fields: Any) -> Raw:
    return live(lot, **{"quantity": 3, **fields})


def fixed(lot: int = 1, **fields: Any) -> Raw:
    return silent(lot, **{"mode": "sale", "quantity": 3, "opening": 2500, **fields})


def pledge(lot: int = 1, **fields: Any) -> Raw:
    return silent(lot, **{"mode": "pledge", **fields})


@attrs.define
class Sale:
    """A book with all that it wrote, and the time of the last command."""

    book: Book
    written: list[Chained]
    now: int = 0
    ids: int = 0

    def lot(self, number: int = 1) -> Lot:
        return self.book.state.lots[number]

    def fire(self, at: int) -> list[Outcome]:
        """Let the clock come to `at`: every deadline on the way fires."""
        self.now = at
        fired = []
        while (outcome := self.book.fire_due(at)) is not None:
            self.written += outcome.records
            fired.append(outcome)
        return fired

    def ask(
        self,
        command: c.Command,
        role: Role | None = Role.ADMIN,
        by: str = "admin",
        at: int | None = None,
        id: str | None = None,
    ) -> Outcome:
        """Put a command; each has an id of its own unless one is given."""
        self.fire(self.now if at is None else at)
        self.ids += 1
        before = self.trace()
        outcome = self.book.ask(
            Asked(command, by, role, self.now, id or f"auto-{self.ids}", digest_of(command))
        )
        if outcome.refusal is not None:
            assert outcome.records == ()
            assert self.trace() == before, f"{outcome.refusal.code.name} changed something"
        elif (outcome.answer is not None) and outcome.records:
            assert outcome.answer.head == self.book.head == outcome.records[-1].head
        self.written += outcome.records
        return outcome

    def as_donor(self, name: str, command: c.Command, **how: Any) -> Outcome:
        """Put a command as the donor who holds the paddle of this letter."""
        return self.ask(command, Role.DONOR, name, **how)

    def must(self, command: c.Command, role: Role = Role.ADMIN, by: str = "admin") -> Outcome:
        """Put a command that is certain to be taken."""
        outcome = self.ask(command, role, by)
        assert outcome.refusal is None, outcome.refusal
        return outcome

    def refused(self, command: c.Command, **how: Any) -> Code | None:
        """Put a command and give the code of its refusal."""
        refusal = self.ask(command, **how).refusal
        return None if refusal is None else refusal.code

    def facts(self, since: int = 0) -> list[str]:
        """Name the facts written, from an index on."""
        return [chained.entry.fact.type for chained in self.written[since:]]

    def trace(self) -> str:
        """Give everything that a refusal must leave alone."""
        book = self.book
        return f"{book.head.hex()} {len(book.answers)} {book.state!r}"

    def replayed(self) -> Book:
        """Rebuild the book from its records, and hold that it is equal."""
        book = Book.load(self.written[0].body)
        for chained in self.written[1:]:
            assert book.replay(chained.body) == chained.entry
            assert book.head == chained.head
        assert book.state == self.book.state
        assert book.answers == self.book.answers
        assert book.next_due() == self.book.next_due()
        return book


def sale(
    *lots: Raw, opened: bool = True, paddles: Sequence[Raw] | None = None, **event: Any
) -> Sale:
    """Define an event, with the six donors unless told, and open it at 0."""
    held = [{"number": n, "user": name, "terms_version": 1} for name, n in PADDLES.items()]
    fact = EventDefined(
        {"id": "gala", "title": "Spring gala", "currency": "USD", **event},
        list(lots or (silent(),)),
        held if paddles is None else list(paddles),
        CHAIN_KEY,
    )
    book, first = Book.new(fact, "admin", 0)
    made = Sale(book, [first])
    if opened:
        made.must(c.OpenEvent())
    return made


def play(script: str, *lots: Raw, **event: Any) -> Sale:
    """Play a script on a new sale, line by line, and replay it at the end."""
    made = sale(*lots, **event)
    run(made, script)
    return made


def run(made: Sale, script: str) -> None:
    """Play a script on a sale, and replay it at the end."""
    for line in filter(None, map(str.strip, script.splitlines())):
        asked, _, expected = line.partition("=>")
        words = asked.split()
        if words[0].isdigit():
            made.fire(int(words.pop(0)))
        number = int(words.pop(0)[1:]) if words and words[0].startswith("#") else 1
        outcome = _put(made, number, words) if words else None
        got = _observed(made, number, outcome, expected.split())
        assert got == expected.split(), f"{line!r} gave {' '.join(got)}"
    made.replayed()


def _put(made: Sale, number: int, words: Sequence[str]) -> Outcome:
    who, verb, *rest = words
    role = STAFF.get(who, Role.DONOR)
    return made.ask(VERBS[verb](number, rest), role, who)


def _observed(
    made: Sale, number: int, outcome: Outcome | None, expected: Sequence[str]
) -> list[str]:
    """Say what holds in the words of the expectation: a code, or price and leader, and `k=v`."""
    standing, lot = made.lot(number).standing, made.lot(number)
    refusal = outcome.refusal if outcome is not None else None
    values: dict[str, object] = {
        "next": standing.min_next,
        "count": standing.bid_count,
        "max": standing.ceiling,
        "met": standing.reserve_met,
        "state": standing.state,
        "ends": lot.ends_at,
        "left": refusal.extras.get("left") if refusal is not None else units_left(lot),
        "offer": lot.offer and f"{NAMES[lot.offer.paddle]}:{lot.offer.amount}",
        "wins": ",".join(f"{NAMES[w.paddle]}:{w.units}x{w.amount}" for w in lot.wins),
        "total": lot.fund and lot.fund.total,
        "match": lot.fund and lot.fund.match,
        "donors": lot.fund and lot.fund.donors,
        "raised": made.book.state.raised,
        "leading": outcome.answer.fields.get("leading") if outcome and outcome.answer else None,
    }
    named = [word.partition("=")[0] for word in expected if "=" in word]
    if refusal is not None:
        first = [refusal.code.name]
    elif expected and "=" in expected[0]:
        first = []
    elif standing.price is None:
        first = ["-"]
    else:
        leader = "nobody" if standing.leader is None else NAMES[standing.leader]
        first = [str(standing.price), leader]
    return first + [f"{name}={values[name]}" for name in named]


def _amount(words: Sequence[str]) -> int | None:
    return next((int(word) for word in words if word.isdigit()), None)


def _numbers(words: Sequence[str]) -> list[int]:
    return [int(word) for word in words if word.isdigit()]


def _paddle(words: Sequence[str]) -> int | None:
    return next((PADDLES[word] for word in words if word in PADDLES), None)


def _pledge(lot: int, words: Sequence[str]) -> c.Command:
    """Read `pledges LEVEL [COUNT] [again] [PADDLE]`."""
    level, *count = _numbers(words)
    return c.Pledge(lot, level, count[0] if count else 1, "again" in words, _paddle(words))


VERBS: dict[str, Callable[[int, Sequence[str]], c.Command]] = {
    "bids": lambda lot, words: c.PlaceBid(lot, _amount(words) or 0, _paddle(words)),
    "max": lambda lot, words: c.SetMaxBid(lot, _amount(words) or 0, _paddle(words)),
    "buys": lambda lot, words: c.Buy(lot, _amount(words) or 1),
    "pledges": _pledge,
    "chooses": lambda lot, words: c.ChooseUnits(lot, int(words[0]), _paddle(words)),
    "accepts": lambda lot, words: c.AnswerOffer(lot, True, _paddle(words)),
    "declines": lambda lot, words: c.AnswerOffer(lot, False, _paddle(words)),
    "offers": lambda lot, words: c.OfferRunnerUp(lot, "unpaid"),
    "voids": lambda lot, words: c.VoidPledge(int(words[0]), "a mistake"),
    "matches": lambda lot, words: c.SetMatch(lot, *_numbers(words)),
    "challenges": lambda lot, words: c.SetChallenge(lot, *_numbers(words)),
    "floor": lambda lot, words: c.FloorBid(lot, _paddle(words), _amount(words)),
    "assigns": lambda lot, words: c.AssignFloor(lot, PADDLES[words[0]]),
    "asks": lambda lot, words: c.SetAsk(lot, int(words[0]), _amount(words[1:])),
    "opens": lambda lot, words: c.OpenLot(lot),
    "warns": lambda lot, words: c.FairWarning(lot),
    "calls": lambda lot, words: c.FinalCall(lot),
    "sells": lambda lot, words: c.SellLot(lot, _paddle(words), _amount(words), "anyway" in words),
    "passes": lambda lot, words: c.PassLot(lot),
    "reopens": lambda lot, words: c.ReopenLot(lot, words[0] if words else None),
    "withdraws": lambda lot, words: c.WithdrawLot(lot, "broken"),
    "undoes": lambda lot, words: c.Undo(lot, _amount(words)),
    "locks": lambda lot, words: c.LockRemote(lot, on=True),
    "unlocks": lambda lot, words: c.LockRemote(lot, on=False),
    "retracts": lambda lot, words: c.RetractBids(lot, PADDLES[words[0]], "a mistake"),
    "bans": lambda lot, words: c.LockPaddle(PADDLES[words[0]], "unpaid", ban=True),
    "bars": lambda lot, words: c.LockPaddle(PADDLES[words[0]], "unpaid"),
    "frees": lambda lot, words: c.UnlockPaddle(PADDLES[words[0]]),
    "extends": lambda lot, words: c.ExtendLot(lot, int(words[0])),
    "pauses": lambda lot, words: c.PauseEvent("dinner"),
    "resumes": lambda lot, words: c.ResumeEvent(),
    "closes": lambda lot, words: c.CloseEvent(),
}
