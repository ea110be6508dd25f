"""The journal over HTTP: every fact, for those who run the event.

Owns: the route `/api/v1/events/{id}/journal`, and what of a fact is blank until its lot has ended.
Invariant: a max, a ceiling, a reserve or an absentee's amount of a lot that may still take bids
never leaves; that somebody reads is
in the audit before they do. Source: PROTOCOL 7, rules 4, 6 and 16, I5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from quart import Blueprint, Response

from saleroom.auction.roles import Role
from saleroom.auction.state import EventState
from saleroom.http.catalogue.api_shapes import JournalPage, JournalQuery
from saleroom.http.operations.audit_trail import Trail
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_requests import POSITION_MAX, event_id, query_whole, respond
from saleroom.http.requests.contract import contract
from saleroom.http.requests.problems import Problem
from saleroom.http.sale.api_replicas import Replicas
from saleroom.http.services import Services
from saleroom.storage.ports import Record

HasEnded = Callable[[int], bool]
KEPT_BACK = frozenset({"digest", "v"})
"""Of a record, but not of a fact: the digest of a command would give its max away."""


def journal_routes(
    services: Services, access: Access, replicas: Replicas, trail: Trail
) -> Blueprint:
    """Make the route."""
    routes = Blueprint("journal", __name__)
    most = services.limits.journal_page_max

    @routes.get("/events/<event>/journal")
    @contract(
        "Read the journal",
        tag="Journal",
        who=Role.ADMIN,
        query=JournalQuery,
        answers={200: JournalPage},
        refusals=("EVENT_NOT_OPEN",),
        description="What is secret is blank until its lot has ended; the access is recorded.",
    )
    async def read(event: str) -> Response:
        after, limit = query_whole("after", 0, POSITION_MAX), query_whole("limit", most, most, 1)
        identity, role = await access.require(Role.ADMIN, event_id(event))
        if await access.is_draft(event, role):
            raise Problem("EVENT_NOT_OPEN", "a draft has no journal")
        await trail.require(identity.user, role, "journal.read", event, f"after {after}")
        records = await services.stores.journal.read(event, after, limit)
        has_ended = _endings(await replicas.state(event))
        facts = [shown_record(record, has_ended) for record in records]
        following = records[-1].position if len(records) == limit else None
        return respond({"facts": facts, "next": following})

    return routes


def shown_record(record: Record, has_ended: HasEnded) -> dict[str, Any]:
    """Give a record without what is still secret."""
    fact = orjson.loads(record.body)
    fact = {name: value for name, value in fact.items() if name not in KEPT_BACK}
    blank = BLANKS.get(fact["type"])
    if blank is not None:
        blank(fact, has_ended)
    return {"seq": None, "by": None, "command": None, **fact, "hash": record.head.hex()}


def _endings(state: EventState) -> HasEnded:
    return lambda number: number in state.lots and state.lots[number].has_ended


def _event_defined(fact: dict[str, Any], has_ended: HasEnded) -> None:
    del fact["chain_key"]
    fact["lots"] = [_without_reserve(lot, lot["lot"], has_ended) for lot in fact["lots"]]


def _lot_defined(fact: dict[str, Any], has_ended: HasEnded) -> None:
    fact["definition"] = _without_reserve(fact["definition"], fact["lot"], has_ended)


def _without_reserve(
    definition: Mapping[str, Any], number: int, has_ended: HasEnded
) -> dict[str, Any]:
    shown = dict(definition)
    if "reserve" in shown and not has_ended(number):
        shown["reserve"] = None
    return shown


def _bid_placed(fact: dict[str, Any], has_ended: HasEnded) -> None:
    if not has_ended(fact["lot"]):
        fact["ceiling"] = None
        fact["bid"] = None if fact["is_max"] else fact["bid"]


def _max_left(fact: dict[str, Any], has_ended: HasEnded) -> None:
    if not has_ended(fact["lot"]):
        fact["max"] = None


BLANKS: dict[str, Callable[[dict[str, Any], HasEnded], None]] = {
    "event_defined": _event_defined,
    "lot_added": _lot_defined,
    "lot_changed": _lot_defined,
    "bid_placed": _bid_placed,
    "max_raised": _max_left,
    "absentee_left": _max_left,
}
"""{fact: what blanks it}; the other facts hold nothing that is secret."""
