"""Commands over HTTP: the same mailbox, for clients without a websocket.

Owns: the routes `/api/v1/events/{id}/commands` and `/api/v1/bids`. Invariant: a command is decoded,
permitted and answered as on a websocket, and its `Idempotency-Key` is its id.
Source: PROTOCOL 3 and 7, rules 28 and 29.
"""

from __future__ import annotations

from typing import Any

from quart import Blueprint, Response

from saleroom.auction.refusal import Code
from saleroom.auction.roles import LEAST_ROLE, Role
from saleroom.http.catalogue.api_shapes import AckView, MaximumBid, StraightBid
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_asking import ask_event
from saleroom.http.requests.api_requests import event_id, idempotency_key, read_object, respond
from saleroom.http.requests.contract import REQUIRED_KEY, contract
from saleroom.http.requests.problems import Problem
from saleroom.http.services import Services
from saleroom.protocol.codec import decode_command
from saleroom.protocol.command_schema import command_body
from saleroom.protocol.messages import Ask

TAG = "Bids and commands"
REFUSALS = tuple(code.name for code in Code)
BID_REFUSALS = (
    "UNKNOWN_EVENT",
    "ID_REUSED",
    "EVENT_NOT_OPEN",
    "EVENT_PAUSED",
    "EVENT_CLOSED",
    "UNKNOWN_LOT",
    "LOT_NOT_OPEN",
    "LOT_CLOSED",
    "REMOTE_LOCKED",
    "NO_PADDLE",
    "PADDLE_LOCKED",
    "TERMS_NOT_ACCEPTED",
    "OWN_LOT",
    "BUY_ONLY",
    "MAX_NOT_ALLOWED",
    "INVALID_AMOUNT",
    "BID_TOO_LOW",
    "MAX_NOT_HIGHER",
    "STALE_ASK",
    "NOT_FOR_SALE",
    "OVER_LIMIT",
)


def command_routes(services: Services, access: Access) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("commands", __name__)

    async def perform(event: str, ask: Ask) -> Response:
        identity, role = await access.admit(LEAST_ROLE[type(ask.command)], event_id(event))
        site = await access.site(event, role)
        return respond(await ask_event(site, ask, identity.user, role, services.limits.answer_s))

    @routes.post("/events/<event>/commands")
    @contract(
        "Ask something of an event",
        tag=TAG,
        who=Role.DONOR,
        body=command_body,
        invalid=None,
        headers=(REQUIRED_KEY,),
        answers={200: AckView},
        refusals=REFUSALS,
        description="The least role depends on the command: see PROTOCOL 3.",
    )
    async def command(event: str) -> Response:
        key, raw = _key(), await read_object()
        if raw.pop("id", key) != key:
            raise Problem("MALFORMED", "`id` is what Idempotency-Key says, or left out")
        return await perform(event, decode_command(raw, key))

    @routes.post("/bids")
    @contract(
        "Bid, in short",
        tag=TAG,
        who=Role.DONOR,
        body=StraightBid | MaximumBid,
        invalid=None,
        headers=(REQUIRED_KEY,),
        answers={200: AckView},
        refusals=BID_REFUSALS,
    )
    async def bid() -> Response:
        key, raw = _key(), await read_object()
        event = raw.pop("event", None)
        if not isinstance(event, str):
            raise Problem("MALFORMED", "'event' names the event")
        return await perform(event, decode_command({"type": _bid_type(raw), **raw}, key))

    return routes


def _key() -> str:
    key = idempotency_key()
    if key is None:
        raise Problem("MALFORMED", "the header Idempotency-Key is required")
    return key


def _bid_type(raw: dict[str, Any]) -> str:
    """Tell a straight bid from a max, by which amount it names."""
    if raw.keys() not in ({"lot", "amount"}, {"lot", "max"}):
        raise Problem("MALFORMED", "a bid is {event, lot, amount} or {event, lot, max}")
    return "place_bid" if "amount" in raw else "set_max_bid"
