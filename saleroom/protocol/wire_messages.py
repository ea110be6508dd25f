"""What the server says on a websocket, as types.

Owns: the declared form of every server message but the facts (`fact_schema.py`). Invariant: a test
holds what `answers.py`, `notices.py` and the sessions send against these classes. Must not know:
how they are encoded. Source: PROTOCOL 2 to 4 and 8.
"""

from __future__ import annotations

from typing import Any, Literal

import attrs

from saleroom.protocol.shapes import ABSENT
from saleroom.protocol.wire_views import Snapshot, Standing, TreeNode, You


@attrs.frozen
class Welcome:
    """The answer to hello: where you stand, and everything else unless you have resumed."""

    type: Literal["welcome"]
    event: str
    epoch: str
    seq: int
    server_time: int
    recovered: bool
    you: You
    heartbeat_ms: int
    snapshot: Snapshot = ABSENT


@attrs.frozen
class Ack:
    """An accepted command; a bid's answer also says how its lot stands."""

    type: Literal["ack"]
    re: str | None
    as_of: int
    hash: str = ABSENT
    seq: int = ABSENT
    lot: int = ABSENT
    price: int | None = ABSENT
    leader: int | None = ABSENT
    min_next: int = ABSENT
    leading: bool = ABSENT
    units: int = ABSENT
    remaining: int = ABSENT
    total: int = ABSENT
    match: int = ABSENT
    donors: int = ABSENT
    pledge: int = ABSENT
    paddle: int = ABSENT
    amount: int = ABSENT
    accepted: bool = ABSENT
    expires_at: int = ABSENT


@attrs.frozen
class Nack:
    """A command declined, and whether it may be sent again."""

    type: Literal["nack"]
    re: str | None
    code: str
    message: str
    temporary: bool
    server_time: int
    as_of: int
    lot: int = ABSENT
    price: int | None = ABSENT
    leader: int | None = ABSENT
    min_next: int | None = ABSENT
    left: int = ABSENT
    field: str = ABSENT
    retry_after_ms: int = ABSENT


@attrs.frozen
class Pong:
    """The answer to a ping."""

    type: Literal["pong"]
    re: str | None
    t0: float
    server_time: int


@attrs.frozen
class Outbid:
    """You no longer lead."""

    type: Literal["outbid"]
    lot: int
    price: int | None
    min_next: int


@attrs.frozen
class Won:
    """The lot is yours."""

    type: Literal["won"]
    lot: int
    amount: int


@attrs.frozen
class MaxChanged:
    """What your secret maximum is now."""

    type: Literal["max_changed"]
    lot: int
    max: int | None


@attrs.frozen
class LeaderboardUpdate:
    """The first ten."""

    type: Literal["leaderboard_update"]
    top: list[Standing]
    raised: int


@attrs.frozen
class Presence:
    """How many are here; staff also hear which paddles."""

    type: Literal["presence"]
    bidders: int
    spectators: int
    paddles: list[int] = ABSENT


@attrs.frozen
class Heartbeat:
    """The server lives."""

    type: Literal["heartbeat"]
    server_time: int


@attrs.frozen
class OperatorWelcome:
    """The tree that the changes start from."""

    type: Literal["welcome"]
    tree: TreeNode
    server_time: int
    heartbeat_ms: int


@attrs.frozen
class NodeChange:
    """A node as it is now. removed: it has left the tree, with all that it was shown with."""

    path: str
    kind: str
    strategy: str | None
    state: str
    since: int
    restarts: int
    last_error: str | None
    stats: dict[str, Any]
    removed: Literal[True] = ABSENT


@attrs.frozen
class TreeChanges:
    """What has changed in the tree, at most four times a second."""

    type: Literal["tree"]
    changes: list[NodeChange]


@attrs.frozen
class OperatorAck:
    """An operator's command that was done. expires_at: of the token that a refresh brought."""

    type: Literal["ack"]
    re: str | None
    server_time: int
    expires_at: int = ABSENT


@attrs.frozen
class OperatorNack:
    """An operator's command that was not done."""

    type: Literal["nack"]
    re: str | None
    code: str
    message: str
    temporary: bool
    server_time: int


EVENT_MESSAGES = (
    Welcome,
    Ack,
    Nack,
    Pong,
    Outbid,
    Won,
    MaxChanged,
    LeaderboardUpdate,
    Presence,
    Heartbeat,
)
"""All but the feed, which holds facts."""
OPERATOR_MESSAGES = (OperatorWelcome, TreeChanges, OperatorAck, OperatorNack, Pong, Heartbeat)
