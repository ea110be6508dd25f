"""Imports: tables that were checked and wait for a word, and their taking over.

Owns: the shape of an import and the interface that keeps it. Invariant: the rows of an import reach
the catalogue in one transaction with its status, so that they are added once and whole or not at
all. What it holds of people is gone with its confirmation, its removal or its expiry.
Must not know: what a column or a row means to the rules. Source: PROTOCOL 7, decision 0010.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import attrs

if TYPE_CHECKING:
    from saleroom.storage.ports import LotRow, Registration

CHECKED, CONFIRMING, CONFIRMED = "checked", "confirming", "confirmed"


@attrs.frozen
class ImportRow:
    """A table of somebody's. kind: `lots` or `registrations`. rows: one JSON object per line.

    status: checked, confirming (its numbers are given, its commands are on their way), confirmed.
    confirmed_by: whose commands they are, from the first confirmation on.
    """

    id: str
    event: str
    kind: str
    created_by: str
    created_at_ms: int
    expires_at_ms: int
    report: Mapping[str, Any]
    rows: bytes
    status: str = CHECKED
    confirmed_by: str | None = None


class Imports(Protocol):
    """Every call may raise StoreUnavailable, and every call that writes OutcomeUnknown."""

    async def add(self, row: ImportRow) -> None:
        """Keep an import. Raises NotFound (event)."""

    async def get(self, event: str, identifier: str) -> ImportRow:
        """Raises NotFound."""

    async def begin(self, event: str, identifier: str, rows: bytes, by: str) -> ImportRow:
        """Make a checked import a confirming one, with numbers in its rows; give what is kept.

        One that is further already stays as it is. Raises NotFound.
        """

    async def step_back(self, event: str, identifier: str, rows: bytes) -> None:
        """Make a confirming import, of whose commands none was accepted, a checked one again.

        One that is checked or confirmed stays as it is.
        """

    async def finish(
        self,
        event: str,
        identifier: str,
        report: Mapping[str, Any],
        lots: Sequence[LotRow] = (),
        registrations: Sequence[Registration] = (),
        *,
        is_first: bool,
    ) -> None:
        """Add rows to the catalogue and confirm the import, which keeps no rows, in one step.

        is_first: nobody else writes them, and one that is there already is a Conflict; otherwise it
        stays as it is. Raises NotFound, Conflict (also when it was confirmed meanwhile).
        """

    async def remove(self, event: str, identifier: str) -> None:
        """Drop an import, unless its commands are on their way. Raises NotFound, Conflict."""

    async def expire(self, now_ms: int) -> int:
        """Drop what expired at or before `now_ms`, and say how many those were."""
