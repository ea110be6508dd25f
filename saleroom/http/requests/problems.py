"""Problems: every refusal and failure as HTTP tells it.

Owns: the status of each code, and the one shape of an error's body. Invariant: whatever goes wrong
leaves as application/problem+json with a `code`; nothing of the inside stands in it.
Source: RFC 9457, PROTOCOL 3 and 7.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from quart import Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from saleroom.auction.refusal import Code
from saleroom.protocol.answers import MESSAGES, TEMPORARY

STATUS: dict[str, int] = {
    "MALFORMED": 400,
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "INVALID_CODE": 404,
    "NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "REQUEST_TIMEOUT": 408,
    "TOO_LARGE": 413,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "INVALID_EVENT": 422,
    "INVALID_IMAGE": 422,
    "INVALID_IMPORT": 422,
    "INVALID_LOT": 422,
    "INVALID_REGISTRATION": 422,
    "INVALID_FIELD": 422,
    "RATE_LIMITED": 429,
    "INTERNAL": 500,
    "OVERLOADED": 503,
    "OUTCOME_UNKNOWN": 503,
}
"""{code: status}; UNKNOWN_* is 404 and every other refusal 409."""

DETAILS: dict[str, str] = {
    "NOT_FOUND": "there is nothing at this address",
    "METHOD_NOT_ALLOWED": "this address does not take that method",
    "REQUEST_TIMEOUT": "the request did not come in time",
    "TOO_LARGE": "the request's body is too large",
    "UNSUPPORTED_MEDIA_TYPE": "the body is application/json",
    "INVALID_EVENT": "the event's definition does not hold",
    "INVALID_REGISTRATION": "the registration does not hold",
    "INVALID_FIELD": "a field of the body does not hold",
    "INVALID_IMAGE": "the picture is none that is taken",
    "INVALID_IMPORT": "the table cannot be read",
    "TOO_MANY_IMAGES": "the lot has as many pictures as it may",
    "IMPORT_HAS_PROBLEMS": "the table has problems; mend it and send it again",
    "IMPORT_CONFLICT": "the event has changed since the table was checked; send it again",
    "IMPORT_UNDER_WAY": "the import is being confirmed; confirm it again to finish it",
    "UNKNOWN_INVOICE": "there is no such invoice",
    "NOT_SETTLED": "the invoice has no receipt while something of it is owed or nothing stands",
    "UNKNOWN_IMAGE": "there is no such picture",
    "UNKNOWN_IMPORT": "there is no such import, or it has expired",
    "UNKNOWN_EVENT": "there is no such event",
    "UNKNOWN_CHILD": "there is no such place in the tree",
    "UNKNOWN_ACCOUNT": "there is no such account",
    "INVALID_CODE": "the code is not valid, or no longer; ask for a new one",
    "NO_PASSWORD": "this account has no password",
    "OWN_ACCOUNT": "an admin's own rights are another admin's to change",
    "UNKNOWN_CODE": "there is no such join code, or it was used",
    "UNKNOWN_WISHLIST": "there is no such wish list",
    "UNKNOWN_ITEM": "there is no such item on the wish list",
    "UNKNOWN_GIFT": "there is no such promise of yours, or the wish list is closed",
    "WISHLIST_CLOSED": "the wish list is closed",
    "WISHLIST_OPEN": "who gave is shown once the wish list is closed",
    "OWN_WISHLIST": "a wish list is for others to give on",
    "PROMISED": "somebody has promised it",
    "LIMIT_REACHED": "there are as many as there may be",
    "OTHER_CURRENCY": "the event is held in another currency",
    "EXPIRED": "the time has passed already",
    "CHILD_DOWN": "its supervisor does not run",
    "STALE_VERSION": "it has changed since; read it again",
    "EVENT_PUBLISHED": "the event has been published",
    "UNKNOWN_CATEGORY": "there is no such category",
    "UNKNOWN_CURSOR": "a cursor is what `next` gave to the same query",
    "UNKNOWN_DONOR": "there is no such donor",
    "NAME_TAKEN": "the name is in use",
    "IN_USE": "lots refer to it",
    "TOO_MANY": "there are as many as there may be",
    "EVENT_NOT_CLOSED": "the event has not closed yet: nothing is to be paid",
    "EVENT_BILLED": "the event has been billed under the terms that stand",
    "NOTHING_TO_CREDIT": "these are no lines that stand on the invoice",
    "UNKNOWN_PAYMENT": "there is no such payment",
    "MORE_THAN_DUE": "less is due",
    "AMOUNT_CHANGED": "another amount is due than the page said; look again",
    "PAYMENT_UNDER_WAY": "another payment is under way",
    "NOT_CAPTURED": "the payment was not taken: there is nothing to give back",
    "REFUND_TOO_HIGH": "less is left of the payment",
    "NOT_HELD": "nothing is held by the payment",
    "MORE_THAN_HELD": "less is held",
    "NOT_OPEN": "the payment has ended",
    "NO_CARD": "no card is on file",
    "CARD_REFUSED": "the card processor does not take it",
    "CARD_NOT_CONFIRMED": "the card's setup is not complete",
    "UNKNOWN_SETUP": "there is no such setup of a card of yours",
    "UNKNOWN_LINK": "there is no such link, or it has ended",
    "UNKNOWN_MESSAGE": "there is no such dead message",
    "UNKNOWN_DEVICE": "there is no such browser of yours",
}
"""What a person is told where neither a rule nor the protocol has words."""

OF_STATUS: dict[int, str] = {
    400: "MALFORMED",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    408: "REQUEST_TIMEOUT",
    413: "TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
}
"""The codes of what the framework refuses."""

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_MS = 1_000


class Problem(Exception):
    """A request declined or failed. extras: further members of the body."""

    def __init__(
        self,
        code: str,
        detail: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        **extras: Any,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail or DETAILS.get(code) or MESSAGES.get(code) or Code[code].value
        self.headers = dict(headers or {})
        self.extras = extras

    @property
    def status(self) -> int:
        """The HTTP status of the code."""
        return STATUS.get(self.code) or (404 if self.code.startswith("UNKNOWN_") else 409)

    @property
    def is_temporary(self) -> bool:
        """Whether the same request may be sent again."""
        return self.code in TEMPORARY


def of_nack(message: Mapping[str, Any]) -> Problem:
    """Read an event's nack as a problem; its extras stay."""
    known = ("type", "code", "message", "title", "status", "detail")
    extras = {name: value for name, value in message.items() if name not in known}
    return Problem(message["code"], message["message"], **extras)


def of_http(error: HTTPException) -> Problem:
    """Read what the framework refused as a problem."""
    code = OF_STATUS.get(error.code or 500, "INTERNAL")
    headers = {}
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return Problem(code, DETAILS.get(code), headers=headers)


def busy(detail: str) -> Problem:
    """Give the problem of something that is away for a moment."""
    return Problem("OVERLOADED", detail, retry_after_ms=RETRY_AFTER_MS)


def problem_response(problem: Problem) -> Response:
    """Encode a problem; `Retry-After` and `WWW-Authenticate` follow from its code."""
    body = {
        "temporary": problem.code in TEMPORARY,
        **problem.extras,
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
    }
    headers = {"Cache-Control": "no-store", **problem.headers}
    if problem.code in TEMPORARY:
        wait_ms = problem.extras.get("retry_after_ms", RETRY_AFTER_MS)
        headers["Retry-After"] = str(math.ceil(wait_ms / 1000))
    if problem.code == "UNAUTHENTICATED":
        headers["WWW-Authenticate"] = "Bearer"
    return Response(orjson.dumps(body), problem.status, headers, content_type=CONTENT_TYPE)
