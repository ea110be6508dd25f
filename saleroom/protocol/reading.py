"""The strict reading of plain JSON data into attrs classes.

Owns: how a declared class takes a client's object. Invariant: nothing is coerced, guessed or left
over; what does not hold leaves as one `DefinitionError` that names the first wrong field, however
deep it stands. Must not know: HTTP, or what a value means. Source: PROTOCOL 7, STYLE "Errors".
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs
from cattrs import (
    AttributeValidationNote,
    BaseValidationError,
    Converter,
    ForbiddenExtraKeysError,
    IterableValidationNote,
)
from cattrs.gen import make_dict_structure_fn, override

from saleroom.auction.definition import DefinitionError
from saleroom.protocol.shapes import Constraint, Schema, wire_field

T = TypeVar("T", bound=attrs.AttrsInstance)

FIELD_CHARS_MAX = 64
BODY = "body"
"""How a fault of the object as a whole is named."""


def read_shape(cls: type[T], raw: Mapping[str, Any]) -> T:
    """Read an object into a declared class. Raises DefinitionError."""
    try:
        return _CONVERTER.structure(raw, cls)
    except BaseValidationError as error:
        raise _first_fault(error, ()) from None


def read_changes(cls: type[attrs.AttrsInstance], raw: Mapping[str, Any]) -> dict[str, Any]:
    """Read an object as `read_shape` does, and give those fields alone that it names.

    So a change can tell a field that is null from one that is left as it was.
    """
    made = read_shape(cls, raw)
    return {
        field.name: getattr(made, field.name)
        for field in attrs.fields(type(made))
        if wire_field(field) in raw
    }


@cache
def hints(cls: Any) -> dict[str, Any]:
    """Give the types of a class's fields, with what is annotated beside them."""
    return get_type_hints(cls, include_extras=True)


def require_bounds(kind: Any, is_bounded: bool = False) -> None:
    """Refuse, as a bug, a shape for reading that holds a text, number or list without bounds."""
    arguments = [member for member in get_args(kind) if member is not types.NoneType]
    if get_origin(kind) is Annotated:
        marks = arguments[1:]
        if not any(isinstance(mark, Schema) for mark in marks):
            require_bounds(arguments[0], any(isinstance(mark, Constraint) for mark in marks))
    elif isinstance(kind, type) and attrs.has(kind):
        for inner in hints(kind).values():
            require_bounds(inner)
    elif len(arguments) == 1 and (_is_union(kind) or (is_bounded and get_origin(kind) is list)):
        require_bounds(arguments[0])
    elif not (is_bounded or kind is bool or get_origin(kind) is Literal or _is_enum(kind)):
        raise TypeError(f"{kind}: what is read has bounds")


def _is_union(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType)


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


class _Fault(ValueError):
    """A value that is not what its type asks."""


def _first_fault(error: BaseException, path: tuple[str, ...]) -> DefinitionError:
    if isinstance(error, BaseValidationError):
        first = error.exceptions[0]
        return _first_fault(first, (*path, *_place(first, error.cl)))
    if isinstance(error, ForbiddenExtraKeysError):
        unknown = str(min(map(str, error.extra_fields)))[:FIELD_CHARS_MAX]
        return DefinitionError(".".join((*path, unknown)), "is not a field here")
    where = ".".join(path) or BODY
    if isinstance(error, KeyError):
        return DefinitionError(where, "is required")
    return DefinitionError(where, str(error) if isinstance(error, _Fault) else "does not hold")


def _place(error: BaseException, within: type) -> tuple[str, ...]:
    for note in getattr(error, "__notes__", ()):
        if isinstance(note, AttributeValidationNote):
            return (wire_field(attrs.fields_dict(within)[note.name]),)
        if isinstance(note, IterableValidationNote):
            return (str(note.index),)
    return ()


def _typed(kind: type, words: str) -> Callable[[object, object], Any]:
    def check(value: object, _: object) -> Any:
        if type(value) is not kind:
            raise _Fault(words)
        return value

    return check


_WORDS: dict[type, str] = {
    int: "is a whole number",
    str: "is a text",
    bool: "is true or false",
    list: "is a list",
}


def _annotated(kind: Any) -> Callable[[object, object], Any]:
    """Make the check of `Annotated[...]`: first its type, then each of its constraints."""
    inner, *marks = get_args(kind)
    constraints = [mark for mark in marks if isinstance(mark, Constraint)]
    base = get_origin(inner) or inner

    def check(value: object, _: object) -> Any:
        if base in _WORDS and type(value) is not base:
            raise _Fault(_WORDS[base])
        made = value if base in (int, str) else _CONVERTER.structure(value, inner)
        for constraint in constraints:
            if (fault := constraint.fault(made)) is not None:
                raise _Fault(fault)
        return made

    return check


def _optional(kind: Any) -> Callable[[object, object], Any]:
    (inner,) = (member for member in get_args(kind) if member is not types.NoneType)
    return lambda value, _: None if value is None else _CONVERTER.structure(value, inner)


def _choice(kind: Any) -> Callable[[object, object], Any]:
    """Make the check of a Literal, or of an Enum of texts, which gives its member."""
    words = {word: word for word in get_args(kind)}
    known = {member.value: member for member in kind} if _is_enum(kind) else words

    def check(value: object, _: object) -> Any:
        if not isinstance(value, str) or value not in known:
            raise _Fault(f"is one of {', '.join(known)}")
        return known[value]

    return check


def _class(kind: Any) -> Callable[[object, object], Any]:
    options: dict[str, Any] = {
        field.name: override(rename=wire_field(field)) for field in attrs.fields(kind)
    }
    structure = make_dict_structure_fn(kind, _CONVERTER, **options)

    def check(value: object, _: object) -> Any:
        if not isinstance(value, Mapping):
            raise _Fault("is an object")
        return structure(value, kind)

    return check


_READERS: tuple[tuple[Callable[[Any], bool], Callable[[Any], Any]], ...] = (
    (lambda kind: isinstance(kind, type) and attrs.has(kind), _class),
    (lambda kind: get_origin(kind) is Literal, _choice),
    (_is_enum, _choice),
    (_is_union, _optional),
    (lambda kind: get_origin(kind) is Annotated, _annotated),
)
"""(is it such a type, what makes its check); a later line goes before an earlier one."""


def _make_converter() -> Converter:
    converter = Converter(forbid_extra_keys=True, detailed_validation=True)
    converter.register_structure_hook(bool, _typed(bool, _WORDS[bool]))
    for is_such, make in _READERS:
        converter.register_structure_hook_factory(is_such, make)
    return converter


_CONVERTER = _make_converter()
