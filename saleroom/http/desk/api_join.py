"""Join codes over HTTP: printed by staff, used by donors.

Owns: the routes of `join-codes` of an event, and `/api/v1/join`. Invariant: a code leaves when it
is made, and in its picture, to staff alone; what is listed later is its id. Pictures and codes are
kept by no cache. Source: issue 6 points 1 and 3, decision 0011.
"""

from __future__ import annotations

from typing import Any

import attrs
from quart import Blueprint, Response, request

from saleroom.auction.definition import DefinitionError
from saleroom.auction.roles import Role
from saleroom.http.accounts.api_auth import client_address
from saleroom.http.accounts.sign_ins import ACCESS_S
from saleroom.http.desk.desk_shapes import (
    CodeId,
    CodePage,
    CodeQuery,
    CodeShown,
    CodeView,
    Invitation,
    Joined,
    Joining,
    NewCodes,
    PrintedCode,
    PrintedCodes,
)
from saleroom.http.desk.join_codes import digest, new_code_id
from saleroom.http.desk.joining import JoinDesk
from saleroom.http.operations.audit_trail import Trail
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_requests import defining, event_id, read_page, respond
from saleroom.http.requests.bodies import read_body, read_query
from saleroom.http.requests.contract import INVALID_FIELD, NOBODY_ASKED, contract
from saleroom.http.requests.problems import Problem
from saleroom.http.sale.api_replicas import Replicas
from saleroom.http.services import Services
from saleroom.storage.join_ports import JoinCode
from saleroom.storage.ports import NotFound

TAG = "Joining"
LINK = "/j/"
SVG = "image/svg+xml"
DRAW = "saleroom.http.desk.qr:svg"
CODE_PATH = {"code": CodeId}


def join_routes(services: Services, access: Access, replicas: Replicas, trail: Trail) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("join", __name__)
    desk = JoinDesk(services, access, replicas)
    codes, maker = services.stores.join_codes, services.codes

    @routes.post("/events/<event>/join-codes")
    @contract(
        "Print join codes",
        tag=TAG,
        who=Role.CLERK,
        body=NewCodes,
        answers={201: PrintedCodes},
        refusals=("EXPIRED",),
        description="The codes are shown this once; their pictures until they are used.",
    )
    async def make(event: str) -> Response:
        identity, role = await access.admit(Role.CLERK, event_id(event))
        wanted = await read_body(NewCodes)
        now = services.clock.now_ms()
        with defining(INVALID_FIELD):
            _require_sense(wanted, now)
        await access.is_draft(event, role)
        made = [_code(event, wanted, identity.user, now) for _ in range(wanted.count)]
        rows = [attrs.evolve(row, digest=digest(maker.code(row.id))) for row in made]
        try:
            await codes.add(rows)
        except NotFound:
            raise Problem("UNKNOWN_EVENT") from None
        about = {"count": wanted.count, "paddle": wanted.paddle, "table": wanted.table}
        await trail.note(identity.user, role, "join_code.print", event=event, after=about)
        printed = [
            PrintedCode(
                row.id,
                maker.code(row.id),
                _link(services, maker.code(row.id)),
                f"/api/v1/events/{event}/join-codes/{row.id}.svg",
            )
            for row in rows
        ]
        shown = PrintedCodes(printed, wanted.paddle, wanted.table, wanted.expires_at)
        return respond(attrs.asdict(shown), 201)

    @routes.get("/events/<event>/join-codes")
    @contract("List join codes", tag=TAG, who=Role.CLERK, query=CodeQuery, answers={200: CodePage})
    async def index(event: str) -> Response:
        asked, limit = read_query(CodeQuery), read_page(services.limits).limit
        _, role = await access.require(Role.CLERK, event_id(event))
        await access.is_draft(event, role)
        rows = await codes.codes(event, asked.cursor, limit + 1)
        following = rows[limit - 1].id if len(rows) > limit else None
        shown = [attrs.asdict(_view(row)) for row in rows[:limit]]
        return respond({"codes": shown, "next": following})

    @routes.get("/events/<event>/join-codes/<string:code>.svg")
    @contract(
        "Draw a join code",
        tag=TAG,
        who=Role.CLERK,
        path=CODE_PATH,
        answers={200: SVG},
        refusals=("UNKNOWN_CODE",),
        description="A QR code of its link, until it is used.",
    )
    async def draw(event: str, code: str) -> Response:
        _, role = await access.require(Role.CLERK, event_id(event))
        await access.is_draft(event, role)
        try:
            row = await codes.code(event, code)
        except NotFound:
            raise Problem("UNKNOWN_CODE") from None
        if row.used_at_ms is not None:
            raise Problem("UNKNOWN_CODE")
        link = _link(services, maker.code(row.id))
        picture: bytes = await services.workers.run(DRAW, link)
        return Response(picture, 200, {"Cache-Control": "no-store"}, content_type=SVG)

    @routes.delete("/events/<event>/join-codes/<code>")
    @contract(
        "Revoke a join code",
        tag=TAG,
        who=Role.CLERK,
        path=CODE_PATH,
        answers={204: None},
        refusals=("UNKNOWN_CODE",),
    )
    async def revoke(event: str, code: str) -> Response:
        identity, role = await access.admit(Role.CLERK, event_id(event))
        await access.is_draft(event, role)
        try:
            await codes.revoke(event, code)
        except NotFound:
            raise Problem("UNKNOWN_CODE") from None
        await trail.note(identity.user, role, "join_code.revoke", event=event, target=code)
        return Response(b"", 204)

    @routes.post("/join/invitation")
    @contract(
        "See what a join code is for",
        tag=TAG,
        who=NOBODY_ASKED,
        body=CodeShown,
        answers={200: Invitation},
        refusals=("INVALID_CODE", "RATE_LIMITED", "OVERLOADED"),
        description="Before anybody joins: the event's title and its terms. The code stays good.",
    )
    async def invitation() -> Response:
        given = await read_body(CodeShown)
        row = await desk.invitation(given.code, client_address())
        return respond(attrs.asdict(Invitation(row.id, row.title, row.details.get("terms"))))

    @routes.post("/join")
    @contract(
        "Join an event with a code",
        tag=TAG,
        who=NOBODY_ASKED,
        body=Joining,
        answers={201: Joined},
        refusals=(
            "INVALID_CODE",
            "RATE_LIMITED",
            "TERMS_NOT_ACCEPTED",
            "EVENT_NOT_OPEN",
            "EVENT_CLOSED",
            "PADDLE_TAKEN",
            "OVERLOADED",
            "OUTCOME_UNKNOWN",
        ),
        description="Registers, accepts the terms, and signs in as a guest. A code serves once.",
    )
    async def join() -> Response:
        given = await read_body(Joining)
        seated = await desk.join(given, client_address())
        granted = seated.granted
        shown: dict[str, Any] = {
            "event": seated.event,
            "paddle": seated.paddle,
            "user": granted.account.id,
            "terms_version": seated.terms_version,
            "expires_in": ACCESS_S,
        }
        if given.cookie:
            proof = services.cookies.proof(granted.sign_in)
            response = respond({**shown, "csrf_token": proof}, 201)
            services.cookies.put(response, granted)
            return response
        tokens = {"access_token": granted.access, "refresh_token": granted.refresh}
        return respond({**shown, **tokens, "token_type": "Bearer"}, 201)

    return routes


def _require_sense(wanted: NewCodes, now_ms: int) -> None:
    """Raises DefinitionError, Problem."""
    if wanted.paddle is not None and wanted.count != 1:
        raise DefinitionError("count", "is 1 for a paddle, which one person holds")
    if wanted.expires_at is not None and wanted.expires_at <= now_ms:
        raise Problem("EXPIRED")


def _code(event: str, wanted: NewCodes, by: str, now_ms: int) -> JoinCode:
    return JoinCode(
        new_code_id(), event, b"", wanted.paddle, wanted.table, by, now_ms, wanted.expires_at
    )


def _view(row: JoinCode) -> CodeView:
    return CodeView(
        row.id,
        row.paddle,
        row.table,
        row.created_by,
        row.created_at_ms,
        row.expires_at_ms,
        row.used_at_ms,
    )


def _link(services: Services, code: str) -> str:
    base = services.outside.public_url or request.host_url.rstrip("/")
    return f"{base}{LINK}{code}"
