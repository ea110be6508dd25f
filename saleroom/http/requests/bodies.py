"""Bodies and queries, read strictly into the classes that contracts declare.

Owns: the way from a request to a declared class. Invariant: what is no JSON object is MALFORMED
(400), a field that does not hold is INVALID_FIELD (422) and named; a query that does not hold is
MALFORMED. Must not know: who asks, or what a value means. Source: PROTOCOL 7, RULES "Amounts".
"""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeVar, get_args, get_origin

import attrs
from quart import request

from saleroom.auction.definition import DefinitionError
from saleroom.http.requests.api_requests import defining, read_object
from saleroom.http.requests.contract import INVALID_FIELD
from saleroom.http.requests.problems import Problem
from saleroom.protocol.reading import hints, read_shape
from saleroom.protocol.reading import read_changes as changes_of
from saleroom.protocol.shapes import wire_field

T = TypeVar("T", bound=attrs.AttrsInstance)

_WHOLE = re.compile(r"-?[0-9]{1,16}")
_FLAGS = {"true": True, "false": False}


async def read_body(cls: type[T], code: str = INVALID_FIELD) -> T:
    """Read the body. Raises Problem, Malformed."""
    raw = await read_object()
    with defining(code):
        return read_shape(cls, raw)


async def read_body_if_any(cls: type[T], code: str = INVALID_FIELD) -> T:
    """Read a body that may be left out, if nothing of it is required. Raises as `read_body`."""
    return await read_body(cls, code) if await request.get_data() else cls()


async def read_changes(cls: type[attrs.AttrsInstance], code: str = INVALID_FIELD) -> dict[str, Any]:
    """Read the body of a change: those fields alone that it names. Raises Problem, Malformed."""
    raw = await read_object()
    with defining(code):
        return changes_of(cls, raw)


def read_query(cls: type[T]) -> T:
    """Read the query; parameters that the class does not name are left alone. Raises Problem."""
    raw: dict[str, Any] = {}
    for field in attrs.fields(cls):
        name = wire_field(field)
        given = request.args.getlist(name)
        if len(given) > 1:
            raise Problem("MALFORMED", f"{name!r} is given twice", field=name)
        if given:
            raw[name] = _plain(given[0], hints(cls)[field.name])
    try:
        return read_shape(cls, raw)
    except DefinitionError as error:
        raise Problem("MALFORMED", str(error), field=error.field) from None


def _plain(text: str, kind: Any) -> Any:
    """Give what a parameter's text stands for; what stands for nothing stays a text."""
    base = _base(kind)
    if base is int and _WHOLE.fullmatch(text):
        return int(text)
    return _FLAGS.get(text, text) if base is bool else text


def _base(kind: Any) -> Any:
    """Give the type under `Annotated` and `| None`."""
    if get_origin(kind) is Annotated:
        return _base(get_args(kind)[0])
    members = [member for member in get_args(kind) if member is not type(None)]
    return _base(members[0]) if type(None) in get_args(kind) else kind
