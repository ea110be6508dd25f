"""Retention: what has been kept for long enough is removed by itself.

Owns: how long each kind is kept, and the daily round. Invariant: a kind without a period is kept;
the journal is never touched. Must not know: what the rows say. Source: I5, decision 0011.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import attrs

from saleroom.storage.ports import StoreError
from saleroom.storage.privacy_ports import Privacy
from saleroom.supervisor import Child, Rounds

logger = logging.getLogger("saleroom.retention")

ROUND_S = 24 * 3_600.0
RETRY_S = 600.0  # a store that was away is back by then, or soon after
DAY_MS = 24 * 3_600_000
ROWS_AT_ONCE = 1_000  # a statement of some 20 ms, which holds up no bid


@attrs.frozen
class Periods:
    """Days, None for ever. contacts: of an event's guests once it has closed."""

    contacts: int | None = None
    sign_ins: int | None = None
    audit: int | None = None


@attrs.frozen
class RetentionStatistics:
    """Counted since the start."""

    rounds: int
    contacts_removed: int
    sign_ins_removed: int
    audit_removed: int
    failures: int


@attrs.define(eq=False)
class Retention:
    """`run` as a child of the tree."""

    privacy: Privacy
    periods: Periods
    now_ms: Callable[[], int]
    _rounds: int = attrs.field(init=False, default=0)
    _contacts: int = attrs.field(init=False, default=0)
    _sign_ins: int = attrs.field(init=False, default=0)
    _audit: int = attrs.field(init=False, default=0)
    _work: Rounds = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        errors = (StoreError,)
        self._work = Rounds("retention", self.go_round, logger, errors, ROUND_S, RETRY_S)

    async def run(self, child: Child) -> None:
        """Go round once a day until asked to stop, and first when a store has had time to come."""
        await self._work.run(child)

    async def go_round(self) -> None:
        """Remove what has had its time. Raises StoreError."""
        privacy, periods = self.privacy, self.periods
        self._contacts += await self._drop(privacy.drop_contacts, periods.contacts)
        self._sign_ins += await self._drop(privacy.drop_sign_ins, periods.sign_ins)
        self._audit += await self._drop(privacy.drop_audit, periods.audit)
        self._rounds += 1

    def statistics(self) -> RetentionStatistics:
        """Count rounds and what they removed."""
        return RetentionStatistics(
            self._rounds, self._contacts, self._sign_ins, self._audit, self._work.failures
        )

    async def _drop(self, drop: Callable[[int, int], Awaitable[int]], days: int | None) -> int:
        if days is None:
            return 0
        before_ms, removed = self.now_ms() - days * DAY_MS, 0
        while count := await drop(before_ms, ROWS_AT_ONCE):
            removed += count
        return removed
