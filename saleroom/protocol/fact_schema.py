"""Facts as everybody sees them, as JSON Schema.

Owns: the schema of each public fact and of the feed that carries them. Invariant: every public fact
of `auction/facts.py` has one, of the fields that `wire_facts.py` shows. Must not know: a private
fact, or a field of the house. Source: PROTOCOL 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from saleroom.auction import facts as f
from saleroom.protocol.reading import hints
from saleroom.protocol.schema import JsonSchema, SchemaBook, about_class
from saleroom.protocol.shapes import ABSENT
from saleroom.protocol.wire_facts import CONFLATED, STAFF_ONLY
from saleroom.protocol.wire_views import Ladder, Mode, SoftClose

FEED = "Feed"


@attrs.frozen
class DefinedLot:
    """A lot as its organiser has defined it; a reserve is never told."""

    lot: int
    title: str
    mode: Mode
    opening: int
    ladder: Ladder = ABSENT
    buy_now: int = ABSENT
    quantity: int = ABSENT
    starts_at: int = ABSENT
    ends_at: int = ABSENT
    soft_close: SoftClose = ABSENT
    levels: list[int] = ABSENT
    goal: int = ABSENT
    fmv: int = ABSENT
    group: str = ABSENT
    ring: str = ABSENT


def feed(book: SchemaBook) -> JsonSchema:
    """Give the schema of a feed message."""
    kinds = [cls for cls in f.FACTS.values() if cls.public]
    facts = [book.name(cls.__name__, fact(book, cls)) for cls in kinds]
    fields = {
        "type": {"const": "feed"},
        "from": {"type": "integer"},
        "to": {"type": "integer"},
        "events": {"type": "array", "items": {"oneOf": facts}},
    }
    schema: JsonSchema = {
        "type": "object",
        "description": "The facts `from` to `to`; nothing between two feeds is missing.",
        "properties": fields,
        "required": list(fields),
    }
    return book.name(FEED, schema)


def fact(book: SchemaBook, cls: type[f.Fact]) -> JsonSchema:
    """Give the schema of a public fact."""
    fields, optional = _shown(book, cls)
    if counter := CONFLATED.get(cls.type):
        fields[counter] = {"type": "integer", "minimum": 1}
    made: JsonSchema = {
        "type": "object",
        "properties": {
            "seq": {"type": "integer"},
            "type": {"const": cls.type},
            "at": {"type": "integer"},
            **fields,
        },
        "required": ["seq", "type", "at", *(name for name in fields if name not in optional)],
    }
    about = about_class(cls)
    return made if about is None else {**made, "description": about}


def _shown(book: SchemaBook, cls: Any) -> tuple[dict[str, JsonSchema], frozenset[str]]:
    if cls in _STANDS_FOR:
        return _of(book, _STANDS_FOR[cls])
    if cls is f.EventResumed:
        return {"ends": book.open(dict[str, int])}, frozenset()
    typed = hints(cls)
    shown = [field.name for field in attrs.fields(cls) if not field.metadata.get("house")]
    shown += STAFF_ONLY if cls is f.PaddleLocked else ()
    fields = {name: book.open(typed[name]) for name in shown}
    optional = _OPTIONAL.get(cls, frozenset())
    return {
        name: _not_null(schema) if name in optional else schema for name, schema in fields.items()
    }, optional


def _of(book: SchemaBook, cls: type) -> tuple[dict[str, JsonSchema], frozenset[str]]:
    """Give the fields of a class that stands in place of a fact's own."""
    book.open(cls)
    schema = book.named[cls.__name__]
    fields = dict(schema["properties"])
    return fields, frozenset(fields) - frozenset(schema["required"])


def _not_null(schema: JsonSchema) -> JsonSchema:
    kind = schema["type"]
    return {**schema, "type": kind if isinstance(kind, str) else kind[0]}


_STANDS_FOR: Mapping[type[f.Fact], type] = {
    f.LotAdded: DefinedLot,
    f.LotChanged: DefinedLot,
    f.SoftCloseSet: SoftClose,
}
_OPTIONAL: Mapping[type[f.Fact], frozenset[str]] = {
    f.BidPlaced: frozenset({"ask", "ends_at"}),
    f.ItemSold: frozenset({"remaining"}),
    f.LotWithdrawn: frozenset({"voided"}),
    f.LotOpened: frozenset({"ends_at"}),
    f.PaddleLocked: frozenset(STAFF_ONLY),
}
"""Fields that are left out rather than null, or for all but staff."""
