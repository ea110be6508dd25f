"""Imports over HTTP: a table is sent, its report read, and then confirmed or dropped.

Owns: the routes of `/api/v1/events/{id}/imports`. Invariant: an admin alone sees a table of people
or changes an event by one. Source: PROTOCOL 7, decision 0010.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import attrs
from quart import Blueprint, Response

from saleroom.auction.roles import Role
from saleroom.http.catalogue.api_drafts import Drafts
from saleroom.http.catalogue.imports import Importing
from saleroom.http.operations.audit_trail import Trail
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_requests import defining, event_id, respond
from saleroom.http.requests.bodies import read_query
from saleroom.http.requests.contract import Payload, contract
from saleroom.http.requests.problems import Problem
from saleroom.http.requests.uploads import Uploads
from saleroom.http.sale.api_replicas import Replicas
from saleroom.http.services import Services
from saleroom.intake.bounds import TABLE_BYTES_MAX
from saleroom.intake.templates import template_csv
from saleroom.protocol.reading import read_shape
from saleroom.protocol.shapes import Chars, Example
from saleroom.storage.import_ports import ImportRow

TAG = "Imports"
ID_PATTERN = "[0-9a-f]{24}"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv"
TEMPLATE = "saleroom.intake.workbooks:template_xlsx"

ImportId = Annotated[str, Chars(24, 24, ID_PATTERN), Example("0123456789abcdef01234567")]
Kind = Literal["lots", "registrations"]


@attrs.frozen
class ImportFields:
    """What a table holds."""

    kind: Kind


@attrs.frozen
class TemplateQuery:
    """What a template is for."""

    kind: Kind = "lots"


@attrs.frozen
class ImportColumn:
    """A column of the table, and which field it was taken for; null: it is left alone."""

    column: str
    field: str | None


@attrs.frozen
class ImportProblem:
    """A cell that does not hold; rows are counted as a spreadsheet does, the head being 1."""

    row: int
    column: str
    code: str
    text: str


@attrs.frozen
class DuplicateOf:
    """What a row is the same as: a lot or a bidder of the event, or an earlier row."""

    lot: int | None = None
    paddle: int | None = None
    row: int | None = None


@attrs.frozen
class ImportDuplicate:
    """A row that is there already, and so is left out."""

    row: int
    of: DuplicateOf


@attrs.frozen
class ImportView:
    """A table that was checked. Nothing of it is in the event before it is `confirmed`.

    `additions`: rows that would be added; `preview`: the first of them, with their numbers.
    """

    id: str
    event: str
    kind: Kind
    status: Literal["checked", "confirming", "confirmed"]
    created_at: int
    expires_at: int
    format: Literal["csv", "json", "xlsx"]
    rows: int
    additions: int
    columns: list[ImportColumn]
    problems: list[ImportProblem]
    problem_count: int
    duplicates: list[ImportDuplicate]
    duplicate_count: int
    preview: list[dict[str, Any]]
    added: int | None
    skipped: int | None


TABLE = Payload((CSV, "application/json", "application/octet-stream"), "file", ImportFields)


def import_routes(
    services: Services,
    access: Access,
    drafts: Drafts,
    replicas: Replicas,
    uploads: Uploads,
    trail: Trail,
) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("imports", __name__)
    importing = Importing(services, access, drafts, replicas)

    @routes.post("/events/<event>/imports")
    @contract(
        "Check a table of lots or registrations",
        tag=TAG,
        who=Role.ADMIN,
        body=TABLE,
        answers={201: ImportView},
        refusals=("INVALID_IMPORT",),
        description="CSV, JSON or XLSX, at most 5 MiB and 2000 rows. Nothing is written.",
    )
    async def check(event: str) -> Response:
        identity, role = await access.admit(Role.ADMIN, event_id(event))
        is_draft = await access.is_draft(event, role)
        row = await access.row(event)
        async with uploads.one(TABLE_BYTES_MAX, ("kind",)) as upload:
            with defining("INVALID_IMPORT"):
                kind = read_shape(ImportFields, upload.fields).kind
            made = await importing.check(row, kind, upload.data, identity.user, is_draft=is_draft)
        location = f"/api/v1/events/{event}/imports/{made.id}"
        return respond(import_json(made), 201, {"Location": location})

    @routes.get("/events/<event>/imports/<identifier>")
    @contract(
        "Read an import's report",
        tag=TAG,
        who=Role.ADMIN,
        path={"identifier": ImportId},
        answers={200: ImportView},
        refusals=("UNKNOWN_IMPORT",),
    )
    async def read(event: str, identifier: str) -> Response:
        await access.require(Role.ADMIN, event_id(event))
        return respond(import_json(await importing.get(event, _known(identifier))))

    @routes.post("/events/<event>/imports/<identifier>/confirm")
    @contract(
        "Take an import over, whole or not at all",
        tag=TAG,
        who=Role.ADMIN,
        path={"identifier": ImportId},
        answers={200: ImportView},
        refusals=("UNKNOWN_IMPORT", "IMPORT_HAS_PROBLEMS", "IMPORT_CONFLICT", "EVENT_CLOSED"),
        description="Sent again, it adds nothing twice, and completes what a crash cut short.",
    )
    async def confirm(event: str, identifier: str) -> Response:
        identity, role = await access.admit(Role.ADMIN, event_id(event))
        is_draft = await access.is_draft(event, role)
        done = await importing.confirm(event, _known(identifier), identity.user, is_draft=is_draft)
        await trail.note(
            identity.user,
            role,
            "import.confirm",
            event=event,
            target=f"import {done.id}",
            after={"kind": done.kind, "added": done.report.get("added")},
        )
        return respond(import_json(done))

    @routes.delete("/events/<event>/imports/<identifier>")
    @contract(
        "Drop an import",
        tag=TAG,
        who=Role.ADMIN,
        path={"identifier": ImportId},
        answers={204: None},
        refusals=("UNKNOWN_IMPORT", "IMPORT_UNDER_WAY"),
    )
    async def drop(event: str, identifier: str) -> Response:
        await access.admit(Role.ADMIN, event_id(event))
        await importing.drop(event, _known(identifier))
        return Response(b"", 204)

    @routes.get("/events/<event>/imports/template.csv")
    @contract(
        "Get a template as CSV", tag=TAG, who=Role.ADMIN, query=TemplateQuery, answers={200: CSV}
    )
    async def csv_template(event: str) -> Response:
        wanted = read_query(TemplateQuery)
        await access.require(Role.ADMIN, event_id(event))
        return _file(template_csv(wanted.kind).encode(), f"{wanted.kind}.csv", CSV)

    @routes.get("/events/<event>/imports/template.xlsx")
    @contract(
        "Get a template as a workbook",
        tag=TAG,
        who=Role.ADMIN,
        query=TemplateQuery,
        answers={200: XLSX},
        refusals=("OVERLOADED",),
    )
    async def workbook_template(event: str) -> Response:
        wanted = read_query(TemplateQuery)
        await access.require(Role.ADMIN, event_id(event))
        data = await services.workers.run(TEMPLATE, wanted.kind)
        return _file(data, f"{wanted.kind}.xlsx", XLSX)

    return routes


def import_json(row: ImportRow) -> dict[str, Any]:
    """Give an import as its report shows it; its rows stay here."""
    return {
        "id": row.id,
        "event": row.event,
        "kind": row.kind,
        "status": row.status,
        "created_at": row.created_at_ms,
        "expires_at": row.expires_at_ms,
        "added": None,
        "skipped": None,
        **row.report,
    }


def _known(identifier: str) -> str:
    if Chars(24, 24, ID_PATTERN).fault(identifier) is not None:
        raise Problem("UNKNOWN_IMPORT")
    return identifier


def _file(data: bytes, name: str, kind: str) -> Response:
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    return Response(data, 200, headers, content_type=kind)
