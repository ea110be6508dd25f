"""Answers to reads: an entity tag on each, and nothing sent twice.

Owns: the headers that caches go by, and the 304. Invariant: the tag is strong, it is that of these
very bytes; what only one person may see is never for a shared cache, and no cache uses an answer
without asking us first. Must not know: what is read.
Source: RFC 9110 8.8, 13.1 and 15.4.5, RFC 9111.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import Enum
from typing import Any, cast

import orjson
from quart import Response, request
from quart_trio import QuartTrio

from saleroom.http.requests.api_requests import JSON
from saleroom.http.requests.front import SAFE
from saleroom.http.requests.keep import Freshness
from saleroom.http.sale.watchers import BLUEPRINT as WATCHING

PUBLIC = "no-cache"
PERSONAL = "private, no-cache"
VARY = "Authorization, Cookie"
COMMON = "saleroom.common"
"""Where it stands in the scope to whom an answer is common."""


class CommonTo(Enum):
    """Who is given the same bytes, among those who may read an event."""

    NOBODY = "each their own"
    GUESTS = "all but staff"
    ALL = "all"


TAG_BYTES = 16
BODILESS = (204, 304)
"""Answers without a body; a 304 speaks of the one that the client has (RFC 9110 8.6, 15.4.5)."""


def answer_read(
    body: object,
    *,
    common_to: CommonTo,
    content_type: str = JSON,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with what was read, or with 304 when the client has it."""
    is_anybody = "Authorization" not in request.headers and "Cookie" not in request.headers
    encoded = body if isinstance(body, bytes) else orjson.dumps(body)
    tag = entity_tag(encoded)
    caching = {
        **(headers or {}),
        "Cache-Control": PUBLIC if is_anybody and common_to is not CommonTo.NOBODY else PERSONAL,
        "ETag": tag,
        "Vary": VARY,
    }
    cast(dict[str, Any], request.scope)[COMMON] = common_to
    if has_tag(request.headers.get("If-None-Match"), tag):
        return Response(b"", 304, caching)
    return Response(encoded, 200, caching, content_type=content_type)


def entity_tag(body: bytes) -> str:
    """Give the strong tag of a body, with its quotes."""
    return f'"{hashlib.blake2b(body, digest_size=TAG_BYTES).hexdigest()}"'


def has_tag(if_none_match: str | None, tag: str) -> bool:
    """Say whether the client has what the tag stands for; compared weakly, as a GET is."""
    if if_none_match is None:
        return False
    given = {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
    return tag in given or "*" in given


def tell_nothing_of_no_body(app: QuartTrio) -> None:
    """Leave out what the framework says of a body where there is none: a cache would believe it."""

    @app.after_request
    async def strip(response: Response) -> Response:
        if response.status_code in BODILESS:
            response.headers.pop("Content-Type", None)
            response.headers.pop("Content-Length", None)
        return response


def note_edits(app: QuartTrio, freshness: Freshness) -> None:
    """Have whatever a request may have changed of an event read anew."""

    @app.after_request
    async def note(response: Response) -> Response:
        event = (request.view_args or {}).get("event")
        if event is not None and request.method not in SAFE and request.blueprint != WATCHING:
            freshness.edited(event)
        return response
