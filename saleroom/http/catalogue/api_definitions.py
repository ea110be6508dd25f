"""Definitions over HTTP: bodies of requests become rows of the catalogue, and rows definitions.

Owns: the fields of events and lots that a client may set, and their way there and back. Invariant:
a row that was made here can be published; null and absent mean the same; another text of the terms
is another version of them. Must not know: stores.
Source: PROTOCOL 7, RULES "Events and lots".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import attrs

from saleroom.auction.definition import (
    TEXT_MAX,
    TIME_MAX,
    DefinitionError,
    EventDefinition,
    LotDefinition,
    define_event,
    define_lot,
    event_plain,
    lot_plain,
)
from saleroom.http.requests.api_access import DRAFT
from saleroom.http.requests.api_requests import flag_field, no_unknown, text_field, whole_field
from saleroom.protocol.shapes import NUMBER_MAX
from saleroom.storage.index_ports import DonorRow
from saleroom.storage.media_ports import IMAGES
from saleroom.storage.ports import EventRow, LotRow

RULES = ("ladder", "soft_close", "terms_version")
"""What the rules read of an event's settings."""
SETTINGS = ("ladder", "soft_close", "starts_at")
EVENT_DETAILS: dict[str, int] = {
    "description": 10_000,
    "venue": TEXT_MAX,
    "time_zone": 64,
    "locale": 35,
    "contact": TEXT_MAX,
    "terms": 20_000,
    "organisation": TEXT_MAX,
    "address": TEXT_MAX,
    "tax_number": 64,
}
"""What only people read of an event: {field: characters at most}."""
EVENT_FIELDS = frozenset({"title", "currency", "public", *SETTINGS, *EVENT_DETAILS})
PATTERNS = {
    "time_zone": (re.compile(r"[A-Za-z][A-Za-z0-9_+/-]*"), "is a name such as Europe/Zurich"),
    "locale": (re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*"), "is a tag such as de-CH"),
}
"""{field: (what the whole of it matches, in words)}; IANA time zones, RFC 5646."""
DETAILS: dict[str, int] = {"description": 10_000}
"""What only people read of a lot: {field: characters at most}."""
CATEGORY_MAX = 100
CATALOGUE_FIELDS = frozenset({*DETAILS, "category", "donor"})
"""What the rules do not read of a lot."""
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
    details = {**row.details, **_event_details(raw)}
    if details.get("terms") != row.details.get("terms") and "terms" in row.details:
        settings["terms_version"] = row.settings.get("terms_version", 1) + 1
    changed = attrs.evolve(
        row,
        title=raw.get("title", row.title),
        currency=raw.get("currency", row.currency),
        public=flag_field(raw, "public", row.public),
        settings={name: value for name, value in settings.items() if value is not None},
        details={name: value for name, value in details.items() if value is not None},
    )
    event_definition(changed)
    return changed


def _event_details(raw: Mapping[str, Any]) -> dict[str, str | None]:
    details = {n: text_field(raw, n, most) for n, most in EVENT_DETAILS.items() if n in raw}
    for name, (pattern, words) in PATTERNS.items():
        value = details.get(name)
        if value is not None and not pattern.fullmatch(value):
            raise DefinitionError(name, words)
    return details


def event_definition(row: EventRow) -> EventDefinition:
    """Give what the rules need of an event. Raises DefinitionError."""
    rules = {
        n: row.settings[n] for n in ("ladder", "soft_close", "terms_version") if n in row.settings
    }
    return define_event({"id": row.id, "title": row.title, "currency": row.currency, **rules})


def event_json(row: EventRow, *, is_listed: bool = False) -> dict[str, Any]:
    """Give an event as the catalogue has it. is_listed: without its terms, which are long."""
    plain = event_plain(event_definition(row))
    details = {name: row.details.get(name) for name in EVENT_DETAILS}
    if is_listed:
        del details["terms"]
    return {
        "id": row.id,
        "title": row.title,
        "currency": row.currency,
        "status": row.status,
        "public": row.public,
        "starts_at": row.settings.get("starts_at"),
        "ladder": plain["ladder"],
        "soft_close": plain["soft_close"],
        **details,
        "terms_version": plain["terms_version"],
        "created_at": row.created_at_ms,
        "version": row.version,
    }


def new_lot_row(raw: Mapping[str, Any], next_number: int) -> LotRow:
    """Read a new lot, numbered `next_number` unless it says otherwise. Raises DefinitionError."""
    fields = rule_fields(raw)
    if fields.get("lot") is None:
        fields["lot"] = next_number
    return _lot_row(fields, _said(raw))


def changed_lot_row(row: LotRow, raw: Mapping[str, Any]) -> LotRow:
    """Lay the given fields over a lot's row; null clears one. Raises DefinitionError."""
    fields = rule_fields(raw)
    if fields.pop("lot", row.lot) != row.lot:
        raise DefinitionError("lot", "does not change")
    kept = {**row.details, "category": row.category, "donor": row.donor}
    changed = _lot_row({**row.definition, **fields}, {**kept, **_said(raw)})
    return attrs.evolve(changed, version=row.version, place=row.place)


def rule_fields(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Give those fields of a lot's body that the rules read."""
    return {name: value for name, value in raw.items() if name not in CATALOGUE_FIELDS}


def lot_definition(row: LotRow) -> LotDefinition:
    """Give what the rules need of a lot."""
    return define_lot(row.definition)


def lot_json(
    view: Mapping[str, Any], row: LotRow | None, donor: DonorRow | None, *, is_house: bool
) -> dict[str, Any]:
    """Give a lot as a snapshot shows it, with its catalogue fields.

    donor: who gave it, as far as the reader may know. is_house: also what the rules keep hidden.
    """
    if row is None:
        bare: dict[str, Any] = {**dict.fromkeys(CATALOGUE_FIELDS), "donor_name": None, IMAGES: []}
        return {**view, **bare, "version": 0}
    shown = {
        name: value for name, value in row.definition.items() if is_house or name not in HIDDEN
    }
    return {
        **dict.fromkeys(DETAILS),
        IMAGES: [],
        **shown,
        **row.details,
        "category": row.category,
        "donor": None if donor is None else donor.id,
        "donor_name": None if donor is None else donor.name,
        **view,
        "version": row.version,
    }


def _said(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Give those catalogue fields of a lot's body that it names."""
    said: dict[str, Any] = {n: text_field(raw, n, most) for n, most in DETAILS.items() if n in raw}
    if "category" in raw:
        said["category"] = text_field(raw, "category", CATEGORY_MAX)
    if "donor" in raw:
        said["donor"] = whole_field(raw, "donor", 1, NUMBER_MAX)
    return said


def _lot_row(fields: Mapping[str, Any], said: Mapping[str, Any]) -> LotRow:
    definition = define_lot(fields)
    details = {
        name: value
        for name, value in said.items()
        if value is not None and name not in ("category", "donor")
    }
    return LotRow(
        definition.lot,
        lot_plain(definition),
        details,
        category=said.get("category"),
        donor=said.get("donor"),
    )
