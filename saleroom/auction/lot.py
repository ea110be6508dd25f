"""A lot: its machine as a table, what stands on it, and what was done to it.

Owns: lot states and their transitions; `Standing`, the value that undo brings back. Invariant: a
lot's state changes only along the table; a Standing is never changed, only replaced.
Source: RULES "Events and lots", rules 6, 12 and 17.
"""

from __future__ import annotations

import attrs

from saleroom.auction.definition import LotDefinition
from saleroom.auction.fund import Fund
from saleroom.auction.ladder import Ladder
from saleroom.auction.values import value

QUEUED, OPEN, FAIR_WARNING, FINAL_CALL = "queued", "open", "fair_warning", "final_call"
SOLD, PASSED, WITHDRAWN, CLOSED = "sold", "passed", "withdrawn", "closed"
RUNNING = frozenset({OPEN, FAIR_WARNING, FINAL_CALL})
ENDED = frozenset({SOLD, PASSED, WITHDRAWN, CLOSED})

_ENDINGS = {"sell": SOLD, "pass": PASSED, "withdraw": WITHDRAWN}

MACHINES: dict[str, dict[str, dict[str, str]]] = {
    # mode: {state: {trigger: next state}}
    "live": {
        QUEUED: {"open": OPEN, "pass": PASSED, "withdraw": WITHDRAWN},
        OPEN: {"bid": OPEN, "warn": FAIR_WARNING, "call": FINAL_CALL, **_ENDINGS},
        FAIR_WARNING: {"bid": OPEN, "warn": FAIR_WARNING, "call": FINAL_CALL, **_ENDINGS},
        FINAL_CALL: {"bid": OPEN, "warn": FAIR_WARNING, "call": FINAL_CALL, **_ENDINGS},
        SOLD: {"reopen": OPEN},
        PASSED: {"reopen": OPEN},
    },
    "silent": {
        QUEUED: {"open": OPEN, "pass": PASSED, "withdraw": WITHDRAWN},
        OPEN: {"bid": OPEN, **_ENDINGS},
    },
    "sale": {
        QUEUED: {"open": OPEN, "pass": PASSED, "withdraw": WITHDRAWN},
        OPEN: {"buy": OPEN, **_ENDINGS},
    },
    "pledge": {
        QUEUED: {"open": OPEN, "pass": PASSED, "withdraw": WITHDRAWN},
        OPEN: {"pledge": OPEN, "close": CLOSED, "withdraw": WITHDRAWN},
    },
}


_STEPS = {
    (mode, state, trigger): following
    for mode, machine in MACHINES.items()
    for state, steps in machine.items()
    for trigger, following in steps.items()
}


def next_state(mode: str, state: str, trigger: str) -> str | None:
    """Follow the table; None where it has no such step."""
    return _STEPS.get((mode, state, trigger))


@value
class Standing:
    """What stands on a lot, all that undo brings back. Amounts in the minor unit.

    ceiling: the leader's max, never below the price; equal to it without one. leader: None with a
    price is a floor bid without a paddle. step: replaces the ladder for the rest of the lot.
    reserve_met: None for a lot without a reserve.
    """

    state: str
    min_next: int
    price: int | None = None
    leader: int | None = None
    ceiling: int | None = None
    bid_count: int = 0
    reserve_met: bool | None = None
    step: int | None = None


@value
class Action:
    """Something a person did to a lot, with what stood before it.

    kind: bid, raise, assign, ask, warn, sell, pass, or buy. seq: None for a silent raise. amount:
    what was bid, asked or raised to; for `warn` and the endings it is None.
    """

    position: int
    seq: int | None
    at: int
    kind: str
    before: Standing
    paddle: int | None = None
    amount: int | None = None
    is_max: bool = False
    source: str | None = None
    step: int | None = None
    counts: bool = True


UNDOABLE = frozenset({"bid", "assign", "ask", "warn", "sell", "pass"})


@attrs.frozen
class Absentee:
    """A max left before the opening. order: the position of the paddle's first."""

    paddle: int
    max: int
    order: int


@attrs.frozen
class Win:
    """A paddle's part of a lot: units at `amount` each. may_choose: more units of a choice lot."""

    paddle: int
    amount: int
    units: int
    how: str
    seq: int
    may_choose: bool = False
    is_paid: bool = False


@attrs.frozen
class Offer:
    """A lot, or a unit of it, offered to a bidder at their own last visible bid.

    instead_of: the winner who defaulted, None on a choice lot. is_accepted: None until answered.
    """

    paddle: int
    amount: int
    instead_of: int | None = None
    is_accepted: bool | None = None


@attrs.define
class Lot:
    """A lot in play. Times in ms; `original_end` is the end that a cap counts from.

    actions: this round's, oldest first, without those undone or retracted. past: the actions of
    earlier rounds. offers: those since the lot was sold. fund: what a pledge lot holds, None for
    other lots. dropped: positions of the actions undone. is_rewritten: a retraction or a
    renumbering has replaced actions, so that older snapshots' chunks no longer hold for this lot.
    """

    definition: LotDefinition
    ladder: Ladder
    standing: Standing
    starts_at: int | None
    ends_at: int | None
    original_end: int | None
    remote_locked: bool = False
    actions: list[Action] = attrs.field(factory=list)
    past: list[Action] = attrs.field(factory=list)
    absentees: dict[int, Absentee] = attrs.field(factory=dict)
    wins: list[Win] = attrs.field(factory=list)
    offers: list[Offer] = attrs.field(factory=list)
    fund: Fund | None = None
    dropped: list[int] = attrs.field(factory=list, eq=False)
    is_rewritten: bool = attrs.field(default=False, eq=False)
    number: int = attrs.field(init=False, eq=False)
    mode: str = attrs.field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        self.number, self.mode = self.definition.lot, self.definition.mode

    @property
    def is_running(self) -> bool:
        return self.standing.state in RUNNING

    @property
    def has_ended(self) -> bool:
        return self.standing.state in ENDED

    @property
    def is_choice(self) -> bool:
        """Whether its winner takes as many of several units as they like (rule 20)."""
        return self.mode == "live" and self.definition.quantity > 1

    @property
    def choice(self) -> Win | None:
        """The win whose paddle has yet to choose."""
        is_open = self.standing.state == SOLD and self.wins[-1].may_choose
        return self.wins[-1] if is_open else None

    @property
    def offer(self) -> Offer | None:
        """The offer that waits for an answer."""
        return self.offers[-1] if self.offers and self.offers[-1].is_accepted is None else None

    @property
    def is_settled(self) -> bool:
        """Whether units were chosen or offered since it was sold, so that no undo goes behind."""
        if self.standing.state != SOLD:
            return False
        return bool(self.offers) or (self.is_choice and self.choice is None)

    @property
    def units_sold(self) -> int:
        return sum(win.units for win in self.wins)

    def step(self, price: int, standing: Standing) -> int:
        """Give the increment at a price, as `standing` has it."""
        return standing.step if standing.step is not None else self.ladder.step(price)


def first_standing(definition: LotDefinition, state: str = QUEUED) -> Standing:
    """Give a lot's standing without any bid."""
    return Standing(
        state=state,
        min_next=definition.opening,
        reserve_met=None if definition.reserve is None else False,
    )


def new_lot(definition: LotDefinition, event_ladder: Ladder) -> Lot:
    """Make a queued lot from its definition."""
    return Lot(
        definition=definition,
        ladder=definition.ladder or event_ladder,
        standing=first_standing(definition),
        starts_at=definition.starts_at,
        ends_at=definition.ends_at,
        original_end=definition.ends_at,
        fund=Fund() if definition.mode == "pledge" else None,
    )
