"""Lots over HTTP: added, listed, read, changed and taken out.

Owns: the routes of `/api/v1/events/{id}/lots`. Invariant: once an event is published its journal
decides, by commands, and the catalogue follows; a repeated request mends a catalogue left behind.
Source: PROTOCOL 7, RULES "Events and lots".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from quart import Blueprint, Response, request

from saleroom.auction.definition import LADDER_DEFAULT, MODES, define_ladder, lot_plain
from saleroom.auction.lot import ENDED, QUEUED, RUNNING, new_lot
from saleroom.auction.roles import Role
from saleroom.http.api_access import Access, Reader
from saleroom.http.api_asking import ask_event, house_command
from saleroom.http.api_definitions import (
    changed_lot_row,
    lot_definition,
    lot_json,
    new_lot_row,
    rule_fields,
)
from saleroom.http.api_drafts import Drafts
from saleroom.http.api_reading import CommonTo, answer_read
from saleroom.http.api_replicas import Replicas
from saleroom.http.api_requests import (
    defining,
    event_id,
    idempotency_key,
    path_number,
    read_number_page,
    read_object,
    respond,
    version_field,
)
from saleroom.http.api_rows import LotRows
from saleroom.http.api_shapes import (
    LotChanges,
    LotPage,
    LotQuery,
    LotView,
    NewLot,
    WithdrawalQuery,
)
from saleroom.http.api_views import Views
from saleroom.http.contract import ANYONE, IDEMPOTENCY_KEY, contract
from saleroom.http.problems import Problem
from saleroom.http.services import Services
from saleroom.protocol.views import lot_view
from saleroom.storage.ports import Conflict, LotRow

TAG = "Lots"
UNKNOWN_LOT = "UNKNOWN_LOT"
EVENT_ASKED = ("MALFORMED", "ID_REUSED", "EVENT_PUBLISHED", "EVENT_CLOSED")
"""What a published event may say to the command behind a change."""
STATES = frozenset({QUEUED, *RUNNING, *ENDED})
WITHDRAWN_REASON = "taken out by the house"
_ANY_LADDER = define_ladder(LADDER_DEFAULT)  # a lot without a bid shows no step of it


def lot_routes(
    services: Services, access: Access, drafts: Drafts, views: Views, replicas: Replicas
) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("lots", __name__)
    rows = LotRows(services.stores.catalogue, services.freshness)
    lots = _Lots(services, access, views, replicas, rows)

    @routes.post("/events/<event>/lots")
    @contract(
        "Add a lot",
        tag=TAG,
        who=Role.ADMIN,
        body=NewLot,
        invalid="INVALID_LOT",
        headers=(IDEMPOTENCY_KEY,),
        answers={201: LotView},
        refusals=EVENT_ASKED,
    )
    async def add(event: str) -> Response:
        raw = await read_object()
        identity, role = await access.admit(Role.ADMIN, event_id(event))
        with defining("INVALID_LOT"):
            if await access.is_draft(event, role):
                row = await drafts.add_lot(event, raw)
            else:
                row = await lots.add(event, raw, identity.user, role)
        location = f"/api/v1/events/{event}/lots/{row.lot}"
        return respond(_queued(row), 201, {"Location": location})

    @routes.get("/events/<event>/lots")
    @contract("List lots", tag=TAG, who=ANYONE, query=LotQuery, answers={200: LotPage})
    async def index(event: str) -> Response:
        after, limit = read_number_page(services.limits)
        mode, state = _one_of("mode", MODES), _one_of("state", STATES)
        found = [
            lot
            for lot in await lots.all(await access.reader(event_id(event)))
            if lot["lot"] > after and mode in (None, lot["mode"]) and state in (None, lot["state"])
        ]
        following = found[limit - 1]["lot"] if len(found) > limit else None
        return answer_read({"lots": found[:limit], "next": following}, common_to=CommonTo.ALL)

    @routes.get("/events/<event>/lots/<lot>")
    @contract("Read a lot", tag=TAG, who=ANYONE, answers={200: LotView})
    async def read(event: str, lot: str) -> Response:
        reader = await access.reader(event_id(event))
        found = await lots.one(reader, path_number(lot, UNKNOWN_LOT))
        return answer_read(found, common_to=CommonTo.ALL)

    @routes.patch("/events/<event>/lots/<lot>")
    @contract(
        "Change a lot",
        tag=TAG,
        who=Role.ADMIN,
        body=LotChanges,
        invalid="INVALID_LOT",
        headers=(IDEMPOTENCY_KEY,),
        answers={200: LotView},
        refusals=("STALE_VERSION", "LOT_CLOSED", *EVENT_ASKED),
    )
    async def change(event: str, lot: str) -> Response:
        raw = await read_object()
        identity, role = await access.admit(Role.ADMIN, event_id(event))
        number = path_number(lot, UNKNOWN_LOT)
        with defining("INVALID_LOT"):
            version = version_field(raw)
            changes = {name: value for name, value in raw.items() if name != "version"}
            if await access.is_draft(event, role):
                row = await drafts.change_lot(event, number, changes, version)
            else:
                row = await lots.change(event, number, changes, version, identity.user, role)
        return respond(_queued(row))

    @routes.delete("/events/<event>/lots/<lot>")
    @contract(
        "Take a lot out",
        tag=TAG,
        who=Role.ADMIN,
        query=WithdrawalQuery,
        headers=(IDEMPOTENCY_KEY,),
        answers={204: None},
        refusals=("LOT_CLOSED", *EVENT_ASKED),
    )
    async def remove(event: str, lot: str) -> Response:
        identity, role = await access.admit(Role.ADMIN, event_id(event))
        number = path_number(lot, UNKNOWN_LOT)
        if await access.is_draft(event, role):
            await drafts.remove_lot(event, number)
        else:
            await lots.withdraw(event, number, identity.user, role)
        return Response(b"", 204)

    return routes


@attrs.frozen(eq=False)
class _Lots:
    """The lots of published events, and the reading of all."""

    services: Services
    access: Access
    views: Views
    replicas: Replicas
    rows: LotRows

    async def all(self, reader: Reader) -> list[dict[str, Any]]:
        if reader.is_draft:
            rows = await self.services.stores.catalogue.lots(reader.event)
            return [_queued(row) for row in rows]
        shown, kept = await self.views.lots(reader.event), await self.rows.of(reader.event)
        return [lot_json(view, kept.get(view["lot"]), is_house=False) for view in shown]

    async def one(self, reader: Reader, number: int) -> dict[str, Any]:
        if reader.is_draft:
            for lot in await self.all(reader):
                if lot["lot"] == number:
                    return lot
            raise Problem(UNKNOWN_LOT)
        view, kept = await self.views.lot(reader.event, number), await self.rows.of(reader.event)
        return lot_json(view, kept.get(number), is_house=False)

    async def add(self, event: str, raw: Mapping[str, Any], by: str, role: Role) -> LotRow:
        row = new_lot_row(raw, 1)
        number = await self._ask(event, "add_lot", rule_fields(raw), by, role)
        row = new_lot_row({**raw, "lot": number}, number)
        try:
            await self.services.stores.catalogue.add_lot(event, row)
        except Conflict:
            return row  # the command was repeated, and the first one had come this far
        return row

    async def change(
        self, event: str, number: int, raw: Mapping[str, Any], version: int, by: str, role: Role
    ) -> LotRow:
        catalogue = self.services.stores.catalogue
        lot = (await self.replicas.state(event)).lots.get(number)
        if lot is None:
            raise Problem(UNKNOWN_LOT)
        row = {row.lot: row for row in await catalogue.lots(event)}.get(number)
        if version != (0 if row is None else row.version):
            raise Problem("STALE_VERSION")
        details = {} if row is None else row.details
        base = LotRow(number, lot_plain(lot.definition), details, version)
        changed = changed_lot_row(base, raw)
        fields = {name: value for name, value in rule_fields(raw).items() if name != "lot"}
        if fields:
            await self._ask(event, "change_lot", {**fields, "lot": number}, by, role)
        try:
            if row is not None:
                return await catalogue.put_lot(event, changed)
            await catalogue.add_lot(event, attrs.evolve(changed, version=1))
        except Conflict:
            raise Problem("STALE_VERSION") from None
        return attrs.evolve(changed, version=1)

    async def withdraw(self, event: str, number: int, by: str, role: Role) -> None:
        view = await self.views.lot(event, number)
        if view["state"] != QUEUED:
            raise Problem("LOT_CLOSED", "only a lot that has not opened is taken out", lot=number)
        reason = request.args.get("reason") or WITHDRAWN_REASON
        await self._ask(event, "withdraw_lot", {"lot": number, "reason": reason}, by, role)

    async def _ask(
        self, event: str, name: str, fields: Mapping[str, Any], by: str, role: Role
    ) -> int:
        ask = house_command(name, fields, idempotency_key())
        site = await self.access.site(event, role)
        ack = await ask_event(site, ask, by, role, self.services.limits.answer_s)
        number: int = ack["lot"]
        return number


def _queued(row: LotRow) -> dict[str, Any]:
    """Give a lot that has not opened, with all that its organiser said of it."""
    view = lot_view(new_lot(lot_definition(row), _ANY_LADDER))
    return lot_json(view, row, is_house=True)


def _one_of(name: str, known: tuple[str, ...] | frozenset[str]) -> str | None:
    value = request.args.get(name)
    if value is not None and value not in known:
        raise Problem("MALFORMED", f"{name!r} is one of {', '.join(sorted(known))}")
    return value
