"""The HTTP API: its routes put together, and its one answer to everything that goes wrong.

Owns: which routes exist, and which error becomes which problem. Invariant: no error leaves but as
problem+json; one that nobody foresaw is logged once and tells nothing. Knows no rule of auctions.
Source: PROTOCOL 7, RFC 9457, ARCHITECTURE 6 (traps 1 and 4).
"""

from __future__ import annotations

import logging
from typing import cast

from quart import Response
from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException

from saleroom.http.accounts.api_accounts import account_routes
from saleroom.http.accounts.api_auth import auth_routes
from saleroom.http.accounts.api_erasure import erasure_routes
from saleroom.http.accounts.api_me import me_routes
from saleroom.http.catalogue.api_categories import category_routes
from saleroom.http.catalogue.api_copies import copy_routes
from saleroom.http.catalogue.api_donors import LotDonors, donor_routes
from saleroom.http.catalogue.api_drafts import Drafts
from saleroom.http.catalogue.api_events import event_routes
from saleroom.http.catalogue.api_imports import import_routes
from saleroom.http.catalogue.api_lots import lot_routes
from saleroom.http.catalogue.api_media import media_routes
from saleroom.http.catalogue.api_published import PublishedEvents
from saleroom.http.catalogue.api_rows import LotRows
from saleroom.http.catalogue.api_views import Views
from saleroom.http.catalogue.lots import Lots
from saleroom.http.desk.api_desk import desk_routes
from saleroom.http.desk.api_event_code import event_code_routes
from saleroom.http.desk.api_join import join_routes
from saleroom.http.desk.api_registrations import registration_routes
from saleroom.http.desk.guests import Guests
from saleroom.http.docs.api_docs import Documents, docs_routes
from saleroom.http.door.hypercorn_door import AsgiApp
from saleroom.http.door.quick_door import Quick
from saleroom.http.door.quick_files import QuickFiles
from saleroom.http.door.quick_reads import quick_reads
from saleroom.http.messages.api_messages import message_routes
from saleroom.http.messages.api_texts import text_routes
from saleroom.http.money.api_billing import billing_routes
from saleroom.http.money.api_checkout import checkout_routes
from saleroom.http.money.api_pay import pay_routes
from saleroom.http.money.api_payments import payment_routes
from saleroom.http.money.api_receipts import receipt_routes
from saleroom.http.money.api_summaries import summary_routes
from saleroom.http.money.money_desk import MoneyDesk
from saleroom.http.operations.api_audit import audit_routes
from saleroom.http.operations.api_health import health_routes
from saleroom.http.operations.api_operator import operator_routes
from saleroom.http.operations.audit_trail import Trail
from saleroom.http.pages.pages import page_routes
from saleroom.http.pages.web_files import web_files
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_reading import note_edits, tell_nothing_of_no_body
from saleroom.http.requests.api_requests import check_key
from saleroom.http.requests.front import put_front
from saleroom.http.requests.problems import Problem, busy, of_http, problem_response
from saleroom.http.requests.segments import Segment
from saleroom.http.requests.uploads import UploadGate, Uploads
from saleroom.http.sale.api_commands import command_routes
from saleroom.http.sale.api_exports import export_routes
from saleroom.http.sale.api_history import history_routes
from saleroom.http.sale.api_journal import journal_routes
from saleroom.http.sale.api_own import own_routes
from saleroom.http.sale.api_replicas import Replicas
from saleroom.http.sale.api_results import result_routes
from saleroom.http.sale.api_watching import watch_routes
from saleroom.http.sale.api_wishes import wish_routes
from saleroom.http.services import Services
from saleroom.payments.ports import NotDone, ProcessorAway
from saleroom.protocol.codec import Malformed
from saleroom.storage.ports import OutcomeUnknown, StoreUnavailable
from saleroom.workers.crew import WorkersBusy

NAME = "saleroom.http"
API_PREFIX = "/api/v1"
DOCUMENTS = "documents"
PROCESSOR_AWAY = "the card processor gave no answer: ask again with the same key, nothing is lost"

logger = logging.getLogger(NAME)


def make_app(services: Services) -> tuple[AsgiApp, Quick]:
    """Make the app that the door serves, which needs no lifespan, and its quick answers."""
    app = make_quart(services)
    documents: Documents = app.extensions[DOCUMENTS]
    documents.drawn()
    quick = QuickFiles(web_files(), services, quick_reads(app, services).answer)
    return cast(AsgiApp, app), quick.answer


def make_quart(services: Services) -> QuartTrio:
    """Make the app as quart has it."""
    app = QuartTrio(NAME, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = services.limits.body_bytes_max
    app.config["BODY_TIMEOUT"] = services.limits.body_s
    app.url_map.merge_slashes = False
    app.url_map.converters["default"] = Segment
    _answer_errors(app)
    app.before_request(check_key)
    app.asgi_app = UploadGate(cast(AsgiApp, app.asgi_app))  # type: ignore[assignment,method-assign]
    put_front(app, services)
    access = Access(services)
    drafts = Drafts(services)
    stores = services.stores
    replicas = Replicas(stores.journal, stores.snapshots, services.limits.replicas_max)
    views = Views(stores.hot, replicas, services.clock, services.freshness)
    note_edits(app, services.freshness)
    tell_nothing_of_no_body(app)
    uploads = Uploads()
    guests = Guests(services, access, drafts, replicas)
    trail = Trail(stores.audit, services.clock)
    published = PublishedEvents(services, access, replicas)
    rows = LotRows(stores.catalogue, services.freshness)
    donors = LotDonors(stores.index, services.freshness)
    lots = Lots(services, access, views, replicas, rows, donors)
    money = MoneyDesk(services, access, replicas)
    app.register_blueprint(health_routes(services))
    for routes in (
        event_routes(services, access, drafts, published, views, trail),
        copy_routes(services, access, replicas, trail),
        lot_routes(services, access, drafts, lots, trail),
        history_routes(services, access, replicas),
        category_routes(services, access, trail),
        donor_routes(services, access, trail),
        export_routes(access, lots, replicas),
        registration_routes(services, access, drafts, guests),
        desk_routes(services, access, guests, trail),
        join_routes(services, access, replicas, trail),
        event_code_routes(services, access),
        watch_routes(services, access, views),
        wish_routes(services, access, views),
        erasure_routes(services, access, trail),
        own_routes(services, access, replicas),
        command_routes(services, access),
        receipt_routes(services, access, replicas, trail),
        summary_routes(services, access),
        result_routes(services, access, views),
        journal_routes(services, access, replicas, trail),
        audit_routes(services, access),
        operator_routes(services, access, trail),
        media_routes(services, access, replicas, uploads, trail),
        import_routes(services, access, drafts, replicas, uploads, trail),
        billing_routes(services, access, money, trail),
        payment_routes(services, access, money, trail),
        checkout_routes(services, money),
        auth_routes(services, access),
        me_routes(services, access),
        account_routes(services, access),
        message_routes(services, access, trail),
        text_routes(services, access, trail),
    ):
        app.register_blueprint(routes, url_prefix=API_PREFIX)
    documents = app.extensions[DOCUMENTS] = Documents(app.url_map, app.view_functions)
    app.register_blueprint(docs_routes(documents))
    app.register_blueprint(page_routes(access))
    app.register_blueprint(pay_routes(services, money))
    documents.check()
    return app


def _answer_errors(app: QuartTrio) -> None:
    @app.errorhandler(Problem)
    async def problem(error: Problem) -> Response:
        return problem_response(error)

    @app.errorhandler(NotDone)
    async def not_done(error: NotDone) -> Response:
        return problem_response(Problem(error.code, error.detail, **error.extras))

    @app.errorhandler(ProcessorAway)
    async def processor_away(error: ProcessorAway) -> Response:
        logger.warning("the card processor gave no certain answer: %s", error)
        return problem_response(Problem("OUTCOME_UNKNOWN", PROCESSOR_AWAY))

    @app.errorhandler(Malformed)
    async def malformed(error: Malformed) -> Response:
        return problem_response(Problem("MALFORMED", error.reason))

    @app.errorhandler(StoreUnavailable)
    async def away(error: StoreUnavailable) -> Response:
        return problem_response(busy("a store is away; try again in a moment"))

    @app.errorhandler(WorkersBusy)
    async def no_worker(error: WorkersBusy) -> Response:
        return problem_response(busy("the server is busy; try again in a moment"))

    @app.errorhandler(OutcomeUnknown)
    async def unknown(error: OutcomeUnknown) -> Response:
        return problem_response(Problem("OUTCOME_UNKNOWN", "nobody can say whether it was done"))

    @app.errorhandler(HTTPException)
    async def refused(error: HTTPException) -> Response:
        """Answer what the framework refuses, and, after it has logged it, any bug."""
        return problem_response(of_http(error))
