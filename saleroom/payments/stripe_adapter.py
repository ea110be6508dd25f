"""Stripe: card payments through Stripe's own library.

Owns: the only use of the SDK; how its objects, errors and webhooks are read. Invariant: no key and
no card ever stands in a log or an error of ours; whatever moves money bears an idempotency key made
of our own id; an error that does not prove that nothing happened is `ProcessorAway`. Must not know:
the ledger. Source: docs.stripe.com/api (payment_intents, checkout/sessions, refunds, setup_intents,
idempotent_requests, webhooks), docs.stripe.com/currencies, decision 0021.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any, Final

import attrs
import orjson
import stripe
import trio

from saleroom.billing.payment import PaymentState, RefundState
from saleroom.payments.ports import (
    CardReport,
    CardSetup,
    NotTaken,
    Order,
    PaymentReport,
    ProcessorAway,
    ProcessorEvent,
    RefundReport,
    Report,
    Stored,
    WebhookRefused,
)

ANSWER_S: Final = 25.0  # Stripe's own slowest answers; the sweep asks again after what is lost
SIGNATURE_TOLERANCE_S: Final = 300  # what Stripe's library takes: a webhook caught and replayed
API_VERSION: Final = "2024-06-20"
"""The shapes that are written and read here, whichever version the library would ask for."""

TIMES_100: Final = frozenset({"ISK", "UGX"})
"""Currencies without decimals that Stripe takes in hundredths all the same."""
OVER_100: Final = frozenset({"MGA"})
"""Currencies with decimals that Stripe takes in whole units."""
STEPS: Final[Mapping[str, int]] = {
    **dict.fromkeys(OVER_100, 100),
    **dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 10),
}
"""What an amount must be a multiple of; of thousandths the cards' networks take tens alone."""
NOT_EXACT: Final = "amount_not_exact"
"""Why an amount that Stripe would have to round is not moved."""

PAYMENT_STATES: Final[Mapping[str, PaymentState]] = {
    "requires_payment_method": PaymentState.FAILED,
    "requires_confirmation": PaymentState.PENDING,
    "requires_action": PaymentState.ACTION,
    "processing": PaymentState.PENDING,
    "requires_capture": PaymentState.AUTHORIZED,
    "canceled": PaymentState.VOIDED,
    "succeeded": PaymentState.CAPTURED,
}
REFUND_STATES: Final[Mapping[str, RefundState]] = {
    "pending": RefundState.PENDING,
    "requires_action": RefundState.PENDING,
    "succeeded": RefundState.PAID,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}
DISPUTE_STATES: Final[Mapping[str, RefundState]] = {
    "needs_response": RefundState.PAID,
    "under_review": RefundState.PAID,
    "lost": RefundState.PAID,
    "won": RefundState.FAILED,
}
"""A bank takes the money back as it begins, and gives it again where it is won; one that only
inquires (`warning_...`) takes nothing."""
CARD_FAILURES: Final = "payment_intent.payment_failed"
OVER_THERE: Final = "checkout"
"""Marks intents of a Checkout page, whose payer may try another card after a failure."""

Json = Mapping[str, Any]


@attrs.frozen(repr=False)
class StripeKeys:
    """secret_key: of the account. webhook_secret: of the endpoint, None when none is set up."""

    secret_key: str
    webhook_secret: str | None = None


class StripeProcessor:
    """A `Processor` over Stripe, or over what speaks its API at `api_base`."""

    is_sandbox = False

    def __init__(self, keys: StripeKeys, api_base: str | None = None) -> None:
        self._webhook_secret = keys.webhook_secret
        self._http = stripe.HTTPXClient(timeout=ANSWER_S)
        self._client = stripe.StripeClient(
            keys.secret_key,
            http_client=self._http,
            stripe_version=API_VERSION,
            base_addresses={} if api_base is None else {"api": api_base},
            max_network_retries=0,
        ).v1

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close_async()  # type: ignore[no-untyped-call]

    async def set_up_card(self, event: str, user: str, key: str) -> CardSetup:
        about: Any = {"event": event, "user": user}
        customer = await _asked(
            self._client.customers.create_async({"metadata": about}, _once(f"customer-{key}"))
        )
        asked: Any = {
            "customer": customer["id"],
            "usage": "off_session",
            "payment_method_types": ["card"],
            "metadata": about,
        }
        setup = await _asked(self._client.setup_intents.create_async(asked, _once(f"setup-{key}")))
        return CardSetup(customer["id"], setup["id"], setup["client_secret"])

    async def card(self, setup: str) -> CardReport:
        found = await _asked(self._client.setup_intents.retrieve_async(setup))
        report = _of_setup(found)
        method = _id_of(found.get("payment_method"))
        if found["status"] != "succeeded" or method is None:
            return report
        card = (await _asked(self._client.payment_methods.retrieve_async(method)))["card"]
        return attrs.evolve(
            report,
            method=method,
            brand=card["brand"],
            last4=card["last4"],
            exp_month=card["exp_month"],
            exp_year=card["exp_year"],
        )

    async def forget_customer(self, customer: str) -> None:
        await _asked(self._client.customers.delete_async(customer))

    async def charge(self, order: Order, card: Stored, *, is_held: bool) -> PaymentReport:
        asked: Any = {
            "amount": _theirs(order.amount, order.currency),
            "currency": order.currency.lower(),
            "customer": card.customer,
            "payment_method": card.method,
            "payment_method_types": ["card"],
            "capture_method": "manual" if is_held else "automatic",
            "confirm": True,
            "off_session": True,
            "metadata": _about(order),
        }
        key = _once(f"charge-{order.payment}")
        try:
            return _of_intent(await _asked(self._client.payment_intents.create_async(asked, key)))
        except _Declined as declined:
            reference = declined.intent or f"declined-{order.payment}"
            return PaymentReport(reference, PaymentState.FAILED, order.payment, error=declined.why)

    async def open_checkout(self, order: Order, back_to: str) -> PaymentReport:
        about = {**_about(order), "by": OVER_THERE}
        session = await _asked(
            self._client.checkout.sessions.create_async(
                {
                    "mode": "payment",
                    "client_reference_id": order.payment,
                    "line_items": [
                        {
                            "quantity": 1,
                            "price_data": {
                                "currency": order.currency.lower(),
                                "unit_amount": _theirs(order.amount, order.currency),
                                "product_data": {"name": f"Paddle {order.paddle}"},
                            },
                        }
                    ],
                    "metadata": about,
                    "payment_intent_data": {"metadata": about},
                    "success_url": back_to,
                    "cancel_url": back_to,
                },
                _once(f"checkout-{order.payment}"),
            )
        )
        return _of_session(session)

    async def look(self, reference: str) -> PaymentReport:
        if reference.startswith("cs_"):
            return _of_session(
                await _asked(self._client.checkout.sessions.retrieve_async(reference))
            )
        return _of_intent(await _asked(self._client.payment_intents.retrieve_async(reference)))

    async def capture(
        self, payment: str, reference: str, amount: int, currency: str
    ) -> PaymentReport:
        captured = self._client.payment_intents.capture_async(
            reference,
            {"amount_to_capture": _theirs(amount, currency)},
            _once(f"capture-{payment}"),
        )
        report = _of_intent(await _asked(captured))
        return attrs.evolve(report, captured=amount)

    async def void(self, reference: str) -> PaymentReport:
        try:
            if reference.startswith("cs_"):
                await _asked(self._client.checkout.sessions.expire_async(reference))
            else:
                await _asked(self._client.payment_intents.cancel_async(reference))
        except NotTaken:
            pass  # it has ended otherwise meanwhile: what it came to is read below
        return await self.look(reference)

    async def refund(self, refund: str, reference: str, amount: int, currency: str) -> RefundReport:
        made = self._client.refunds.create_async(
            {
                "payment_intent": reference,
                "amount": _theirs(amount, currency),
                "metadata": {"refund": refund},
            },
            _once(f"refund-{refund}"),
        )
        return attrs.evolve(
            _of_refund(await _asked(made)), refund=refund, payment_reference=reference
        )

    async def look_at_refund(self, reference: str) -> RefundReport:
        return _of_refund(await _asked(self._client.refunds.retrieve_async(reference)))

    def read_webhook(self, body: bytes, signature: str | None) -> ProcessorEvent:
        if self._webhook_secret is None:
            raise WebhookRefused("no secret of webhooks is configured")
        try:
            stripe.WebhookSignature.verify_header(
                body, signature, self._webhook_secret, SIGNATURE_TOLERANCE_S
            )
            event = orjson.loads(body)
            subject = event["data"]["object"]
            return ProcessorEvent(event["id"], event["type"], _of_event(event["type"], subject))
        except stripe.SignatureVerificationError:
            raise WebhookRefused("the signature does not hold, or is too old") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise WebhookRefused("it is no event") from None


class _Declined(NotTaken):
    """A card was declined. intent: Stripe's name of the payment."""

    def __init__(self, why: str, intent: str | None) -> None:
        super().__init__(why)
        self.why = why
        self.intent = intent


async def _asked(call: Awaitable[stripe.StripeObject]) -> dict[str, Any]:
    """Wait for Stripe's answer, and give it as plain data. Raises as `Processor`, and _Declined.

    The exceptions of the SDK end here: their texts may repeat what was sent.
    """
    try:
        with trio.fail_after(ANSWER_S):
            return (await call).to_dict()
    except stripe.CardError as error:
        raise _Declined(_why(error), _intent_of(error)) from None
    except stripe.IdempotencyError as error:
        raise ProcessorAway(f"Stripe: {_why(error)}") from None
    except stripe.InvalidRequestError as error:
        if error.http_status == 409:
            raise ProcessorAway(f"Stripe: {_why(error)}") from None
        raise NotTaken(_why(error)) from None
    except stripe.StripeError as error:
        raise ProcessorAway(f"Stripe: {type(error).__name__}") from None
    except trio.TooSlowError:
        raise ProcessorAway("Stripe gave no answer in time") from None


def _why(error: stripe.StripeError) -> str:
    said = getattr(error.error, "decline_code", None) or error.code
    return str(said or "declined")[:64]


def _intent_of(error: stripe.StripeError) -> str | None:
    return _id_of(getattr(error.error, "payment_intent", None))


def _once(key: str) -> stripe.RequestOptions:
    return {"idempotency_key": key}


def _theirs(amount: int, currency: str) -> int:
    """Write an amount as Stripe counts. Raises NotTaken for one that it cannot move exactly."""
    if amount % STEPS.get(currency, 1):
        raise NotTaken(NOT_EXACT)
    if currency in TIMES_100:
        return amount * 100
    return amount // 100 if currency in OVER_100 else amount


def _ours(amount: int, currency: str) -> int:
    """Read an amount as Stripe counts."""
    if currency.upper() in TIMES_100:
        return amount // 100
    return amount * 100 if currency.upper() in OVER_100 else amount


def _about(order: Order) -> dict[str, str]:
    return {"payment": order.payment, "event": order.event, "paddle": str(order.paddle)}


def _id_of(named: Any) -> str | None:
    """Give the id of what stands as an id or as the whole object."""
    return named if named is None or isinstance(named, str) else str(named["id"])


def _mark(subject: Json, name: str) -> str | None:
    """Read what we noted with it."""
    mark: str | None = (subject.get("metadata") or {}).get(name)
    return mark


def _of_intent(intent: Json) -> PaymentReport:
    state = PAYMENT_STATES.get(intent["status"], PaymentState.PENDING)
    is_taken = state is PaymentState.CAPTURED
    taken = intent.get("amount_received")
    taken = intent["amount"] if taken is None else taken
    failure = intent.get("last_payment_error")
    error = None if failure is None else failure.get("code") or "declined"
    return PaymentReport(
        intent["id"],
        state,
        _mark(intent, "payment"),
        _ours(taken, intent["currency"]) if is_taken else None,
        error=error if state is PaymentState.FAILED else None,
    )


def _of_session(session: Json) -> PaymentReport:
    """Read a Checkout page. Once paid it goes by the name of its payment."""
    reference, payment = session["id"], _mark(session, "payment")
    if session["payment_status"] == "paid":
        taken = _ours(session["amount_total"], session["currency"])
        intent = _id_of(session.get("payment_intent")) or reference
        return PaymentReport(intent, PaymentState.CAPTURED, payment, taken)
    if session["status"] == "expired":
        return PaymentReport(reference, PaymentState.VOIDED, payment, error="expired")
    return PaymentReport(reference, PaymentState.PENDING, payment, url=session.get("url"))


def _of_refund(refund: Json) -> RefundReport:
    return RefundReport(
        refund["id"],
        _id_of(refund.get("payment_intent")) or "",
        REFUND_STATES.get(refund["status"], RefundState.PENDING),
        _ours(refund["amount"], refund["currency"]),
        _mark(refund, "refund"),
        refund.get("failure_reason"),
    )


def _of_dispute(dispute: Json) -> RefundReport:
    return RefundReport(
        dispute["id"],
        _id_of(dispute.get("payment_intent")) or "",
        DISPUTE_STATES.get(dispute["status"], RefundState.PENDING),
        _ours(dispute["amount"], dispute["currency"]),
        is_disputed=True,
        why=f"disputed at the payer's bank: {dispute['reason']}"[:200],
    )


def _of_setup(setup: Json) -> CardReport:
    event, user = _mark(setup, "event"), _mark(setup, "user")
    return CardReport(setup["id"], event, user, _id_of(setup.get("customer")))


def _of_event(kind: str, subject: Json) -> Report | None:
    """Read what a webhook is about; its state counts, not its name."""
    about = subject["object"]
    if about == "payment_intent":
        is_not_over = kind == CARD_FAILURES and _mark(subject, "by") == OVER_THERE
        return None if is_not_over else _of_intent(subject)
    if about == "checkout.session" and subject["mode"] == "payment":
        return _of_session(subject)
    if about in ("refund", "dispute") and subject.get("payment_intent") is not None:
        return _of_refund(subject) if about == "refund" else _of_dispute(subject)
    if about == "setup_intent" and kind == "setup_intent.succeeded":
        return _of_setup(subject)
    return None
