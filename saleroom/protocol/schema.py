"""JSON Schema of the house's own types.

Owns: the translation of annotated types into JSON Schema 2020-12. Invariant: what `reading.py`
takes, its schema takes, and what it refuses for its shape, its schema refuses; every class stands
under its own name once. Must not know: the documents that the schemas stand in.
Source: JSON Schema 2020-12, PROTOCOL 3, 4 and 7.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import attrs

from saleroom.auction.definition import TEXT_MAX
from saleroom.auction.money import AMOUNT_MAX
from saleroom.protocol.reading import hints
from saleroom.protocol.shapes import (
    TOGETHER,
    Chars,
    Constraint,
    Example,
    Named,
    Schema,
    Whole,
    wire_field,
)

JsonSchema = dict[str, Any]

MARKS: dict[str, Constraint] = {
    "amount": Whole(1, AMOUNT_MAX),
    "count": Whole(1, AMOUNT_MAX),
    "text": Chars(1, TEXT_MAX),
}
"""What the marks beside the types of commands mean."""

_PLAIN: dict[Any, JsonSchema] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    types.NoneType: {"type": "null"},
    Any: {},
    object: {},
    dict: {"type": "object"},
}


class NameTaken(Exception):
    """Two different types would stand under one name."""


@attrs.define(eq=False)
class SchemaBook:
    """The schemas of one document. place: where its named ones stand, as a JSON pointer."""

    place: str = "#/components/schemas/"
    named: dict[str, JsonSchema] = attrs.field(factory=dict)
    _types: dict[str, Any] = attrs.field(init=False, factory=dict)

    def closed(self, kind: Any) -> JsonSchema:
        """Give the schema of what is read: unknown fields are refused."""
        return self._of(kind, is_closed=True)

    def open(self, kind: Any) -> JsonSchema:
        """Give the schema of what is told: a later version may tell more."""
        return self._of(kind, is_closed=False)

    def name(self, name: str, schema: JsonSchema) -> JsonSchema:
        """Keep a schema made elsewhere under a name, and refer to it. Raises NameTaken."""
        if self.named.setdefault(name, schema) != schema:
            raise NameTaken(name)
        return self.reference(name)

    def reference(self, name: str) -> JsonSchema:
        """Refer to a named schema."""
        return {"$ref": f"{self.place}{name}"}

    def _of(self, kind: Any, *, is_closed: bool) -> JsonSchema:
        if isinstance(kind, type) and attrs.has(kind):
            return self._of_class(kind, is_closed=is_closed)
        if isinstance(kind, type) and issubclass(kind, Enum):
            return {"type": "string", "enum": [member.value for member in kind]}
        origin, arguments = get_origin(kind), get_args(kind)
        if origin is Annotated:
            return self._of_annotated(arguments[0], arguments[1:], is_closed=is_closed)
        if origin is Literal:
            return _literal(arguments)
        if origin in (Union, types.UnionType):
            return either([self._of(member, is_closed=is_closed) for member in arguments])
        if origin in (list, Sequence) or (origin is tuple and arguments[-1] is ...):
            return {"type": "array", "items": self._of(arguments[0], is_closed=is_closed)}
        if origin is tuple:
            items = [self._of(member, is_closed=is_closed) for member in arguments]
            return {"type": "array", "prefixItems": items, "minItems": len(items), "items": False}
        if origin in (dict, Mapping):
            return {
                "type": "object",
                "additionalProperties": self._of(arguments[1], is_closed=is_closed),
            }
        return dict(_PLAIN[kind])

    def _of_annotated(self, inner: Any, marks: Sequence[Any], *, is_closed: bool) -> JsonSchema:
        made: JsonSchema | None = None
        for mark in marks:
            if isinstance(mark, Schema):
                made = dict(mark.keywords)
        if made is None:
            made = self._of(inner, is_closed=is_closed)
        name: Named | None = None
        for mark in marks:
            constraint = MARKS.get(mark) if isinstance(mark, str) else mark
            if isinstance(constraint, Constraint):
                made |= constraint.keywords()
            elif isinstance(mark, Example):
                made["examples"] = [mark.value]
            elif isinstance(mark, Named):
                name = mark
        if name is None:
            return made
        if name.description is not None:
            made["description"] = name.description
        return self.name(name.name, made)

    def _of_class(self, cls: type, *, is_closed: bool) -> JsonSchema:
        name = cls.__name__.lstrip("_")
        if self._types.setdefault(name, cls) is not cls:
            raise NameTaken(name)
        if name not in self.named:
            self.named[name] = {}  # stands there while its fields are read, for those that recur
            self.named[name] = self._object(cls, is_closed=is_closed)
        return self.reference(name)

    def _object(self, cls: type, *, is_closed: bool) -> JsonSchema:
        typed = hints(cls)
        fields = attrs.fields(cls)
        made: JsonSchema = {
            "type": "object",
            "properties": {
                wire_field(field): self._of(typed[field.name], is_closed=is_closed)
                for field in fields
            },
        }
        required = [wire_field(field) for field in fields if field.default is attrs.NOTHING]
        if required:
            made["required"] = required
        if is_closed:
            made |= {"additionalProperties": False, **vars(cls).get(TOGETHER, {})}
        if (about := about_class(cls)) is not None:
            made["description"] = about
        return made


def _literal(values: Sequence[Any]) -> JsonSchema:
    if len(values) == 1:
        return {"const": values[0]}
    return {"type": "string", "enum": list(values)}


def either(schemas: Sequence[JsonSchema]) -> JsonSchema:
    """Give the schema of a value that is one of several, null written into its type."""
    some = [schema for schema in schemas if schema != _PLAIN[types.NoneType]]
    if len(some) == len(schemas):
        return {"anyOf": list(schemas)}
    kind = some[0].get("type")
    if len(some) > 1 or not isinstance(kind, str):
        return {"anyOf": [*some, dict(_PLAIN[types.NoneType])]}
    made = {**some[0], "type": [kind, "null"]}
    if "enum" in made:
        made["enum"] = [*made["enum"], None]
    return made


def about_class(cls: type) -> str | None:
    """Give the first paragraph of a class's own docstring, on one line."""
    own = vars(cls).get("__doc__")
    if not own:
        return None
    return " ".join(inspect.cleandoc(own).partition("\n\n")[0].split())
