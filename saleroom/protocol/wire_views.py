"""What stands in snapshots, lists and definitions, as types.

Owns: the declared form of the views that `views.py` encodes and of the definitions that
`auction/definition.py` reads. Invariant: a test holds what is sent against these classes. Must not
know: who reads them, or by which way. Source: PROTOCOL 4 and 7, RULES "Events and lots".
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import attrs

from saleroom.auction.definition import HOUR_MS, SECOND_MS, TIME_MAX
from saleroom.auction.money import AMOUNT_MAX
from saleroom.protocol.shapes import (
    ABSENT,
    NUMBER_MAX,
    Chars,
    Example,
    Items,
    Money,
    Named,
    Number,
    Schema,
    Text,
    Time,
    Whole,
    on_wire,
)

Mode = Literal["silent", "live", "pledge", "sale"]
LotState = Literal[
    "queued", "open", "fair_warning", "final_call", "sold", "passed", "withdrawn", "closed"
]
Status = Literal["draft", "published", "open", "paused", "closed"]
How = Literal["hammer", "clock", "buy_now", "purchase", "offer"]
RoleName = Literal["donor", "clerk", "auctioneer", "admin", "operator"]
SoftWindow = Annotated[int, Whole(SECOND_MS, HOUR_MS), Example(120_000)]
SoftCap = Annotated[int, Whole(0, 4 * HOUR_MS), Example(3_600_000)]
Currency = Annotated[str, Chars(3, 3, "[A-Z]{3}", "is a three-letter code"), Example("USD")]

_AMOUNT = {"type": "integer", "minimum": 1, "maximum": AMOUNT_MAX}
_RUNG = {
    "type": "array",
    "prefixItems": [{"type": "integer", "minimum": 0, "maximum": AMOUNT_MAX}, _AMOUNT],
    "minItems": 2,
    "maxItems": 2,
}
_RUNGS = {"type": "array", "items": _RUNG, "minItems": 1}
_FIRST_RUNG = {**_RUNG, "prefixItems": [{"const": 0}, _AMOUNT]}
LadderGiven = Annotated[
    Any,
    Schema(
        {
            "anyOf": [
                {"type": "string", "pattern": "^(?:gala|ebay|flat:[1-9][0-9]{0,12})$"},
                {**_RUNGS, "prefixItems": [_FIRST_RUNG]},
            ]
        }
    ),
    Named("LadderGiven", "A built-in ladder, `flat:N`, or `[[from, step], …]` as in rule 1."),
    Example("gala"),
]
Ladder = Annotated[
    Any,
    Schema(_RUNGS),
    Named("Ladder", "`[[from, step], …]`: the step of a price is that of the greatest `from`."),
    Example([[0, 500], [10_000, 1_000]]),
]
Levels = Annotated[list[Money], Items(0, 100, is_set=True), Example([100_000, 50_000, 10_000])]


@attrs.frozen
class SoftCloseGiven:
    """How late bids move an end (rule 7), in ms; what is left out takes its default."""

    window: SoftWindow | None = None
    extension: SoftWindow | None = None
    cap: SoftCap | None = None
    start_from: Literal["bid", "end"] | None = on_wire("from", None)


@attrs.frozen
class SoftClose:
    """How late bids move an end (rule 7), in ms; without `cap` there is no limit."""

    window: SoftWindow
    extension: SoftWindow
    start_from: Literal["bid", "end"] = on_wire("from")
    cap: SoftCap = ABSENT


@attrs.frozen
class LotFields:
    """What may be said of a lot besides its number, title, mode and opening."""

    ladder: LadderGiven | None = None
    reserve: Money | None = None
    buy_now: Money | None = None
    quantity: Annotated[int, Whole(0, NUMBER_MAX), Example(1)] | None = None
    starts_at: Time | None = None
    ends_at: Annotated[int, Whole(0, TIME_MAX), Example(1_767_312_000_000)] | None = None
    soft_close: SoftCloseGiven | None = None
    levels: Levels | None = None
    goal: Money | None = None
    donor_paddle: Number | None = None
    fmv: Annotated[int, Whole(0, AMOUNT_MAX), Example(9_000)] | None = None
    group: Text | None = None
    ring: Text | None = None


@attrs.frozen
class MatchView:
    """A match that acts on new pledges; `used` is what it has given of its cap."""

    ratio_percent: int
    cap: int
    used: int


@attrs.frozen
class ChallengeView:
    """A challenge that has not been met: `amount` is added when pledges reach `threshold`."""

    threshold: int
    amount: int


@attrs.frozen
class OfferView:
    """A lot offered to the next bidder, at their own last bid of one unit, until they answer."""

    paddle: int
    amount: int


@attrs.frozen
class ChoiceView:
    """How many units the winner of a choice lot may take, until they choose."""

    paddle: int
    units: int


@attrs.frozen
class LotSnapshot:
    """A lot as it stands for everybody; amounts in the minor unit, times in ms."""

    lot: int
    title: str
    mode: Mode
    state: LotState
    price: int | None
    leader: int | None
    min_next: int
    bid_count: int
    ends_at: int | None
    ask: int | None
    reserve_met: bool | None
    buy_now: int | None
    remaining: int | None
    total: int | None
    match: int | None
    donors: int | None
    levels: list[int] = attrs.field(factory=list)
    goal: int | None = None
    participation: float = 0.0
    matching: MatchView | None = None
    challenge: ChallengeView | None = None
    remote_locked: bool = False
    offer: OfferView | None = None
    choice: ChoiceView | None = None


@attrs.frozen
class EventSnapshot:
    """The event itself."""

    id: str
    title: str
    status: Status
    currency: str
    server_time: int


@attrs.frozen
class Standing:
    """A paddle's place: `total` is what it has won and given, `standing` what it leads by."""

    paddle: int
    total: int
    standing: int


@attrs.frozen
class Own:
    """What a bidder sees of their own: `maxes` by lot."""

    paddle: int | None
    locked: bool
    maxes: dict[str, int]
    leading: list[int]
    won: list[int]


@attrs.frozen
class You(Own):
    """Who the server takes you for, and how you stand."""

    role: RoleName | None
    name: str | None


@attrs.frozen
class Snapshot:
    """The whole event as it stands."""

    event: EventSnapshot
    lots: list[LotSnapshot]
    leaderboard: list[Standing]
    raised: int
    you: Own


@attrs.frozen
class TreeNode:
    """One child of the supervision tree and what is below it; `since` in ms."""

    path: str
    kind: Literal["supervisor", "worker", "pool"]
    strategy: Literal["one_for_one", "one_for_all", "rest_for_one"] | None
    state: Literal["starting", "running", "backing_off", "stopping", "stopped", "failed"]
    since: int
    restarts: int
    last_error: str | None
    stats: dict[str, Any]
    children: list[TreeNode]
