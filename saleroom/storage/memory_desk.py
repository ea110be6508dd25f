"""The desk without a disk: registrations, and what the house keeps beside them.

Owns: `MemoryPeople`, the table that journal, catalogue and desk write. Invariant: each call is one
checkpoint and then one synchronous step, as in memory.py; what is kept of a paddle moves with it.
Must not know: the rules. Source: desk_ports.py.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import attrs
import trio

from saleroom.storage.desk_ports import CHANGEABLE, Guest, Wanted
from saleroom.storage.ports import NotFound, Registration

_OF_REGISTRATION = ("paddle", "user", "name", "email", "phone", "table")


@attrs.define
class MemoryPeople:
    """Registrations by event and paddle. desk: what the desk alone keeps of them, likewise."""

    rows: dict[str, dict[int, Registration]] = attrs.Factory(dict)
    desk: dict[str, dict[int, dict[str, Any]]] = attrs.Factory(dict)

    def upsert(self, event: str, rows: Iterable[Registration]) -> None:
        self.rows.setdefault(event, {}).update((row.paddle, row) for row in rows)

    def renumber(self, event: str, moves: Iterable[tuple[int, int]]) -> None:
        rows, desk = self.rows.setdefault(event, {}), self.desk.setdefault(event, {})
        moved = [(new, rows.pop(old), desk.pop(old, {})) for old, new in moves if old in rows]
        self.upsert(event, (attrs.evolve(row, paddle=new) for new, row, _ in moved))
        desk.update((new, kept) for new, _, kept in moved)


class MemoryDesk:
    """A `Desk` without a disk."""

    def __init__(self, people: MemoryPeople) -> None:
        self._people = people

    async def guest(self, event: str, paddle: int) -> Guest:
        await trio.lowlevel.checkpoint()
        return self._guest(event, paddle)

    async def guests(self, event: str, wanted: Wanted, after: int, limit: int) -> list[Guest]:
        await trio.lowlevel.checkpoint()
        held = [self._guest(event, n) for n in sorted(self._people.rows.get(event, {}))]
        return [guest for guest in held if guest.paddle > after and _is(guest, wanted)][:limit]

    async def put_guest(self, event: str, guest: Guest, fields: Collection[str]) -> Guest:
        assert CHANGEABLE.issuperset(fields)
        await trio.lowlevel.checkpoint()
        kept = self._guest(event, guest.paddle)
        return self._keep(
            event, attrs.evolve(kept, **{name: getattr(guest, name) for name in fields})
        )

    async def check_in(self, event: str, paddle: int, by: str, at_ms: int) -> Guest:
        await trio.lowlevel.checkpoint()
        kept = self._guest(event, paddle)
        if kept.checked_in_at_ms is not None:
            return kept
        return self._keep(event, attrs.evolve(kept, checked_in_at_ms=at_ms, checked_in_by=by))

    async def undo_check_in(self, event: str, paddle: int) -> Guest:
        await trio.lowlevel.checkpoint()
        kept = self._guest(event, paddle)
        return self._keep(event, attrs.evolve(kept, checked_in_at_ms=None, checked_in_by=None))

    async def paddles_of(self, user: str, after: str, limit: int) -> list[tuple[str, int]]:
        await trio.lowlevel.checkpoint()
        found = [
            (event, paddle)
            for event, rows in self._people.rows.items()
            for paddle, row in rows.items()
            if row.user == user and event > after
        ]
        return sorted(found)[:limit]

    def _guest(self, event: str, paddle: int) -> Guest:
        row = self._people.rows.get(event, {}).get(paddle)
        if row is None:
            raise NotFound(f"no paddle {paddle} in event {event}")
        return Guest(**attrs.asdict(row), **self._people.desk.get(event, {}).get(paddle, {}))

    def _keep(self, event: str, guest: Guest) -> Guest:
        fields = attrs.asdict(guest)
        row = {name: fields.pop(name) for name in _OF_REGISTRATION}
        self._people.upsert(event, [Registration(**row)])
        self._people.desk.setdefault(event, {})[guest.paddle] = fields
        return guest


def _is(guest: Guest, wanted: Wanted) -> bool:
    return (
        (wanted.paddles is None or guest.paddle in wanted.paddles)
        and wanted.table in (None, guest.table)
        and wanted.is_checked_in in (None, guest.checked_in_at_ms is not None)
        and (wanted.query is None or wanted.query.finds(guest))
    )
