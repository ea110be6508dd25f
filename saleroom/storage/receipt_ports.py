"""The interface behind which it is kept whose receipts were sent on their way.

Owns: the shape of a receipt that is owed. Invariant: an invoice's receipt is owed once by itself,
however often its folio changes and whoever looks; a folio that has changed is looked at until
somebody has said so. Must not know: what a receipt says. Source: issue 8 point 4, decision 0025.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import attrs

TOPIC = "receipt"
"""Of the outbox row that owes one."""


@attrs.frozen
class OwedReceipt:
    """The receipt of an invoice; payload: of its outbox row."""

    invoice: int
    payload: Mapping[str, Any]


class ReceiptLog(Protocol):
    """Every call may raise StoreUnavailable; a write OutcomeUnknown."""

    async def changed(self, limit: int) -> list[tuple[str, int]]:
        """Give (event, paddle) of folios that have changed since they were looked at."""

    async def looked(
        self, event: str, paddle: int, version: int, receipts: Sequence[OwedReceipt], at_ms: int
    ) -> None:
        """Note up to which version a folio was looked at, and owe those receipts not owed yet."""
