"""Billing over HTTP: an event's terms, its invoices, folios and ledger.

Owns: the routes `billing`, `invoices`, `folios` and `ledger` of an event. Invariant: whoever takes
something back is an admin, says why and stands in the audit; what is billed follows from the
event's journal alone. Source: rules 26 and 31, decision 0020.
"""

from __future__ import annotations

from typing import Any

import attrs
from quart import Blueprint, Response

from saleroom.auction.roles import Role, outranks
from saleroom.billing.folio import Changes, Declined, Folio
from saleroom.billing.invoice import DocumentKind, Invoice
from saleroom.billing.invoicing import Act, adjust, credit
from saleroom.billing.terms import BillingTerms
from saleroom.http.catalogue.api_shapes import NumberQuery
from saleroom.http.money.billing_shapes import (
    Adjustment,
    Billed,
    Billing,
    Crediting,
    DocumentNumber,
    DocumentPage,
    DocumentQuery,
    DocumentView,
    FolioPage,
    FolioView,
    LedgerPage,
    TermsView,
)
from saleroom.http.money.money_desk import (
    MoneyDesk,
    document_json,
    entry_json,
    key_of,
    required_key,
)
from saleroom.http.operations.audit_trail import Trail
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_requests import (
    event_id,
    path_number,
    read_number_page,
    read_page,
    respond,
)
from saleroom.http.requests.bodies import read_body, read_body_if_any, read_query
from saleroom.http.requests.contract import REQUIRED_KEY, contract
from saleroom.http.requests.problems import Problem
from saleroom.http.services import Services
from saleroom.payments.biller import bill_event
from saleroom.storage.billing_ports import KeptTerms
from saleroom.storage.ports import Conflict, Full, NotFound

TAG = "Billing"
DOCUMENT_PATH = {"number": DocumentNumber}
UNKNOWN_INVOICE = "UNKNOWN_INVOICE"


def billing_routes(services: Services, access: Access, desk: MoneyDesk, trail: Trail) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("billing", __name__)
    store, till = services.stores.billing, services.till

    @routes.get("/events/<event>/billing")
    @contract(
        "Read what an event adds to prices", tag=TAG, who=Role.CLERK, answers={200: TermsView}
    )
    async def terms(event: str) -> Response:
        await access.require(Role.CLERK, event_id(event))
        await access.row(event)
        return respond(_terms_json(await store.terms(event)))

    @routes.put("/events/<event>/billing")
    @contract(
        "Set what an event adds to prices",
        tag=TAG,
        who=Role.ADMIN,
        body=TermsView,
        answers={200: TermsView},
        refusals=("STALE_VERSION", "EVENT_BILLED"),
        description="Until the event has been billed. `version` is the one that was read.",
    )
    async def put_terms(event: str) -> Response:
        identity, role = await access.admit(Role.ADMIN, event_id(event))
        wanted = await read_body(TermsView)
        await access.row(event)
        rates = BillingTerms(wanted.premium_ppm, wanted.tax_ppm, wanted.fee_ppm, wanted.fee_fixed)
        before = await store.terms(event)
        try:
            kept = await store.put_terms(event, KeptTerms(rates, wanted.version))
        except Full:
            raise Problem("EVENT_BILLED") from None
        except Conflict:
            raise Problem("STALE_VERSION", version=before.version) from None
        await trail.note(
            identity.user,
            role,
            "billing.terms",
            event=event,
            before=_terms_json(before),
            after=_terms_json(kept),
        )
        return respond(_terms_json(kept))

    @routes.post("/events/<event>/invoices")
    @contract(
        "Bill a closed event",
        tag=TAG,
        who=Role.ADMIN,
        body=Billing,
        is_body_required=False,
        answers={200: Billed},
        refusals=("EVENT_NOT_OPEN", "EVENT_NOT_CLOSED"),
        description=(
            "What is not billed yet is; what was billed and has changed is credited. A closed "
            "event is billed by itself within seconds; this is for what was taken back by hand."
        ),
    )
    async def bill(event: str) -> Response:
        identity, role = await access.admit(Role.ADMIN, event_id(event))
        asked = await read_body_if_any(Billing)
        state = await desk.closed(event)
        act = Act(services.clock.now_ms(), identity.user)
        made = await bill_event(till, state, act, is_again=asked.again)
        if made:
            labels = {"documents": [document.label for document in made]}
            await trail.note(identity.user, role, "billing.bill", event=event, after=labels)
        return respond({"documents": [document_json(each, is_staff=True) for each in made]})

    @routes.get("/events/<event>/invoices")
    @contract(
        "List invoices or credit notes",
        tag=TAG,
        who=Role.CLERK,
        query=DocumentQuery,
        answers={200: DocumentPage},
    )
    async def index(event: str) -> Response:
        await access.require(Role.CLERK, event_id(event))
        await access.row(event)
        asked, limit = read_query(DocumentQuery), read_page(services.limits).limit
        kind = DocumentKind(asked.kind)
        found = await store.documents(event, kind, asked.cursor, limit + 1)
        following = found[limit - 1].number if len(found) > limit else None
        shown = [document_json(each, is_staff=True) for each in found[:limit]]
        return respond({"documents": shown, "next": following})

    @routes.get("/events/<event>/invoices/<number>")
    @contract(
        "Read an invoice",
        tag=TAG,
        who=Role.DONOR,
        path=DOCUMENT_PATH,
        answers={200: DocumentView},
        refusals=(UNKNOWN_INVOICE, "EVENT_NOT_OPEN"),
    )
    async def read(event: str, number: str) -> Response:
        identity, role = await access.require(Role.DONOR, event_id(event))
        await access.row(event)
        found = await _invoice(services, event, number)
        is_staff = outranks(role, Role.CLERK)
        if not is_staff:
            state = await desk.state(event)
            if state.paddle_of.get(identity.user) != found.paddle:
                raise Problem(UNKNOWN_INVOICE)
        return respond(document_json(found, is_staff=is_staff))

    @routes.post("/events/<event>/invoices/<number>/credit")
    @contract(
        "Take lines of an invoice back, or all of it",
        tag=TAG,
        who=Role.ADMIN,
        path=DOCUMENT_PATH,
        body=Crediting,
        answers={201: DocumentView},
        refusals=(UNKNOWN_INVOICE, "NOTHING_TO_CREDIT"),
        description="A credit note; an invoice without standing lines is void.",
    )
    async def take_back(event: str, number: str) -> Response:
        identity, role = await access.admit(Role.ADMIN, event_id(event))
        asked = await read_body(Crediting)
        await access.row(event)
        invoice = await _invoice(services, event, number)
        act = Act(services.clock.now_ms(), identity.user)

        def decide(folio: Folio) -> tuple[None, Changes] | Declined:
            changes = credit(folio, invoice.number, asked.lines, asked.reason, act)
            return changes if isinstance(changes, Declined) else (None, changes)

        _, (note,) = await till.change(event, invoice.paddle, decide)
        await trail.note(
            identity.user,
            role,
            "billing.credit",
            event=event,
            target=invoice.label,
            after={"note": note.label, "total": note.total, "reason": asked.reason},
        )
        return respond(document_json(note, is_staff=True), 201)

    @routes.get("/events/<event>/folios")
    @contract(
        "List what each paddle owes and has paid",
        tag=TAG,
        who=Role.CLERK,
        query=NumberQuery,
        answers={200: FolioPage},
    )
    async def folios(event: str) -> Response:
        await access.require(Role.CLERK, event_id(event))
        await access.row(event)
        after, limit = read_number_page(services.limits)
        found = await store.summaries(event, after, limit + 1)
        following = found[limit - 1].paddle if len(found) > limit else None
        shown = [attrs.asdict(summary) for summary in found[:limit]]
        return respond({"folios": shown, "next": following})

    @routes.get("/events/<event>/folios/<paddle>")
    @contract(
        "Read what a paddle owes and has paid",
        tag=TAG,
        who=Role.DONOR,
        answers={200: FolioView},
        refusals=("EVENT_NOT_OPEN",),
    )
    async def folio(event: str, paddle: str) -> Response:
        return respond(await desk.folio_json(await desk.own_or_staff(event, paddle, writes=False)))

    @routes.post("/events/<event>/folios/<paddle>/adjustments")
    @contract(
        "Forgive a part of what is owed, or ask for more",
        tag=TAG,
        who=Role.ADMIN,
        body=Adjustment,
        headers=(REQUIRED_KEY,),
        answers={200: FolioView},
        refusals=("EVENT_NOT_OPEN", "ID_REUSED", "MORE_THAN_DUE"),
    )
    async def adjustment(event: str, paddle: str) -> Response:
        key = required_key()
        asked = await desk.staff(event, paddle, Role.ADMIN)
        wanted = await read_body(Adjustment)
        act, is_credit = Act(services.clock.now_ms(), asked.by), wanted.kind == "credit"

        def decide(folio: Folio) -> tuple[bool, Changes] | Declined:
            mark = key_of(asked.by, key)
            changes = adjust(folio, wanted.amount, wanted.reason, mark, act, is_credit=is_credit)
            return changes if isinstance(changes, Declined) else (bool(changes), changes)

        is_new, _ = await till.change(event, asked.sale.paddle, decide)
        if is_new:
            await trail.note(
                asked.by,
                asked.role,
                "billing.adjust",
                event=event,
                target=f"paddle {asked.sale.paddle}",
                after=attrs.asdict(wanted),
            )
        return respond(await desk.folio_json(asked))

    @routes.get("/events/<event>/ledger")
    @contract(
        "Read the ledger",
        tag=TAG,
        who=Role.ADMIN,
        query=NumberQuery,
        answers={200: LedgerPage},
    )
    async def ledger(event: str) -> Response:
        await access.require(Role.ADMIN, event_id(event))
        await access.row(event)
        after, limit = read_number_page(services.limits)
        found = await store.ledger(event, after, limit + 1)
        following = found[limit - 1].number if len(found) > limit else None
        return respond({"entries": [entry_json(e) for e in found[:limit]], "next": following})

    return routes


async def _invoice(services: Services, event: str, number: str) -> Invoice:
    wanted = path_number(number, UNKNOWN_INVOICE)
    try:
        return await services.stores.billing.document(event, DocumentKind.INVOICE, wanted)
    except NotFound:
        raise Problem(UNKNOWN_INVOICE) from None


def _terms_json(kept: KeptTerms) -> dict[str, Any]:
    return {**attrs.asdict(kept.terms), "version": kept.version}
