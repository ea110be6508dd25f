"""A request, read strictly: its body, its query, its ids and its key.

Owns: how what a client sent becomes values, and the shape of a JSON response. Invariant: nothing is
guessed or coerced; what does not hold leaves as a Problem that names it. Must not know: who asks.
Source: PROTOCOL 7, RULES "Amounts".
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import attrs
import orjson
from quart import Response, request

from saleroom.auction.definition import DefinitionError
from saleroom.http.requests.contract import KEY_PATTERN
from saleroom.http.requests.problems import Problem
from saleroom.http.services import ApiLimits
from saleroom.protocol.codec import decode_object
from saleroom.protocol.shapes import NUMBER_MAX

JSON, IDENTITY = "application/json", "identity"
POSITION_MAX = 2**53 - 1
_EVENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NUMBER = re.compile(r"[1-9][0-9]{0,6}")
_KEY = re.compile(KEY_PATTERN)
_WHOLE = re.compile(r"[0-9]{1,16}")


@attrs.frozen
class Page:
    """A part of a list. after: the cursor, empty for the beginning."""

    after: str
    limit: int


def respond(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with JSON that no cache keeps."""
    encoded = body if isinstance(body, bytes) else orjson.dumps(body)
    kept = {"Cache-Control": "no-store", **(headers or {})}
    return Response(encoded, status, kept, content_type=JSON)


async def read_object() -> dict[str, Any]:
    """Read the body as one JSON object. Raises Problem, Malformed."""
    if request.mimetype != JSON:
        raise Problem("UNSUPPORTED_MEDIA_TYPE")
    if request.headers.get("Content-Encoding", IDENTITY).lower() != IDENTITY:
        raise Problem(
            "UNSUPPORTED_MEDIA_TYPE",
            "the body is not compressed",
            headers={"Accept-Encoding": IDENTITY},
        )
    return decode_object(await request.get_data())


def event_id(raw: str) -> str:
    """Check an event's id as it stands in a path."""
    if not _EVENT_ID.fullmatch(raw):
        raise Problem("UNKNOWN_EVENT")
    return raw


def new_event_id() -> str:
    """Give a short id that nobody guesses and no command line takes for an option."""
    while (made := secrets.token_urlsafe(9)).startswith("-"):
        continue
    return made


def path_number(raw: str, code: str) -> int:
    """Read the number of a lot or a paddle in a path; what is none is an unknown one."""
    if not _NUMBER.fullmatch(raw) or int(raw) > NUMBER_MAX:
        raise Problem(code)
    return int(raw)


def idempotency_key() -> str | None:
    """Give the client's id of what it asks, None without one. Raises Problem."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        raise Problem("MALFORMED", "Idempotency-Key has 1 to 64 printable ASCII characters")
    return key


async def check_key() -> None:
    """Refuse a key that is none, whether or not the route reads it. Raises Problem."""
    idempotency_key()


def query_whole(name: str, default: int, most: int, least: int = 0) -> int:
    """Read a whole number of the query, from `least` to `most`. Raises Problem."""
    raw = _query_text(name)
    if raw is None:
        return default
    if not _WHOLE.fullmatch(raw) or not least <= int(raw) <= most:
        raise Problem("MALFORMED", f"{name}: is a whole number from {least} to {most}", field=name)
    return int(raw)


def _query_text(name: str) -> str | None:
    given = request.args.getlist(name)
    if len(given) > 1:
        raise Problem("MALFORMED", f"{name!r} is given twice", field=name)
    return given[0] if given else None


def read_page(limits: ApiLimits) -> Page:
    """Read which part of a list is wanted."""
    limit = query_whole("limit", limits.page_default, limits.page_max, 1)
    return Page(_query_text("cursor") or "", limit)


def read_number_page(limits: ApiLimits) -> tuple[int, int]:
    """Read which part of a numbered list is wanted: those past a number, and how many."""
    return query_whole("cursor", 0, POSITION_MAX), read_page(limits).limit


@contextmanager
def defining(code: str) -> Iterator[None]:
    """Turn a refused definition into a problem of this code that names the field."""
    try:
        yield
    except DefinitionError as error:
        raise Problem(code, str(error), field=error.field) from None


def no_unknown(raw: Mapping[str, Any], known: frozenset[str]) -> None:
    """Refuse fields that nobody reads. Raises DefinitionError."""
    for name in raw:
        if name not in known:
            raise DefinitionError(name[:64], "is not a field here")


def text_field(raw: Mapping[str, Any], name: str, most: int) -> str | None:
    """Read a text of 1 to `most` characters, None where it is absent or null."""
    value = raw.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not 1 <= len(value) <= most:
        raise DefinitionError(name, f"is a text of 1 to {most} characters")
    if re.search("[\0\ud800-\udfff]", value):
        raise DefinitionError(name, "holds characters that cannot be kept")
    return value


def flag_field(raw: Mapping[str, Any], name: str, default: bool) -> bool:
    """Read true or false."""
    value = raw.get(name, default)
    if not isinstance(value, bool):
        raise DefinitionError(name, "is true or false")
    return value


def whole_field(raw: Mapping[str, Any], name: str, least: int, most: int) -> int | None:
    """Read a whole number in bounds, None where it is absent or null."""
    value = raw.get(name)
    if value is None:
        return None
    if type(value) is not int or not least <= value <= most:
        raise DefinitionError(name, f"is a whole number from {least} to {most}")
    return value


def version_field(raw: Mapping[str, Any]) -> int:
    """Read the version that the writer saw."""
    version = whole_field(raw, "version", 0, POSITION_MAX)
    if version is None:
        raise DefinitionError("version", "is required: the one that was read")
    return version
