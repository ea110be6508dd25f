"""Pictures and imports without a disk: for tests, rehearsals and simulations.

Owns: one deployment's objects, their ledger, and its imports, as dictionaries. Invariant: as
memory.py's. Source: media_ports.py, import_ports.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs
import orjson
import trio

from saleroom.storage.import_ports import CHECKED, CONFIRMED, CONFIRMING, ImportRow
from saleroom.storage.memory_catalogue import MemoryCatalogue
from saleroom.storage.ports import Conflict, LotRow, NotFound, Registration


class MemoryObjects:
    """`Objects` in this process."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def put(self, key: str, data: bytes) -> None:
        await trio.lowlevel.checkpoint()
        self.kept[key] = data

    async def get(self, key: str) -> bytes:
        await trio.lowlevel.checkpoint()
        if key not in self.kept:
            raise NotFound(f"no object {key}")
        return self.kept[key]

    async def delete(self, key: str) -> None:
        await trio.lowlevel.checkpoint()
        self.kept.pop(key, None)


@attrs.define
class _Entry:
    touched_at_ms: int
    is_doomed: bool = False


class MemoryMediaLedger:
    """A `MediaLedger` in this process. shown: the keys of all objects that lots show."""

    def __init__(self, shown: Callable[[], Iterable[str]]) -> None:
        self._shown = shown
        self._entries: dict[str, _Entry] = {}

    async def claim(self, sizes: Mapping[str, int], at_ms: int) -> None:
        await trio.lowlevel.checkpoint()
        if any(key in self._entries and self._entries[key].is_doomed for key in sizes):
            raise Conflict("an object is being removed")
        for key in sizes:
            self._entries.setdefault(key, _Entry(at_ms))
        self._touch(sizes, at_ms)

    async def touch(self, keys: Sequence[str], at_ms: int) -> None:
        await trio.lowlevel.checkpoint()
        self._touch(keys, at_ms)

    async def doom(self, before_ms: int, limit: int) -> list[str]:
        await trio.lowlevel.checkpoint()
        shown = set(self._shown())
        old = sorted(
            (entry.touched_at_ms, key)
            for key, entry in self._entries.items()
            if entry.touched_at_ms < before_ms and not entry.is_doomed and key not in shown
        )
        for _, key in old[:limit]:
            self._entries[key].is_doomed = True
        return sorted(key for key, entry in self._entries.items() if entry.is_doomed)[:limit]

    async def forget(self, keys: Sequence[str]) -> None:
        await trio.lowlevel.checkpoint()
        for key in keys:
            if key in self._entries and self._entries[key].is_doomed:
                del self._entries[key]

    def _touch(self, keys: Iterable[str], at_ms: int) -> None:
        for key in keys:
            if key in self._entries:
                entry = self._entries[key]
                entry.touched_at_ms = max(entry.touched_at_ms, at_ms)


class MemoryImports:
    """`Imports` in this process."""

    def __init__(self, catalogue: MemoryCatalogue) -> None:
        self._catalogue = catalogue
        self._imports: dict[str, ImportRow] = {}

    async def add(self, row: ImportRow) -> None:
        await trio.lowlevel.checkpoint()
        if not self._catalogue.has_event(row.event):
            raise NotFound(f"no event {row.event}")
        self._imports[row.id] = _copy(row)

    async def get(self, event: str, identifier: str) -> ImportRow:
        await trio.lowlevel.checkpoint()
        return _copy(self._import(event, identifier))

    async def begin(self, event: str, identifier: str, rows: bytes, by: str) -> ImportRow:
        await trio.lowlevel.checkpoint()
        row = self._import(event, identifier)
        if row.status == CHECKED:
            row = attrs.evolve(row, status=CONFIRMING, rows=rows, confirmed_by=by)
            self._imports[identifier] = row
        return _copy(row)

    async def step_back(self, event: str, identifier: str, rows: bytes) -> None:
        await trio.lowlevel.checkpoint()
        row = self._imports.get(identifier)
        if row is not None and row.event == event and row.status == CONFIRMING:
            row = attrs.evolve(row, status=CHECKED, rows=rows, confirmed_by=None)
            self._imports[identifier] = row

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
        await trio.lowlevel.checkpoint()
        row = self._import(event, identifier)
        if row.status == CONFIRMED:
            raise Conflict(f"import {identifier} is confirmed")
        self._catalogue.insert(event, lots, registrations, is_first=is_first)
        done = attrs.evolve(row, status=CONFIRMED, rows=b"", report=report)
        self._imports[identifier] = _copy(done)

    async def remove(self, event: str, identifier: str) -> None:
        await trio.lowlevel.checkpoint()
        if self._import(event, identifier).status == CONFIRMING:
            raise Conflict(f"import {identifier} is being confirmed")
        del self._imports[identifier]

    async def expire(self, now_ms: int) -> int:
        await trio.lowlevel.checkpoint()
        late = [row.id for row in self._imports.values() if row.expires_at_ms <= now_ms]
        for identifier in late:
            del self._imports[identifier]
        return len(late)

    def _import(self, event: str, identifier: str) -> ImportRow:
        row = self._imports.get(identifier)
        if row is None or row.event != event:
            raise NotFound(f"no import {identifier} of event {event}")
        return row


def _copy(row: ImportRow) -> ImportRow:
    return attrs.evolve(row, report=orjson.loads(orjson.dumps(dict(row.report))))
