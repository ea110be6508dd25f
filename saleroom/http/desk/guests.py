"""Guests: who holds which paddle, from the tables and from what the rules know.

Owns: which of the two says what. Invariant: limit, table, captaincy, terms, number and locks of a
published event are the journal's, changed by command and read from a replica; name, contact, notes
and check-in stand in tables alone. A draft has tables only. Source: rules 19, 24 and 25, I5.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from saleroom.auction.roles import Role
from saleroom.auction.state import EventState, Paddle
from saleroom.http.catalogue.api_drafts import Drafts
from saleroom.http.desk.desk_shapes import GuestQuery, GuestView
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_asking import ask_event, house_command
from saleroom.http.requests.api_requests import idempotency_key
from saleroom.http.requests.problems import Problem
from saleroom.http.sale.api_replicas import Replicas
from saleroom.http.services import Services
from saleroom.storage.desk_ports import EVERYONE, Guest, Wanted
from saleroom.storage.people_search import PeopleQuery
from saleroom.storage.ports import NotFound

UNKNOWN_PADDLE = "UNKNOWN_PADDLE"
OF_RULES = ("limit", "table", "captain", "opted_in")
OF_TABLES = ("name", "email", "phone", "notes")
STAFF_ONLY = ("checked_in_by", "notes", "lock_reason", "banned")
PAGE_ROWS = 1_000


@attrs.frozen(eq=False)
class Guests:
    """Read and change guests."""

    services: Services
    access: Access
    drafts: Drafts
    replicas: Replicas

    async def one(self, event: str, paddle: int, *, is_draft: bool) -> dict[str, Any]:
        """Give a guest as staff see them. Raises Problem."""
        try:
            guest = await self.services.stores.desk.guest(event, paddle)
        except NotFound:
            raise Problem(UNKNOWN_PADDLE) from None
        return guest_json(guest, await self.state(event, is_draft=is_draft))

    async def page(
        self, event: str, asked: GuestQuery, limit: int, *, is_draft: bool
    ) -> tuple[list[dict[str, Any]], int | None]:
        """Give a part of the guests as staff see them, and the cursor of the next."""
        state = await self.state(event, is_draft=is_draft)
        wanted = Wanted(
            query=None if asked.q is None else PeopleQuery.read(asked.q),
            table=asked.table if state is None else None,
            paddles=None if state is None else _at_table(state, asked.table),
            is_checked_in=asked.checked_in,
        )
        rows = await self.services.stores.desk.guests(event, wanted, asked.cursor, limit + 1)
        following = rows[limit - 1].paddle if len(rows) > limit else None
        return [guest_json(row, state) for row in rows[:limit]], following

    async def change(
        self, event: str, paddle: int, changes: Mapping[str, Any], by: str, role: Role
    ) -> dict[str, Any]:
        """Change a guest. Raises Problem."""
        is_draft = await self.access.is_draft(event, role)
        desk = self.services.stores.desk
        try:
            guest = await desk.guest(event, paddle)
            changed = _changed(guest, changes)
            if is_draft:
                await self.drafts.change_guest(event, changed, _kept_fields(changes))
            else:
                of_rules = {name: changes[name] for name in OF_RULES if name in changes}
                if of_rules:
                    await self.ask(event, {"paddle": paddle, **of_rules}, by, role)
                kept = [name for name in (*OF_TABLES, "table") if name in changes]
                await desk.put_guest(event, changed, kept)
        except NotFound:
            raise Problem(UNKNOWN_PADDLE) from None
        site = self.services.registry.site(event)
        if site is not None and "name" in changes:
            site.names[paddle] = changed.name
        return await self.one(event, paddle, is_draft=is_draft)

    async def ask(
        self, event: str, fields: Mapping[str, Any], by: str, role: Role, key: str | None = None
    ) -> dict[str, Any]:
        """Have the event change a paddle, with the house's right. Raises Problem."""
        command = house_command("change_paddle", fields, key or idempotency_key())
        site = await self.access.site(event, role)
        return await ask_event(site, command, by, Role.ADMIN, self.services.limits.answer_s)

    async def state(self, event: str, *, is_draft: bool) -> EventState | None:
        """Give what the rules know, None for a draft."""
        return None if is_draft else await self.replicas.state(event)

    async def tables(
        self, event: str, after: str, limit: int, *, is_draft: bool
    ) -> tuple[list[dict[str, Any]], int, str | None]:
        """Give a part of the tables, how many have none, and the cursor of the next part."""
        state = await self.state(event, is_draft=is_draft)
        seated = await self._seated(event) if state is None else _seated(state)
        unseated = len(seated.pop(None, ()))
        names = sorted((name for name in seated if name is not None), key=_in_order)
        names = [name for name in names if not after or _in_order(name) > _in_order(after)]
        shown = names[:limit]
        paddles = [paddle for name in shown for paddle in seated[name]]
        rows = await self.services.stores.desk.guests(
            event, Wanted(paddles=paddles), 0, max(len(paddles), 1)
        )
        guests = {row.paddle: guest_json(row, state) for row in rows}
        following = shown[-1] if len(names) > limit else None
        tables = [_table_json(name, [guests.get(n) for n in seated[name]]) for name in shown]
        return tables, unseated, following

    async def _seated(self, event: str) -> dict[str | None, list[int]]:
        """Give the paddles of each table of a draft."""
        seated: dict[str | None, list[int]] = {}
        after = 0
        while True:
            rows = await self.services.stores.desk.guests(event, EVERYONE, after, PAGE_ROWS)
            for row in rows:
                seated.setdefault(row.table, []).append(row.paddle)
            if len(rows) < PAGE_ROWS:
                return seated
            after = rows[-1].paddle


def guest_json(guest: Guest, state: EventState | None) -> dict[str, Any]:
    """Give a guest as staff see them. state: what the rules know, None for a draft."""
    known = Paddle(guest.paddle, limit=guest.limit, table=guest.table, is_captain=guest.is_captain)
    if state is not None:
        known = state.paddles.get(guest.paddle, known)
    view = GuestView(
        paddle=guest.paddle,
        user=known.user or guest.user,
        name=guest.name,
        email=guest.email,
        phone=guest.phone,
        table=known.table,
        limit=known.limit,
        captain=known.is_captain,
        opted_in=known.opted_in,
        terms_version=known.terms_version,
        locked=known.is_locked,
        checked_in_at=guest.checked_in_at_ms,
        checked_in_by=guest.checked_in_by,
        notes=guest.notes,
        lock_reason=known.lock_reason,
        banned=known.is_banned,
    )
    return attrs.asdict(view)


def own_json(view: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a guest may see of themself."""
    return {name: value for name, value in view.items() if name not in STAFF_ONLY}


def _changed(guest: Guest, changes: Mapping[str, Any]) -> Guest:
    fields = {name: changes[name] for name in (*OF_TABLES, "table", "limit") if name in changes}
    if "captain" in changes:
        fields["is_captain"] = changes["captain"]
    return attrs.evolve(guest, **fields)


def _kept_fields(changes: Mapping[str, Any]) -> list[str]:
    """Name what the table of a draft keeps of some changes. Raises Problem."""
    if "opted_in" in changes:
        raise Problem("EVENT_NOT_OPEN", "a captain is agreed to once the event is published")
    return ["is_captain" if name == "captain" else name for name in changes]


def _at_table(state: EventState, table: str | None) -> list[int] | None:
    if table is None:
        return None
    return [paddle.number for paddle in state.paddles.values() if paddle.table == table]


def _seated(state: EventState) -> dict[str | None, list[int]]:
    seated: dict[str | None, list[int]] = {}
    for number in sorted(state.paddles):
        seated.setdefault(state.paddles[number].table, []).append(number)
    return seated


def _in_order(table: str) -> tuple[int, str]:
    """Order tables as people count them: 2 before 10."""
    return len(table) if table.isdecimal() else 1_000, table


def _table_json(name: str, guests: list[dict[str, Any] | None]) -> dict[str, Any]:
    held = [guest for guest in guests if guest is not None]
    return {
        "table": name,
        "captains": [guest["paddle"] for guest in held if guest["captain"]],
        "guests": [
            {
                "paddle": guest["paddle"],
                "name": guest["name"],
                "captain": guest["captain"],
                "checked_in": guest["checked_in_at"] is not None,
            }
            for guest in held
        ],
    }
