"""Cursors: where a page of a list ends, as a client carries it to the next one.

Owns: how a place in a list becomes a text and is read back. Invariant: a cursor serves only the
query that gave it, and what is read back has the shape that was written; nothing in it is a secret,
and nothing it says is trusted beyond that. Must not know: what is listed. Source: PROTOCOL 7.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from typing import Annotated

import orjson

from saleroom.http.requests.problems import Problem
from saleroom.protocol.shapes import Chars, Example

CURSOR_CHARS_MAX = 800
Cursor = Annotated[
    str,
    Chars(0, CURSOR_CHARS_MAX, "[A-Za-z0-9_-]*", "is what `next` gave"),
    Example(""),
]
"""Empty for the beginning."""
_QUERY_BYTES = 6

Place = Sequence[int | str]


def cursor_of(query: object, place: Place) -> str:
    """Give the cursor that goes on after a place. query: plain JSON, without page and limit."""
    raw = orjson.dumps([_digest(query), *place])
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def place_of(query: object, cursor: str, kinds: Sequence[type]) -> list[int | str] | None:
    """Read a cursor's place, whose parts are of these kinds; None for the beginning.

    Raises Problem (UNKNOWN_CURSOR).
    """
    if not cursor:
        return None
    try:
        raw = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, orjson.JSONDecodeError):
        raise Problem("UNKNOWN_CURSOR") from None
    if not isinstance(raw, list) or [type(part) for part in raw] != [str, *kinds]:
        raise Problem("UNKNOWN_CURSOR")
    if raw[0] != _digest(query):
        raise Problem("UNKNOWN_CURSOR")
    return raw[1:]


def _digest(query: object) -> str:
    encoded = orjson.dumps(query, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(encoded, digest_size=_QUERY_BYTES).hexdigest()
