"""Definitions over HTTP: bodies of requests become rows of the catalogue, and rows definitions.

Owns: the fields of events and lots that a client may set, and their way there and back. Invariant:
a row that was made here can be published; null and absent mean the same. Must not know: stores.
Source: PROTOCOL 7, RULES "Events and lots".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from saleroom.auction.definition import (
    TIME_MAX,
    DefinitionError,
    EventDefinition,
    LotDefinition,
    define_event,
    define_lot,
    event_plain,
    lot_plain,
)
from saleroom.http.api_access import DRAFT
from saleroom.http.api_requests import flag_field, no_unknown, text_field, whole_field
from saleroom.storage.ports import EventRow, LotRow

SETTINGS = ("ladder", "soft_close", "starts_at")
EVENT_FIELDS = frozenset({"title", "currency", "public", *SETTINGS})
DETAILS: dict[str, int] = {"description": 10_000, "category": 100}
"""What only people read of a lot: {field: characters at most}."""
HIDDEN = ("reserve", "donor_paddle")
"""What a lot's definition keeps from those who only read it."""


def new_event_row(event: str, raw: Mapping[str, Any], created_at_ms: int) -> EventRow:
    """Read a new event. Raises DefinitionError."""
    row = EventRow(event, "", "", DRAFT, True, {}, created_at_ms)
    return changed_event_row(row, raw)


def changed_event_row(row: EventRow, raw: Mapping[str, Any]) -> EventRow:
    """Lay the given fields over an event's row; null clears one. Raises DefinitionError."""
    no_unknown(raw, EVENT_FIELDS)
    whole_field(raw, "starts_at", 0, TIME_MAX)
    settings = {**row.settings, **{name: raw[name] for name in SETTINGS if name in raw}}
    changed = attrs.evolve(
        row,
        title=raw.get("title", row.title),
        currency=raw.get("currency", row.currency),
        public=flag_field(raw, "public", row.public),
        settings={name: value for name, value in settings.items() if value is not None},
    )
    event_definition(changed)
    return changed


def event_definition(row: EventRow) -> EventDefinition:
    """Give what the rules need of an event. Raises DefinitionError."""
    rules = {name: row.settings.get(name) for name in ("ladder", "soft_close")}
    return define_event({"id": row.id, "title": row.title, "currency": row.currency, **rules})


def event_json(row: EventRow) -> dict[str, Any]:
    """Give an event as the catalogue has it."""
    plain = event_plain(event_definition(row))
    return {
        "id": row.id,
        "title": row.title,
        "currency": row.currency,
        "status": row.status,
        "public": row.public,
        "starts_at": row.settings.get("starts_at"),
        "ladder": plain["ladder"],
        "soft_close": plain["soft_close"],
        "created_at": row.created_at_ms,
        "version": row.version,
    }


def new_lot_row(raw: Mapping[str, Any], next_number: int) -> LotRow:
    """Read a new lot, numbered `next_number` unless it says otherwise. Raises DefinitionError."""
    fields, details = _parted(raw)
    if fields.get("lot") is None:
        fields["lot"] = next_number
    return _lot_row(fields, details)


def changed_lot_row(row: LotRow, raw: Mapping[str, Any]) -> LotRow:
    """Lay the given fields over a lot's row; null clears one. Raises DefinitionError."""
    fields, details = _parted(raw)
    if fields.pop("lot", row.lot) != row.lot:
        raise DefinitionError("lot", "does not change")
    changed = _lot_row({**row.definition, **fields}, {**row.details, **details})
    return attrs.evolve(changed, version=row.version)


def rule_fields(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Give those fields of a lot's body that the rules read."""
    return {name: value for name, value in raw.items() if name not in DETAILS}


def lot_definition(row: LotRow) -> LotDefinition:
    """Give what the rules need of a lot."""
    return define_lot(row.definition)


def lot_json(view: Mapping[str, Any], row: LotRow | None, *, is_house: bool) -> dict[str, Any]:
    """Give a lot as a snapshot shows it, with its catalogue fields. is_house: also the hidden."""
    if row is None:
        return {**view, **dict.fromkeys(DETAILS), "version": 0}
    shown = {
        name: value for name, value in row.definition.items() if is_house or name not in HIDDEN
    }
    return {**dict.fromkeys(DETAILS), **shown, **row.details, **view, "version": row.version}


def _parted(raw: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    details = {name: text_field(raw, name, most) for name, most in DETAILS.items() if name in raw}
    return rule_fields(raw), details


def _lot_row(fields: Mapping[str, Any], details: Mapping[str, Any]) -> LotRow:
    definition = define_lot(fields)
    given = {name: value for name, value in details.items() if value is not None}
    return LotRow(definition.lot, lot_plain(definition), given)
