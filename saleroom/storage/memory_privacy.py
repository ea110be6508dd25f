"""Privacy without a disk.

Owns: nothing; it empties fields of the other stores in this process. Invariant: as memory.py's.
Source: privacy_ports.py.
"""

from __future__ import annotations

import attrs
import orjson
import trio

from saleroom.storage.memory_accounts import MemorySignIns
from saleroom.storage.memory_audit import MemoryAudit
from saleroom.storage.memory_desk import MemoryPeople
from saleroom.storage.memory_messages import MemoryRecipients
from saleroom.storage.memory_wishes import MemoryWatching, MemoryWishLists
from saleroom.storage.ports import Catalogue, Journal, NotFound, Registration
from saleroom.storage.privacy_ports import Forgotten, unnamed


@attrs.frozen(eq=False)
class MemoryPrivacy:
    """`Privacy` without a disk."""

    people: MemoryPeople
    catalogue: Catalogue
    journal: Journal
    watching: MemoryWatching
    wish_lists: MemoryWishLists
    sign_ins: MemorySignIns
    audit: MemoryAudit
    recipients: MemoryRecipients

    async def forget(self, user: str) -> Forgotten:
        await trio.lowlevel.checkpoint()
        held = [
            (event, row.paddle)
            for event, rows in self.people.rows.items()
            for row in rows.values()
            if row.user == user
        ]
        for event, paddle in held:
            self._unname(event, paddle)
        gifts = [gift for gift in self.wish_lists.given.values() if gift.giver == user]
        for gift in gifts:
            self.wish_lists.given[gift.id] = attrs.evolve(gift, name=None, message=None)
        wished = [row.id for row in self.wish_lists.kept.values() if row.owner == user]
        for list_id in wished:
            self.wish_lists.drop(list_id)
        watches = self.watching.kept.pop(user, {})
        self.recipients.forget(user)
        return Forgotten(sorted(held), len(wished), len(gifts), len(watches))

    async def drop_contacts(self, closed_before_ms: int, most: int) -> int:
        dropped = 0
        for event, rows in list(self.people.rows.items()):
            if not await self._has_closed(event, closed_before_ms):
                continue
            for row in list(rows.values()):
                if dropped < most and self._is_known(event, row):
                    self._unname(event, row.paddle)
                    dropped += 1
        return dropped

    async def drop_sign_ins(self, expired_before_ms: int, most: int) -> int:
        await trio.lowlevel.checkpoint()
        return self.sign_ins.drop_expired(expired_before_ms, most)

    async def drop_audit(self, before_ms: int, most: int) -> int:
        await trio.lowlevel.checkpoint()
        return self.audit.drop_before(before_ms, most)

    async def _has_closed(self, event: str, before_ms: int) -> bool:
        try:
            row = await self.catalogue.event(event)
        except NotFound:
            return False
        records = await self.journal.read(event, 0, 10**9)
        if row.status != "closed" or not records:
            return False
        last: int = orjson.loads(records[-1].body)["at"]
        return last < before_ms

    def _is_known(self, event: str, row: Registration) -> bool:
        notes = self.people.desk.get(event, {}).get(row.paddle, {}).get("notes")
        return row.name != unnamed(row.paddle) or bool(row.email or row.phone or notes)

    def _unname(self, event: str, paddle: int) -> None:
        row = self.people.rows[event][paddle]
        bare = attrs.evolve(row, name=unnamed(paddle), email=None, phone=None)
        self.people.upsert(event, [bare])
        kept = self.people.desk.get(event, {}).get(paddle)
        if kept is not None:
            kept["notes"] = None
