"""Imports: a table is checked, shown, and taken over whole or not at all.

Owns: the life of an import, from the upload to its confirmation. Invariant: nothing is written to
an event before the confirmation; a draft takes all rows in one transaction, a published event by
commands sent at one moment (`import_commands.py`); a repeated confirmation ends as the first would
have. Must not know: HTTP's bodies, formats of files. Source: PROTOCOL 7, decision 0010.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs
import orjson
import trio

from saleroom.http.catalogue.api_drafts import Drafts
from saleroom.http.catalogue.import_commands import SLICE_ROWS, Overtaken, asks_of, carry_out
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.problems import Problem, busy
from saleroom.http.sale.api_replicas import Replicas
from saleroom.http.services import Services
from saleroom.intake.preflight import (
    ADD,
    LOTS,
    REGISTRATIONS,
    TAKEN,
    Standing,
    fate,
    numbered,
    unnumbered,
)
from saleroom.storage.desk_ports import EVERYONE
from saleroom.storage.import_ports import CHECKED, CONFIRMED, CONFIRMING, ImportRow
from saleroom.storage.ports import Conflict, EventRow, Full, LotRow, NotFound, Registration
from saleroom.workers.crew import WorkFailed, WorkTooLong

CHECK: Final = "saleroom.intake.preflight:check"
CHECK_LIMIT_S: Final = 20.0  # 2 000 rows take 0.2 s; a workbook of 50 MiB unpacked about 10
LIFE_MS: Final = 24 * 3_600_000  # overnight, and no longer with names and addresses in it
PLANS_MAX: Final = 3  # of numbers, when others take them meanwhile
PAGE_ROWS: Final = 1_000

Row = dict[str, Any]


@attrs.frozen(eq=False)
class Importing:
    """Check tables and take them over."""

    services: Services
    access: Access
    drafts: Drafts
    replicas: Replicas

    async def check(
        self, event: EventRow, kind: str, data: bytes, by: str, *, is_draft: bool
    ) -> ImportRow:
        """Hold a table against an event, and keep what was found. Raises Problem."""
        standing = await self._standing(event.id, kind, is_draft=is_draft)
        asked = {
            "kind": kind,
            "currency": event.currency,
            "zone": event.details.get("time_zone"),
            "taken": list(standing.taken.items()),
            "emails": list(standing.emails.items()),
        }
        try:
            report, rows = await self.services.workers.run(
                CHECK, data, asked, limit_s=CHECK_LIMIT_S
            )
        except (WorkFailed, WorkTooLong):
            raise Problem("INVALID_IMPORT", "the table cannot be read", field="file") from None
        if "refused" in report:
            raise Problem("INVALID_IMPORT", report["refused"], field="file")
        now_ms = self.services.clock.now_ms()
        identifier = secrets.token_hex(12)
        made = ImportRow(identifier, event.id, kind, by, now_ms, now_ms + LIFE_MS, report, rows)
        await self.services.stores.imports.add(made)
        return made

    async def get(self, event: str, identifier: str) -> ImportRow:
        """Give an import that has not expired. Raises Problem."""
        try:
            found = await self.services.stores.imports.get(event, identifier)
        except NotFound:
            raise Problem("UNKNOWN_IMPORT") from None
        if found.expires_at_ms <= self.services.clock.now_ms():
            raise Problem("UNKNOWN_IMPORT")
        return found

    async def drop(self, event: str, identifier: str) -> None:
        """Forget an import. Raises Problem."""
        await self.get(event, identifier)
        try:
            await self.services.stores.imports.remove(event, identifier)
        except NotFound:
            raise Problem("UNKNOWN_IMPORT") from None
        except Conflict:
            raise Problem("IMPORT_UNDER_WAY") from None

    async def confirm(self, event: str, identifier: str, by: str, *, is_draft: bool) -> ImportRow:
        """Take an import over; one that is taken over already stays so. Raises Problem."""
        found = await self.get(event, identifier)
        if found.status == CONFIRMED:
            return found
        if found.report["problem_count"]:
            raise Problem("IMPORT_HAS_PROBLEMS")
        if is_draft:
            await self._into_draft(found)
        else:
            await self._into_published(found, by)
        return await self.get(event, identifier)

    async def _into_draft(self, found: ImportRow) -> None:
        async with self.drafts.editing(found.event):
            standing = await self._standing(found.event, found.kind, is_draft=True)
            rows = await self._still_to_add(found, standing)
            numbers = list(numbered(found.kind, rows, standing.taken))
            try:
                await self.services.stores.imports.finish(
                    found.event,
                    found.id,
                    _outcome(found, len(numbers)),
                    _lots(found.kind, numbers),
                    _registrations(found.kind, numbers),
                    is_first=True,
                )
            except Conflict:
                raise Problem("IMPORT_CONFLICT") from None
            except Full as full:
                raise Problem("IMPORT_CONFLICT", str(full)) from None

    async def _into_published(self, found: ImportRow, by: str) -> None:
        for _ in range(PLANS_MAX):
            planned = found if found.status == CONFIRMING else await self._planned(found, by)
            if planned.status == CONFIRMED:
                return
            rows = await _loaded(planned.rows)
            try:
                return await self._carry_out(planned, rows)
            except Overtaken:
                found = await self._step_back(planned, rows)
        raise busy("others take the same numbers; confirm again in a moment")

    async def _planned(self, found: ImportRow, by: str) -> ImportRow:
        """Give the rows their numbers, and keep them before anything is asked."""
        standing = await self._standing(found.event, found.kind, is_draft=False)
        rows = list(numbered(found.kind, await self._still_to_add(found, standing), standing.taken))
        try:
            return await self.services.stores.imports.begin(found.event, found.id, _lines(rows), by)
        except NotFound:
            raise Problem("UNKNOWN_IMPORT") from None

    async def _carry_out(self, planned: ImportRow, rows: Sequence[Row]) -> None:
        by = planned.confirmed_by
        assert by is not None
        site = self.services.registry.site(planned.event)
        if site is None:
            raise busy("the event is starting")
        asks = await asks_of(planned.kind, planned.id, rows)
        limit_s = self.services.limits.answer_s
        carried = await carry_out(site, planned.kind, rows, asks, by, limit_s)
        if carried.unknown:
            raise Problem(
                "OUTCOME_UNKNOWN",
                "some rows may not be in yet; confirm again to finish",
                accepted=carried.accepted,
            )
        if carried.refused:
            rejected = [
                {"row": row, "code": nack["code"], "text": nack["message"]}
                for row, nack in carried.refused.items()
            ]
            if not carried.accepted:
                await self._step_back(planned, rows)
            raise Problem("IMPORT_CONFLICT", accepted=carried.accepted, problems=rejected)
        try:
            await self.services.stores.imports.finish(
                planned.event,
                planned.id,
                _outcome(planned, len(rows)),
                _lots(planned.kind, rows),
                is_first=False,
            )
        except Conflict:
            return  # another confirmation finished it meanwhile
        except Full as full:
            raise Problem("IMPORT_CONFLICT", str(full)) from None

    async def _step_back(self, planned: ImportRow, rows: Sequence[Row]) -> ImportRow:
        """Take a plan back that nothing came of."""
        lines = _lines([unnumbered(planned.kind, row) for row in rows])
        await self.services.stores.imports.step_back(planned.event, planned.id, lines)
        return attrs.evolve(planned, status=CHECKED, rows=lines, confirmed_by=None)

    async def _still_to_add(self, found: ImportRow, standing: Standing) -> list[Row]:
        """Leave out what the event has by now. Raises Problem for a number that another took."""
        kept, problems = [], []
        for count, row in enumerate(await _loaded(found.rows), 1):
            becomes, held = fate(found.kind, row, standing)
            if becomes == ADD:
                kept.append(row)
            elif becomes == TAKEN:
                text = f"{held} is taken: {standing.taken.get(held or 0, '')}"
                problems.append({"row": row["row"], "code": "TAKEN", "text": text})
            if count % SLICE_ROWS == 0:
                await trio.lowlevel.checkpoint()
        if problems:
            raise Problem("IMPORT_CONFLICT", problems=problems)
        return kept

    async def _standing(self, event: str, kind: str, *, is_draft: bool) -> Standing:
        """Give what an event has."""
        state = None if is_draft else await self.replicas.state(event)
        if kind == LOTS:
            if state is not None:
                return Standing({n: lot.definition.title for n, lot in state.lots.items()})
            rows = await self.services.stores.catalogue.lots(event)
            return Standing({row.lot: str(row.definition.get("title")) for row in rows})
        taken = {} if state is None else dict.fromkeys(state.paddles, "")
        emails: dict[str, int] = {}
        after = 0
        while True:
            page = await self.services.stores.desk.guests(event, EVERYONE, after, PAGE_ROWS)
            taken.update((guest.paddle, guest.name) for guest in page)
            emails.update((guest.email.lower(), guest.paddle) for guest in page if guest.email)
            if len(page) < PAGE_ROWS:
                return Standing(taken, emails)
            after = page[-1].paddle


def _outcome(found: ImportRow, added: int) -> dict[str, Any]:
    """Give the report of an import that is done, which names nobody."""
    skipped = found.report["additions"] - added
    return {**found.report, "added": added, "skipped": skipped, "preview": []}


def _lots(kind: str, rows: Sequence[Mapping[str, Any]]) -> list[LotRow]:
    if kind != LOTS:
        return []
    return [
        LotRow(
            row["lot"],
            {**row["fields"], "lot": row["lot"]},
            {name: value for name, value in row["details"].items() if name != "category"},
            category=row["details"].get("category"),
        )
        for row in rows
    ]


def _registrations(kind: str, rows: Sequence[Mapping[str, Any]]) -> list[Registration]:
    if kind != REGISTRATIONS:
        return []
    return [
        Registration(row["paddle"], None, row["name"], row["email"], row["phone"], row["table"])
        for row in rows
    ]


async def _loaded(lines: bytes) -> list[Row]:
    rows = []
    for count, line in enumerate(lines.splitlines(), 1):
        rows.append(orjson.loads(line))
        if count % SLICE_ROWS == 0:
            await trio.lowlevel.checkpoint()
    return rows


def _lines(rows: Sequence[Mapping[str, Any]]) -> bytes:
    return b"\n".join(orjson.dumps(row) for row in rows)
