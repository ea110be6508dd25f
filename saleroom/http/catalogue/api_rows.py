"""Rows: what the catalogue says of an event's lots, kept for reads.

Owns: the kept rows. Invariant: a change made over this server's API is seen by the next read; of a
catalogue that is away, what was read last is shown. Must not know: who reads, or the rules' lots.
Source: PROTOCOL 7, I7.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from saleroom.http.requests.keep import Freshness, Keep
from saleroom.storage.ports import Catalogue, LotRow, StoreUnavailable

ROWS_MAX = 64
"""Of events, as of views."""
ROWS_AGE_S = 1.0
"""What another server, or another program, changed is seen within this."""


@attrs.define(eq=False)
class LotRows:
    """Read the catalogue's rows of events' lots, by number."""

    catalogue: Catalogue
    freshness: Freshness
    _keep: Keep[Mapping[int, LotRow]] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._keep = Keep(self.freshness.edits, ROWS_MAX, ROWS_AGE_S)

    async def of(self, event: str) -> Mapping[int, LotRow]:
        """Give the rows of an event; without the catalogue, those of before, or none."""
        try:
            return await self._keep.get(event, event, lambda: self._read(event))
        except StoreUnavailable:
            return self._keep.last(event) or {}

    async def _read(self, event: str) -> Mapping[int, LotRow]:
        return {row.lot: row for row in await self.catalogue.lots(event)}
