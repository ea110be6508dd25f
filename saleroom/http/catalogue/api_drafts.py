"""Drafts: events that are edited in the catalogue, until they are published.

Owns: the edits of a draft and the step from catalogue to journal. Invariant: the edits of one event
and its publication follow one another, so that what is published is what was read last; an event
is published once, and a publication cut short can be repeated. Must not know: HTTP's paths.
Source: ARCHITECTURE 3 ("An event's actor lives..."), PROTOCOL 7.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakValueDictionary

import attrs
import trio

from saleroom.actors.registry import EVENTS_PATH
from saleroom.auction.state import PADDLE_FIRST, PADDLE_LAST, Paddle
from saleroom.http.catalogue.api_definitions import (
    changed_event_row,
    changed_lot_row,
    event_definition,
    lot_definition,
    new_event_row,
    new_lot_row,
)
from saleroom.http.catalogue.lots import lacking, other_lots
from saleroom.http.requests.api_access import DRAFT
from saleroom.http.requests.api_requests import new_event_id
from saleroom.http.requests.problems import Problem
from saleroom.http.services import Services
from saleroom.storage.desk_ports import EVERYONE, Guest
from saleroom.storage.ports import Conflict, EventRow, Full, LotRow, NotFound, Registration

PAGE_ROWS = 1_000
PUBLISHED = "published"


@attrs.define(eq=False)
class Drafts:
    """Edit and publish events that have no journal yet."""

    services: Services
    _locks: WeakValueDictionary[str, trio.Lock] = attrs.field(
        init=False, factory=WeakValueDictionary
    )

    async def create(self, raw: Mapping[str, Any]) -> EventRow:
        """Keep a new draft. Raises DefinitionError."""
        row = new_event_row(new_event_id(), raw, self.services.clock.now_ms())
        await self.services.stores.catalogue.add_event(row)
        return row

    async def change(self, event: str, raw: Mapping[str, Any], version: int) -> EventRow:
        """Change a draft that is still at `version`. Raises DefinitionError, Problem."""
        async with self.editing(event) as row:
            changed = attrs.evolve(changed_event_row(row, raw), version=version)
            try:
                return await self.services.stores.catalogue.put_event(changed)
            except Conflict:
                raise Problem("STALE_VERSION") from None

    async def publish(self, event: str, by: str) -> EventRow:
        """Make a draft, with its lots and registrations, a journal's first record.

        Raises Problem: EVENT_PUBLISHED, OUTCOME_UNKNOWN when it took too long.
        """
        async with self.editing(event) as row:
            with trio.move_on_after(self.services.limits.answer_s) as patience:
                await self._begin(row, by)
            if patience.cancelled_caught:
                raise Problem("OUTCOME_UNKNOWN", "not published in time; publish again to learn")
            await self.services.stores.catalogue.set_status(event, PUBLISHED)
            return attrs.evolve(row, status=PUBLISHED)

    async def add_lot(self, event: str, raw: Mapping[str, Any]) -> LotRow:
        """Add a lot, at the end unless it has a number. Raises DefinitionError, Problem."""
        async with self.editing(event):
            catalogue = self.services.stores.catalogue
            rows = await catalogue.lots(event)
            row = new_lot_row(raw, max((other.lot for other in rows), default=0) + 1)
            try:
                await catalogue.add_lot(event, row)
            except Conflict:
                raise lot_taken(row.lot) from None
            except (NotFound, Full) as error:
                raise lacking(error) from None
            return row

    async def change_lot(
        self, event: str, number: int, raw: Mapping[str, Any], version: int
    ) -> tuple[LotRow, LotRow]:
        """Change a lot that is still at `version`; give its row before and after.

        Raises DefinitionError, Problem.
        """
        async with self.editing(event):
            catalogue = self.services.stores.catalogue
            try:
                kept = await catalogue.lot(event, number)
            except NotFound:
                raise Problem("UNKNOWN_LOT") from None
            changed = attrs.evolve(changed_lot_row(kept, raw), version=version)
            try:
                return kept, await catalogue.put_lot(event, changed)
            except Conflict:
                raise Problem("STALE_VERSION") from None
            except (NotFound, Full) as error:
                raise lacking(error) from None

    async def order_lots(self, event: str, lots: Sequence[int]) -> Sequence[int]:
        """Put all lots in order. Raises Problem."""
        async with self.editing(event):
            try:
                await self.services.stores.catalogue.order_lots(event, lots)
            except Conflict:
                raise other_lots() from None
            return lots

    async def remove_lot(self, event: str, number: int) -> None:
        """Remove a lot. Raises Problem."""
        async with self.editing(event):
            try:
                await self.services.stores.catalogue.remove_lot(event, number)
            except NotFound:
                raise Problem("UNKNOWN_LOT") from None

    async def register(
        self,
        event: str,
        *,
        name: str,
        user: str | None,
        email: str | None,
        phone: str | None,
        paddle: int | None,
    ) -> Registration:
        """Register a bidder, under the lowest free number unless one is named. Raises Problem."""
        async with self.editing(event):
            rows = await self._guests(event)
            taken = {row.paddle: row for row in rows}
            number = paddle or next(n for n in itertools.count(PADDLE_FIRST) if n not in taken)
            held = [row.paddle for row in rows if user is not None and row.user == user]
            if held:
                raise Problem("PADDLE_TAKEN", f"the user holds paddle {held[0]}", paddle=held[0])
            if number in taken or number > PADDLE_LAST:
                raise Problem("PADDLE_TAKEN")
            made = Registration(number, user, name, email, phone)
            await self.services.stores.catalogue.put_registration(event, made)
            return made

    async def change_guest(self, event: str, guest: Guest, fields: Collection[str]) -> Guest:
        """Change the named fields of a guest. Raises Problem, NotFound."""
        async with self.editing(event):
            return await self.services.stores.desk.put_guest(event, guest, fields)

    @asynccontextmanager
    async def editing(self, event: str) -> AsyncIterator[EventRow]:
        """Hold an event's edits back while this one is made. Raises Problem when it is no draft."""
        lock = self._locks.setdefault(event, trio.Lock())
        async with lock:
            try:
                row = await self.services.stores.catalogue.event(event)
            except NotFound:
                raise Problem("UNKNOWN_EVENT") from None
            if row.status != DRAFT:
                raise Problem("EVENT_PUBLISHED")
            yield row

    async def _begin(self, row: EventRow, by: str) -> None:
        services = self.services
        lots = [lot_definition(lot) for lot in await services.stores.catalogue.lots(row.id)]
        paddles = [
            Paddle(
                guest.paddle,
                guest.user,
                guest.limit,
                guest.table,
                is_captain=guest.is_captain,
            )
            for guest in await self._guests(row.id)
        ]
        try:
            await services.registry.begin(
                event_definition(row), lots, paddles, by, is_public=row.public
            )
        except Conflict:
            await self._resume(row)

    async def _resume(self, row: EventRow) -> None:
        """Start an event whose journal an earlier publication wrote before it was cut short."""
        registry = self.services.registry
        if registry.site(row.id) is None:
            assert registry.supervisor is not None
            spec = registry.event_spec(row.id, is_public=row.public)
            await registry.supervisor.add_child(EVENTS_PATH, spec)

    async def _guests(self, event: str) -> list[Guest]:
        rows: list[Guest] = []
        while True:
            after = rows[-1].paddle if rows else 0
            page = await self.services.stores.desk.guests(event, EVERYONE, after, PAGE_ROWS)
            rows += page
            if len(page) < PAGE_ROWS:
                return rows


def lot_taken(number: int) -> Problem:
    """Give the problem of a lot's number that is in use."""
    return Problem("INVALID_LOT", f"lot {number} exists already", field="lot")
