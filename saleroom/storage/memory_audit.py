"""The audit without a disk: for tests, rehearsals and simulations.

Owns: one deployment's entries, as a list. Invariant: as memory.py's. Source: audit_ports.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import orjson
import trio

from saleroom.storage.audit_ports import AuditEntry, KeptEntry


class MemoryAudit:
    """An `Audit` in this process."""

    def __init__(self) -> None:
        self._entries: dict[int, AuditEntry] = {}
        self._last = 0

    async def record(self, entry: AuditEntry) -> None:
        await trio.lowlevel.checkpoint()
        self._last += 1
        self._entries[self._last] = _copied(entry)

    async def entries(
        self, *, event: str | None, who: str | None, before: int | None, limit: int
    ) -> list[KeptEntry]:
        await trio.lowlevel.checkpoint()
        found = [
            KeptEntry(number, _copied(entry))
            for number, entry in self._entries.items()
            if event in (None, entry.event)
            and who in (None, entry.who)
            and (before is None or number < before)
        ]
        return found[::-1][:limit]

    def drop_before(self, at_ms: int, most: int) -> int:
        """Remove older entries, `most` of them, and count them."""
        old = [number for number, entry in self._entries.items() if entry.at_ms < at_ms][:most]
        for number in old:
            del self._entries[number]
        return len(old)


def _copied(entry: AuditEntry) -> AuditEntry:
    return attrs.evolve(entry, before=_value(entry.before), after=_value(entry.after))


def _value(value: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if value is None else orjson.loads(orjson.dumps(dict(value)))
