"""Facts: what was decided, as the journal keeps it and as the feed shows it.

Owns: the typed form of every fact. Invariant: a fact holds all that `apply` needs, so that replay
reads nothing else; what is marked `house()` never leaves the house. A public fact takes a seq, a
private one does not. Names and phones never stand in a fact. Source: PROTOCOL section 4, I5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import attrs

from saleroom.auction.values import value


def house(default: Any = attrs.NOTHING) -> Any:
    """Declare a field that the journal keeps and the feed leaves out."""
    return attrs.field(default=default, metadata={"house": True})


def _pairs(raw: Any) -> tuple[tuple[int, int], ...]:
    return tuple((key, value) for key, value in raw)


@value
class Fact:
    """Anything decided. type: its name in the journal and on the wire."""

    type: ClassVar[str]
    public: ClassVar[bool] = True
    version: ClassVar[int] = 1


@value
class LotFact(Fact):
    """A fact about one lot."""

    lot: int


@attrs.frozen
class EventDefined(Fact):
    """The event's whole definition, the first fact of its journal, as plain data.

    chain_key: 64 hex digits, drawn by chance and known to the house alone; see record.py.
    """

    type = "event_defined"
    public = False
    event: Mapping[str, Any]
    lots: Sequence[Mapping[str, Any]]
    paddles: Sequence[Mapping[str, Any]]
    chain_key: str = house()


@attrs.frozen
class EventOpened(Fact):
    type = "event_opened"


@attrs.frozen
class EventPaused(Fact):
    type = "event_paused"
    reason: str


@attrs.frozen
class EventResumed(Fact):
    """ends: `(lot, ends_at)` of every lot whose end moved. shift: ms the event stood still."""

    type = "event_resumed"
    ends: tuple[tuple[int, int], ...] = attrs.field(converter=_pairs)
    shift: int = house()


@attrs.frozen
class EventClosed(Fact):
    """Sale lots that still ran, because units of them were sold, end with it as sold."""

    type = "event_closed"


@attrs.frozen
class Announcement(Fact):
    type = "announcement"
    text: str


@attrs.frozen
class SoftCloseSet(Fact):
    """policy: `{window, extension, cap?, from}`."""

    type = "soft_close_set"
    policy: Mapping[str, Any]


@attrs.frozen
class LotAdded(LotFact):
    """definition: the lot's plain form; the reserve in it stays in the house."""

    type = "lot_added"
    definition: Mapping[str, Any]


@attrs.frozen
class LotChanged(LotFact):
    type = "lot_changed"
    definition: Mapping[str, Any]


@attrs.frozen
class LotOpened(LotFact):
    """ends_at: a silent lot's end, None for a live one."""

    type = "lot_opened"
    ends_at: int | None = None


@attrs.frozen
class LotReopened(LotFact):
    """fresh: a new round without the old bids, as after a pass, or for a choice lot's rest."""

    type = "lot_reopened"
    fresh: bool
    reason: str | None = house(None)


@attrs.frozen
class LotWarned(LotFact):
    """stage: fair_warning or final_call."""

    type = "lot_warned"
    stage: str


@attrs.frozen
class AskChanged(LotFact):
    """step: replaces the ladder for the rest of the lot."""

    type = "ask_changed"
    ask: int
    step: int | None = house(None)


@attrs.frozen
class LotExtended(LotFact):
    """original_end: the end that a cap counts from. cause: soft_close, extended or outage."""

    type = "lot_extended"
    ends_at: int
    original_end: int = house()
    cause: str = house()


@attrs.frozen
class RemoteLocked(LotFact):
    type = "remote_locked"
    on: bool


@value
class BidPlaced(LotFact):
    """A bid that moved the price, or met the reserve.

    paddle: who leads after it. bidder: whose bid it was. amount: the price after it. bid: what was
    bid, a ceiling when `is_max`. ceiling: the leader's max after it. counts: whether it added a
    bid. Both paddles are None for a floor bid that has no paddle yet.
    """

    type = "bid_placed"
    paddle: int | None
    bidder: int | None
    amount: int
    min_next: int
    bid_count: int
    source: str
    reserve_met: bool | None
    bid: int = house()
    is_max: bool = house()
    ceiling: int = house()
    counts: bool = house(True)
    ends_at: int | None = None
    ask: int | None = None


@value
class MaxRaised(LotFact):
    """A leader's silent raise (rule 4)."""

    type = "max_raised"
    public = False
    paddle: int
    max: int


@attrs.frozen
class AbsenteeLeft(LotFact):
    """A max left on a live lot before it opens (rule 14)."""

    type = "absentee_left"
    public = False
    paddle: int
    max: int


@attrs.frozen
class FloorAssigned(LotFact):
    type = "floor_assigned"
    paddle: int


@attrs.frozen
class ItemSold(LotFact):
    """amount: of one unit. how: hammer, clock, buy_now, purchase or offer."""

    type = "item_sold"
    paddle: int
    amount: int
    units: int
    how: str
    remaining: int | None = None


@attrs.frozen
class UnitsChosen(LotFact):
    """units: what the winner takes in all. remaining: of the lot."""

    type = "units_chosen"
    paddle: int
    units: int
    remaining: int


@attrs.frozen
class OfferMade(LotFact):
    """amount: of one unit. instead_of: the winner who defaulted, None on a choice lot."""

    type = "offer_made"
    paddle: int
    amount: int
    instead_of: int | None = house(None)
    reason: str | None = house(None)


@attrs.frozen
class OfferAnswered(LotFact):
    type = "offer_answered"
    paddle: int
    accepted: bool


@attrs.frozen
class PaymentRecorded(LotFact):
    """A paddle's part of the lot is paid: from here on it is refunded, never undone (rule 18)."""

    type = "payment_recorded"
    public = False
    paddle: int


@attrs.frozen
class LotPassed(LotFact):
    type = "lot_passed"
    reason: str


@attrs.frozen
class FundFact(LotFact):
    """A fact about a pledge lot, with its sums after it.

    total: of the pledges. match: what matches and challenges met add. donors: paddles that pledged.
    """

    total: int
    match: int
    donors: int


@attrs.frozen
class PledgeMade(FundFact):
    """count pledges of `level` each. matched: what a match gave for them."""

    type = "pledge_made"
    paddle: int
    level: int
    count: int
    matched: int = house()


@attrs.frozen
class PledgeVoided(FundFact):
    """voided: the seq of the fact that made the pledge."""

    type = "pledge_voided"
    voided: int
    paddle: int
    level: int
    count: int
    reason: str = house()


@attrs.frozen
class MatchSet(FundFact):
    type = "match_set"
    ratio_percent: int
    cap: int


@attrs.frozen
class ChallengeSet(FundFact):
    type = "challenge_set"
    threshold: int
    amount: int


@attrs.frozen
class ChallengeMet(FundFact):
    type = "challenge_met"
    amount: int


@attrs.frozen
class PledgeClosed(FundFact):
    type = "pledge_closed"


@attrs.frozen
class LotWithdrawn(LotFact):
    """voided: the pledges and matches of a pledge lot, which end with it; None for other lots."""

    type = "lot_withdrawn"
    reason: str
    voided: int | None = None


@attrs.frozen
class BidUndone(LotFact):
    """undone: the seq of the fact taken back; price, leader, min_next, state: what stands now."""

    type = "bid_undone"
    undone: int
    price: int | None
    leader: int | None
    min_next: int
    state: str


@attrs.frozen
class BidsRetracted(LotFact):
    type = "bids_retracted"
    paddle: int
    price: int | None
    leader: int | None
    min_next: int
    reason: str = house()


@attrs.frozen
class PaddleLocked(Fact):
    type = "paddle_locked"
    paddle: int
    reason: str = house()
    ban: bool = house(False)


@attrs.frozen
class PaddleUnlocked(Fact):
    type = "paddle_unlocked"
    paddle: int


@attrs.frozen
class PaddleAdded(Fact):
    """A registration. user: the account that bids with it, None for a guest at the desk."""

    type = "paddle_added"
    public = False
    paddle: int
    user: str | None = None
    limit: int | None = None
    table: str | None = None
    terms_version: int = 0
    captain: bool | None = None
    opted_in: bool | None = None


@attrs.frozen
class PaddleChanged(Fact):
    """What is None stays as it was."""

    type = "paddle_changed"
    public = False
    paddle: int
    limit: int | None = None
    table: str | None = None
    terms_version: int | None = None
    captain: bool | None = None
    opted_in: bool | None = None
    user: str | None = None


@attrs.frozen
class PaddleRenumbered(Fact):
    """The bidder keeps their history under the new number (rule 19)."""

    type = "paddle_renumbered"
    public = False
    paddle: int
    new_paddle: int


def _all_facts(root: type[Fact]) -> dict[str, type[Fact]]:
    found: dict[str, type[Fact]] = {}
    for cls in root.__subclasses__():
        if "type" in vars(cls):
            found[cls.type] = cls
        found |= _all_facts(cls)
    return found


FACTS: dict[str, type[Fact]] = _all_facts(Fact)
"""Every fact by its name."""

_FIELDS = {cls: tuple(field.name for field in attrs.fields(cls)) for cls in FACTS.values()}
_OPTIONAL = {
    cls: tuple(f.name for f in attrs.fields(cls) if f.default is not attrs.NOTHING)
    for cls in FACTS.values()
}
_SHOWN = {
    cls: tuple(f.name for f in attrs.fields(cls) if not f.metadata.get("house"))
    for cls in FACTS.values()
}


def fact_fields(fact: Fact) -> dict[str, Any]:
    """Give a fact's fields as the journal keeps them: None is left out where it is the default."""
    cls = type(fact)
    fields = {name: getattr(fact, name) for name in _FIELDS[cls]}
    for name in _OPTIONAL[cls]:
        if fields[name] is None:
            del fields[name]
    return fields


def fact_from(name: str, fields: Mapping[str, Any]) -> Fact:
    """Read a fact back from the journal. Raises KeyError or TypeError for what is no fact."""
    return FACTS[name](**fields)


def shown_fields(fact: Fact) -> dict[str, Any]:
    """Give the fields that everyone may see, None included."""
    return {name: getattr(fact, name) for name in _SHOWN[type(fact)]}
