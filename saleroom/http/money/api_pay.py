"""Paying in a browser: the page `/pay/{token}`.

Owns: the page's two routes. Invariant: it does what the checkout API does, for those who press
buttons; what declines a payment is a sentence on the page, beside what is due now.
Source: decision 0021.
"""

from __future__ import annotations

import re
from typing import Final

from quart import Blueprint, Response, request

from saleroom.auction.definition import DefinitionError
from saleroom.http.money.api_checkout import TOKEN_PATH, Checkout
from saleroom.http.money.billing_shapes import OwnPayment
from saleroom.http.money.money_desk import Asked, MoneyDesk
from saleroom.http.money.pay_page import (
    FAILED,
    MISSING,
    NOT_YET,
    THANKS,
    WORDS,
    Shown,
    pay_page,
    plain_page,
)
from saleroom.http.pages.web_files import web_files
from saleroom.http.requests.contract import KEY_PATTERN, NOBODY_ASKED, Payload, contract
from saleroom.http.requests.problems import Problem
from saleroom.http.services import Services
from saleroom.payments.ports import NotDone, ProcessorAway
from saleroom.protocol.reading import read_shape
from saleroom.receipts.language import speak

TAG: Final = "Pages"
HTML: Final = "text/html"
FORM: Final = "application/x-www-form-urlencoded"
AMOUNT_DIGITS_MAX: Final = 13


def pay_routes(services: Services, desk: MoneyDesk) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("pay", __name__)
    checkout = Checkout(services, desk)
    base = web_files().base

    @routes.get("/pay/<token>")
    @contract(
        "Open a checkout link",
        tag=TAG,
        who=NOBODY_ASKED,
        path=TOKEN_PATH,
        answers={200: HTML, 404: HTML},
        refusals=("OVERLOADED",),
    )
    async def show(token: str) -> Response:
        asked = await of_link(token)
        return asked if isinstance(asked, Response) else await page(asked)

    @routes.post("/pay/<token>")
    @contract(
        "Pay on the page of a checkout link",
        tag=TAG,
        who=NOBODY_ASKED,
        path=TOKEN_PATH,
        body=Payload((FORM,)),
        invalid="INVALID_FIELD",
        answers={200: HTML, 404: HTML},
        refusals=("OVERLOADED", "OUTCOME_UNKNOWN"),
        description="The fields `method`, `amount`, `cover_fee` and `key` of the page's form.",
    )
    async def pay(token: str) -> Response:
        asked = await of_link(token)
        if isinstance(asked, Response):
            return asked
        body, key = await _read_form()
        try:
            payment = await checkout.pay(asked, token, body, key)
        except (NotDone, Problem) as declined:
            return await page(asked, WORDS.get(declined.code, "This payment cannot be taken."))
        except ProcessorAway:
            return await page(asked, WORDS["OUTCOME_UNKNOWN"], key=key)
        if payment.url is not None and payment.is_open:
            return await page(asked, url=payment.url)
        return await page(asked, THANKS if payment.left else FAILED)

    async def of_link(token: str) -> Asked | Response:
        """Give what a link is about, or the page that says why there is nothing."""
        try:
            return await checkout.of_link(token)
        except Problem as problem:
            if problem.code == "EVENT_NOT_CLOSED":
                return _html(plain_page(base, NOT_YET))
            if problem.status != 404:
                raise
            return _html(plain_page(base, MISSING), 404)

    async def page(
        asked: Asked, notice: str | None = None, url: str | None = None, key: str | None = None
    ) -> Response:
        folio = await desk.folio_json(asked)
        details = (await desk.access.row(asked.sale.event)).details
        language = speak(details.get("locale"), details.get("time_zone"))
        shown = Shown(folio, notice, url) if key is None else Shown(folio, notice, url, key)
        return _html(pay_page(base, shown, language))

    return routes


async def _read_form() -> tuple[OwnPayment, str]:
    """Read what the page's form says. Raises Problem."""
    if request.mimetype != FORM:
        raise Problem("UNSUPPORTED_MEDIA_TYPE", f"the body is {FORM}")
    form = await request.form
    amount = form.get("amount", "")
    is_amount = amount.isascii() and amount.isdigit() and len(amount) <= AMOUNT_DIGITS_MAX
    raw = {
        "method": form.get("method"),
        "amount": int(amount) if is_amount else None,
        "cover_fee": form.get("cover_fee") == "yes",
    }
    key = form.get("key", "")
    if not re.fullmatch(KEY_PATTERN, key):
        raise Problem("INVALID_FIELD", field="key")
    try:
        return read_shape(OwnPayment, raw), key
    except DefinitionError as error:
        raise Problem("INVALID_FIELD", str(error), field=error.field) from None


def _html(text: str, status: int = 200) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(text.encode(), status, headers, content_type=f"{HTML}; charset=utf-8")
