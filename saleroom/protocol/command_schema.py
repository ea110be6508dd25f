"""Commands as JSON Schema.

Owns: the schema of each command and of the frame that carries it. Invariant: every command of
`messages.COMMANDS` has one, under its wire name, and the codec takes what the schema takes. Must
not know: HTTP, or which socket carries it. Source: PROTOCOL 3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from saleroom.auction import commands as c
from saleroom.auction.roles import LEAST_ROLE
from saleroom.protocol.codec import ID_MAX
from saleroom.protocol.messages import COMMANDS
from saleroom.protocol.reading import hints
from saleroom.protocol.schema import JsonSchema, SchemaBook, about_class
from saleroom.protocol.shapes import NUMBER_MAX, Chars
from saleroom.protocol.wire_views import LotFields, SoftClose

COMMAND = "Command"
COMMAND_ID: JsonSchema = {"type": "string", **Chars(1, ID_MAX).keywords(), "examples": ["bid-7f3a"]}
_NUMBER = {"type": "integer", "minimum": 1, "maximum": NUMBER_MAX, "examples": [17]}


def command_body(book: SchemaBook) -> JsonSchema:
    """Give the schema of any command without its id, as HTTP carries it."""
    names = {name: _named(book, name, cls) for name, cls in COMMANDS.items()}
    mapping = {name: reference["$ref"] for name, reference in names.items()}
    schema: JsonSchema = {
        "oneOf": list(names.values()),
        "discriminator": {"propertyName": "type", "mapping": mapping},
    }
    return book.name(COMMAND, schema)


def command_frame(book: SchemaBook, name: str) -> JsonSchema:
    """Give the schema of one command with its id, as a websocket carries it."""
    made = _command(book, name, COMMANDS[name])
    made["properties"] = {"type": made["properties"]["type"], "id": COMMAND_ID} | made["properties"]
    made["required"] = ["type", "id", *made["required"][1:]]
    return made


def _named(book: SchemaBook, name: str, cls: type[c.Command]) -> JsonSchema:
    return book.name(cls.__name__, _command(book, name, cls))


def _command(book: SchemaBook, name: str, cls: type[c.Command]) -> JsonSchema:
    fields, required = _SPECIAL.get(cls, _fields)(book, cls)
    about = about_class(cls)
    least = f"Least role: {LEAST_ROLE[cls].value}."
    return {
        "type": "object",
        "description": least if about is None else f"{about} {least}",
        "properties": {"type": {"const": name}, **fields},
        "required": ["type", *required],
        "additionalProperties": False,
    }


Fields = tuple[dict[str, JsonSchema], list[str]]


def _fields(book: SchemaBook, cls: Any) -> Fields:
    typed, fields = hints(cls), attrs.fields(cls)
    made = {field.name: book.closed(typed[field.name]) for field in fields}
    made |= {name: _NUMBER for name in ("lot", "paddle", "new_paddle") if name in made}
    for field in fields:
        kind = made[field.name].get("type")
        if typed[field.name] == c.Amount | None:  # left out, never null
            made[field.name] = {**made[field.name], "type": "integer"}
        elif field.default is None and isinstance(kind, str):
            made[field.name] = {**made[field.name], "type": [kind, "null"]}
    return made, [field.name for field in fields if field.default is attrs.NOTHING]


def _soft_close(book: SchemaBook, _: Any) -> Fields:
    book.closed(SoftClose)
    policy = book.named[SoftClose.__name__]["properties"]
    cap = {**policy["cap"], "type": ["integer", "null"]}
    return {**policy, "cap": cap}, ["window", "extension"]


def _added_lot(book: SchemaBook, _: Any) -> Fields:
    own = _lot_fields(book)
    return {"lot": {**_NUMBER, "type": ["integer", "null"]}, **own}, ["title", "mode", "opening"]


def _changed_lot(book: SchemaBook, _: Any) -> Fields:
    return {"lot": _NUMBER, **_lot_fields(book)}, ["lot"]


def _lot_fields(book: SchemaBook) -> dict[str, Any]:
    book.closed(LotFields)
    own = book.named[LotFields.__name__]["properties"]
    text, amount = Chars().keywords(), own["goal"]
    return {
        "title": {"type": "string", **text, "examples": ["A quilt"]},
        "mode": {"type": "string", "enum": ["silent", "live", "pledge", "sale"]},
        "opening": {**amount, "type": "integer"},
        **own,
    }


_SPECIAL: dict[Any, Callable[[SchemaBook, Any], Fields]] = {
    c.AddLot: _added_lot,
    c.ChangeLot: _changed_lot,
    c.SetSoftClose: _soft_close,
}
"""Commands whose fields in JSON are not those of their class."""
