"""Contracts: what each route promises to its callers, said once, beside its handler.

Owns: the declaration that every handler bears, and the answers that follow from it. Invariant: a
route without one stops the start (`declared`). Must not know: how the document is written
(`openapi.py`) or a body read (`bodies.py`). Source: PROTOCOL 7, OpenAPI 3.1.

A whole route. Its shapes are attrs classes whose first docstring line is their description, whose
texts and numbers have bounds (`protocol/shapes.py`; a body's without bounds is an error at import),
and whose fields with a default may be left out:

    @attrs.frozen
    class NewWatch:
        '''What a watcher may say.'''

        note: Annotated[str, Chars(1, 200), Example("for the hall")] | None = None

    @attrs.frozen
    class WatchView:
        '''A lot that is watched.'''

        lot: int
        watchers: int

    @routes.put("/events/<event>/watch/<lot>")
    @contract(
        "Watch a lot",
        tag="Watch lists",
        who=Role.DONOR,
        body=NewWatch,
        answers={200: WatchView},
        refusals=("LOT_CLOSED",),
    )
    async def watch(event: str, lot: str) -> Response:
        wanted = await read_body(NewWatch)
        identity, _ = await access.admit(Role.DONOR, event_id(event))
        row = await lists.watch(event, path_number(lot, UNKNOWN_LOT), identity.user, wanted.note)
        return respond(attrs.asdict(WatchView(row.lot, row.watchers)))

`read_changes(Changes)` gives only the fields that a PATCH names, `read_query(Query)` reads the
query. Refusals that follow from the rest need no naming: UNAUTHENTICATED and FORBIDDEN from `who`,
RATE_LIMITED unless nobody counts it, MALFORMED, INVALID_FIELD and the body's other faults,
UNKNOWN_EVENT, UNKNOWN_LOT and UNKNOWN_PADDLE from the path, OVERLOADED and OUTCOME_UNKNOWN from
the stores.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Annotated, Any, Final, TypeVar

import attrs

from saleroom.auction.roles import Role
from saleroom.protocol.reading import require_bounds
from saleroom.protocol.shapes import Chars, EventId, Example, Number

Handler = TypeVar("Handler", bound=Callable[..., Any])

CONTRACT: Final = "__contract__"
INVALID_FIELD: Final = "INVALID_FIELD"
READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
PATH_NAME: Final = re.compile(r"<(?:\w+:)?(\w+)>")


class Caller(Enum):
    """Who may call, where that is no role. Their words stand in the document."""

    NOBODY_ASKED = "Nobody is asked who they are."
    ANYONE = "Anyone; a token, if sent, decides what is shown."
    SIGNED_IN = "Anyone with a token."


NOBODY_ASKED, ANYONE, SIGNED_IN = Caller.NOBODY_ASKED, Caller.ANYONE, Caller.SIGNED_IN
Who = Caller | Role
"""A caller, or the least role; `Role.OPERATOR` stands apart and means itself alone."""


@attrs.frozen
class Header:
    """A header that a request may bear."""

    name: str
    shape: Any
    about: str
    is_required: bool = False


KEY_PATTERN: Final = r"[\x21-\x7e](?:[\x20-\x7e]{0,62}[\x21-\x7e])?"
KEY_SHAPE = Annotated[str, Chars(1, 64, KEY_PATTERN), Example("bid-7f3a")]
IDEMPOTENCY_KEY = Header(
    "Idempotency-Key", KEY_SHAPE, "The id of what is asked: sent again, it acts once."
)
REQUIRED_KEY = attrs.evolve(IDEMPOTENCY_KEY, is_required=True)
IF_NONE_MATCH = Header(
    "If-None-Match",
    Annotated[str, Chars(1, 500, "[\\x20-\\x7e]{1,500}"), Example('"42"')],
    "The ETag that is held already: 304 while it is still the newest.",
)


@attrs.frozen
class Payload:
    """A body that is no JSON object: bytes of one of these media types.

    field: the part of a multipart/form-data body that holds them, None when they are the body.
    fields: an attrs class of the texts that come beside them.
    """

    media: tuple[str, ...]
    field: str | None = None
    fields: type[attrs.AttrsInstance] | None = None


Answer = type | str | None
"""A class for JSON, a media type for the rest, None for an answer without a body."""

PATHS: dict[str, Any] = {"event": EventId, "lot": Number, "paddle": Number}
"""The parameters of paths that mean the same everywhere; others are declared by their route."""
PATH_CODES: dict[str, str] = {name: f"UNKNOWN_{name.upper()}" for name in PATHS}


@attrs.frozen
class Contract:
    """What a route promises. refusals: its own codes. invalid: the code of a body's wrong field."""

    summary: str
    tag: str
    who: Who
    body: Any
    query: type[attrs.AttrsInstance] | None
    headers: tuple[Header, ...]
    path: Mapping[str, Any]
    answers: Mapping[int, Answer]
    refusals: tuple[str, ...]
    invalid: str | None
    description: str | None
    is_body_required: bool = True
    is_counted: bool = True

    def codes(self, method: str, path: Mapping[str, Any]) -> list[str]:
        """Give every code that the route may refuse with, in order of precedence."""
        codes: list[str] = []
        if self.body is not None:
            codes += ["MALFORMED", "UNSUPPORTED_MEDIA_TYPE", "TOO_LARGE", "REQUEST_TIMEOUT"]
        if self.query is not None or any(header.is_required for header in self.headers):
            codes.append("MALFORMED")
        if self.who is not NOBODY_ASKED:
            codes += ["UNAUTHENTICATED", "OVERLOADED"]
            codes += ["FORBIDDEN"] if isinstance(self.who, Role) or method not in READS else []
            codes += [] if method in READS else ["OUTCOME_UNKNOWN"]
        codes += ["RATE_LIMITED"] if self.is_counted else []
        codes += [PATH_CODES[name] for name in path if name in PATH_CODES]
        if self.body is not None and self.invalid is not None:
            codes.append(self.invalid)
        return list(dict.fromkeys([*codes, *self.refusals]))


def contract(
    summary: str,
    *,
    tag: str,
    who: Who,
    answers: Mapping[int, Answer],
    body: Any = None,
    query: type[attrs.AttrsInstance] | None = None,
    headers: tuple[Header, ...] = (),
    path: Mapping[str, Any] | None = None,
    refusals: tuple[str, ...] = (),
    invalid: str | None = INVALID_FIELD,
    description: str | None = None,
    is_body_required: bool = True,
    is_counted: bool = True,
) -> Callable[[Handler], Handler]:
    """Declare what a handler promises; stands below the line that gives it its path.

    body: an attrs class, a Payload, or another annotated type for a body read by hand. path: the
    shapes of parameters that `PATHS` does not know. is_counted: whether a request counts for its
    address, and may be one too many.
    """
    for read in (body, query):
        if isinstance(read, type) and attrs.has(read):
            require_bounds(read)
    made = Contract(
        summary,
        tag,
        who,
        body,
        query,
        headers,
        path or {},
        answers,
        refusals,
        invalid,
        description,
        is_body_required,
        is_counted,
    )

    def declare(handler: Handler) -> Handler:
        setattr(handler, CONTRACT, made)
        return handler

    return declare


class Undeclared(Exception):
    """A route that promises nothing, or leaves a parameter of its path unsaid."""


def declared(rule: str, handler: Callable[..., Any]) -> tuple[Contract, dict[str, Any]]:
    """Give a route's contract and the shapes of its path's parameters. Raises Undeclared."""
    found: Contract | None = getattr(handler, CONTRACT, None)
    if found is None:
        raise Undeclared(f"{rule} has no contract")
    shapes = {**PATHS, **found.path}
    names = PATH_NAME.findall(rule)
    unsaid = [name for name in names if name not in shapes]
    if unsaid:
        raise Undeclared(f"{rule} does not say what {unsaid[0]!r} is")
    return found, {name: shapes[name] for name in names}
