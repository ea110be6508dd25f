"""The published state: what is durable, and therefore what anybody is told.

Owns: the second copy of an event's state, its encoded views, the tail of its feed, and what has
changed since the last feed and the last checkpoint. Invariant: it holds committed facts only, in
order; whatever leaves the event is read from here. Source: I2.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from saleroom.auction import facts as f
from saleroom.auction.apply import apply
from saleroom.auction.lot import Lot
from saleroom.auction.state import Entry, EventState
from saleroom.protocol.feed import Tail
from saleroom.protocol.views import PublicView, own_max
from saleroom.protocol.wire_facts import WireFact, wire_fact


@attrs.frozen
class Before:
    """What a lot had at the last feed, for notices.

    maxes: what each paddle had standing. won_seq: the newest win's, 0 without one. bidders: whose
    bids came since.
    """

    leader: int | None
    maxes: dict[int, int]
    won_seq: int
    bidders: set[int] = attrs.field(factory=set)


def before_of(lot: Lot) -> Before:
    """Note what notices compare with."""
    standing = lot.standing
    maxes = {paddle: left.max for paddle, left in lot.absentees.items() if not lot.is_running}
    if standing.leader is not None:
        maximum = own_max(lot, standing.leader)
        if maximum is not None:
            maxes[standing.leader] = maximum
    won_seq = lot.wins[-1].seq if lot.wins else 0
    return Before(standing.leader if lot.is_running else None, maxes, won_seq)


_TOUCHES_ALL = (f.EventResumed, f.EventClosed, f.PaddleRenumbered)
"""Facts that change several lots."""
_GIVES_PADDLES = (f.PaddleAdded, f.PaddleRenumbered)
"""Facts after which a user holds another paddle, or a first one."""


@attrs.define(eq=False)
class Published:
    """One event as it is told.

    epoch: the journal's identity. touched: the lots changed since the last feed. dirty: the lots
    changed since the last checkpoint, None standing for the event itself. paddles_moved: whether a
    user's paddle has changed since the last feed. banned: the paddles banned since then.
    """

    state: EventState
    epoch: str
    tail: Tail
    view: PublicView = attrs.field(init=False)
    head: bytes = b""
    touched: dict[int, Before] = attrs.field(init=False, factory=dict)
    dirty: set[int | None] = attrs.field(init=False, factory=set)
    paddles_moved: bool = attrs.field(init=False, default=False)
    banned: set[int] = attrs.field(init=False, factory=set)

    def __attrs_post_init__(self) -> None:
        self.view = PublicView(self.state)
        self.touch_all()

    def touch_all(self) -> None:
        """Have everything written at the next checkpoint."""
        self.dirty = {None, *self.state.lots}

    @property
    def seq(self) -> int:
        """The newest public fact's."""
        return self.state.seq

    def take(self, entry: Entry, head: bytes) -> None:
        """Advance by one committed fact."""
        fact = entry.fact
        number = fact.lot if isinstance(fact, f.LotFact) else None
        if number is not None and number not in self.touched:
            lot = self.state.lots.get(number)
            if lot is not None:
                self.touched[number] = before_of(lot)
        if isinstance(fact, f.BidPlaced) and fact.bidder is not None:
            self.touched[fact.lot].bidders.add(fact.bidder)
        apply(self.state, entry)
        self.head = head
        if number is not None:
            self.view.touch(number)
            self.dirty.add(number)
        elif isinstance(fact, _TOUCHES_ALL):
            self.view.touch(None)
            self.touch_all()
        else:
            self.dirty.add(None)
        if isinstance(fact, _GIVES_PADDLES):
            self.paddles_moved = True
            self._touch_participation()
        elif isinstance(fact, f.PaddleLocked) and fact.ban:
            self.banned.add(fact.paddle)
        if entry.seq is not None and entry.seq > self.tail.last_seq:
            self.tail.add(wire_fact(entry))

    def _touch_participation(self) -> None:
        """A pledge lot's participation is a share of all who are registered (rule 23)."""
        for number, lot in self.state.lots.items():
            if lot.mode == "pledge":
                self.view.touch(number)
                self.dirty.add(number)

    def replace(self, state: EventState, head: bytes, tail: Sequence[WireFact]) -> None:
        """Go on from the state of a new incarnation, at least as new as this one.

        tail: its newest public facts. Where they do not reach back to ours, because another server
        ran the event meanwhile, whoever followed it from here starts anew.
        """
        if tail and tail[0].seq > self.tail.last_seq + 1:
            self.tail = Tail(self.tail.limits, tail[0].seq - 1)
        for fact in tail:
            if fact.seq > self.tail.last_seq:
                self.tail.add(fact)
        for number, lot in self.state.lots.items():
            self.touched.setdefault(number, before_of(lot))
        self.state = state
        self.view = PublicView(state)
        self.head = head
        self.paddles_moved = True
        self.touch_all()
