"""Notices: what one paddle alone is told, and what everyone is told without a seq.

Owns: their encoding. Invariant: a notice goes to its paddle's connections only; none is journaled.
Source: PROTOCOL section 4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson


def outbid(lot: int, price: int | None, min_next: int) -> bytes:
    """Tell a paddle that it no longer leads."""
    return orjson.dumps({"type": "outbid", "lot": lot, "price": price, "min_next": min_next})


def won(lot: int, amount: int) -> bytes:
    """Tell a paddle that the lot is theirs."""
    return orjson.dumps({"type": "won", "lot": lot, "amount": amount})


def max_changed(lot: int, maximum: int | None) -> bytes:
    """Tell a paddle's screens what its max is now."""
    return orjson.dumps({"type": "max_changed", "lot": lot, "max": maximum})


def leaderboard_update(top: Sequence[Mapping[str, Any]], raised: int) -> bytes:
    """Tell everyone the first ten."""
    return orjson.dumps({"type": "leaderboard_update", "top": list(top), "raised": raised})


def presence(bidders: int, spectators: int, paddles: Sequence[int] | None = None) -> bytes:
    """Tell everyone how many are here, and staff which paddles."""
    message: dict[str, Any] = {"type": "presence", "bidders": bidders, "spectators": spectators}
    if paddles is not None:
        message["paddles"] = list(paddles)
    return orjson.dumps(message)


def heartbeat(server_time: int) -> bytes:
    """Show a silent client that the server lives."""
    return orjson.dumps({"type": "heartbeat", "server_time": server_time})
