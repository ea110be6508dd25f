"""Kinds of messages: how long each waits and lasts, and by which channels it goes.

Owns: the table. Invariant: a kind that stands here has words in `words.py`, or whoever owes it
brings its own text. Must not know: how a message is sent. Source: issue 8 point 3, decision 0023.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from saleroom.messages.owed import SETTLE_MS

SMS, EMAIL, PUSH = "sms", "email", "push"
CHANNELS: Final = (SMS, EMAIL, PUSH)
RINGS: Final = frozenset({SMS, PUSH})
"""The channels that quiet hours hold back."""

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
DAY_MS: Final = 24 * HOUR_MS


@attrs.frozen
class Kind:
    """One kind. channels: the house's own choice, until a person makes theirs.

    settle_ms: it waits so long, so that what is undone or overtaken is never told. lasts_ms: after
    so long nobody wants it any more. interval_ms: of what is merged, between two; None: told once.
    """

    channels: tuple[str, ...]
    settle_ms: int = 0
    lasts_ms: int = 3 * DAY_MS
    interval_ms: int | None = None


KINDS: Final[Mapping[str, Kind]] = {
    "outbid": Kind((SMS, PUSH), SETTLE_MS, 2 * HOUR_MS, 5 * MINUTE_MS),
    "ending": Kind((SMS, PUSH), 0, 15 * MINUTE_MS, 5 * MINUTE_MS),
    "won": Kind((SMS, EMAIL, PUSH), 30_000),
    "pledge": Kind((EMAIL,), 30_000),
    "closed": Kind((SMS, EMAIL), MINUTE_MS),
    "checkout": Kind((SMS, EMAIL)),
    "receipt": Kind((EMAIL,), 0, 30 * DAY_MS),
}
"""`closed`: the sale is over, for who owes something. `checkout`, `receipt`: owed by the till."""
