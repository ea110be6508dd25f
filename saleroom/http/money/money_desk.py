"""The money desk: who may see and do what with a folio, and how it is told.

Owns: the way from a request's event and paddle to their folio, and the JSON of what stands in it.
Invariant: a folio is seen by staff of its event and by the paddle's holder; only a closed event has
anything to pay. Must not know: how payments are carried out.
Source: rules 24 and 31, decisions 0020 and 0021.
"""

from __future__ import annotations

from typing import Any

import attrs
from quart import request

from saleroom.auction.roles import Role, outranks
from saleroom.auction.state import CLOSED, EventState
from saleroom.billing.folio import Folio
from saleroom.billing.invoice import Invoice, Line
from saleroom.billing.ledger import Entry
from saleroom.billing.payment import Payment, Refund
from saleroom.billing.terms import BillingTerms
from saleroom.http.desk.guests import UNKNOWN_PADDLE
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_requests import event_id, idempotency_key, path_number
from saleroom.http.requests.problems import Problem
from saleroom.http.sale.api_replicas import Replicas
from saleroom.http.services import Services
from saleroom.payments.ports import Stored
from saleroom.payments.till import Sale
from saleroom.protocol.identity import Identity
from saleroom.storage.billing_ports import Card
from saleroom.storage.ports import NotFound


@attrs.frozen
class Asked:
    """A request about a folio: by whom, and about whose money. holder: the paddle's user."""

    by: str
    role: Role
    sale: Sale
    title: str
    holder: str | None

    @property
    def is_staff(self) -> bool:
        return outranks(self.role, Role.CLERK)


@attrs.frozen(eq=False)
class MoneyDesk:
    """What the routes of billing share. Raises Problem."""

    services: Services
    access: Access
    replicas: Replicas

    async def state(self, event: str) -> EventState:
        """Give the state of an event that has a journal."""
        try:
            return await self.replicas.state(event)
        except NotFound:
            await self.access.row(event)
            raise Problem("EVENT_NOT_OPEN", "the event is a draft") from None

    async def closed(self, event: str) -> EventState:
        """Give the state of an event that has closed."""
        state = await self.state(event)
        if state.status != CLOSED:
            raise Problem("EVENT_NOT_CLOSED", event_status=state.status)
        return state

    async def staff(self, event: str, paddle: str, least: Role) -> Asked:
        """Give what staff ask of a paddle's folio, counted against their rate."""
        identity, role = await self.access.admit(least, event_id(event))
        return await self._asked(identity, role, event, paddle)

    async def own_or_staff(self, event: str, paddle: str, *, writes: bool) -> Asked:
        """Give what staff, or the paddle's holder, ask of a folio."""
        gate = self.access.admit if writes else self.access.require
        identity, role = await gate(Role.DONOR, event_id(event))
        if outranks(role, Role.CLERK):
            return await self._asked(identity, role, event, paddle)
        number = path_number(paddle, UNKNOWN_PADDLE)
        state = await self.state(event)
        if state.paddle_of.get(identity.user) != number:
            raise Problem("FORBIDDEN", "this paddle is not yours")
        return _asked(identity, role, state, number)

    async def of_paddle(self, event: str, paddle: int, by: str) -> Asked:
        """Give what whoever has a paddle's link asks."""
        state = await self.closed(event)
        return _asked(Identity(by, frozenset(), None, 0.0), Role.DONOR, state, paddle)

    async def card(self, asked: Asked) -> Card | None:
        """Give the card on file of a paddle's holder."""
        if asked.holder is None:
            return None
        try:
            card = await self.services.stores.billing.card(asked.sale.event, asked.holder)
        except NotFound:
            return None
        return card if card.method is not None else None

    async def chargeable(self, asked: Asked) -> Stored:
        """Give the card on file of a paddle's holder, who must have one."""
        stored = await self.services.cards.stored(asked.sale.event, asked.holder)
        if stored is None:
            raise Problem("NO_CARD")
        return stored

    async def folio_json(self, asked: Asked) -> dict[str, Any]:
        """Tell of a folio."""
        sale, store = asked.sale, self.services.stores.billing
        folio = await store.folio(sale.event, sale.paddle)
        terms = (await store.terms(sale.event)).terms
        return {
            **_folio(folio, terms),
            "title": asked.title,
            "currency": sale.currency,
            "documents": [document_json(each, is_staff=asked.is_staff) for each in folio.documents],
            "payments": [payment_json(each, is_staff=asked.is_staff) for each in folio.payments],
            "card": card_json(await self.card(asked)),
        }

    async def _asked(self, identity: Identity, role: Role, event: str, paddle: str) -> Asked:
        number = path_number(paddle, UNKNOWN_PADDLE)
        return _asked(identity, role, await self.state(event), number)


def required_key() -> str:
    """Give the key by which what is asked happens once. Raises Problem."""
    key = idempotency_key()
    if key is None:
        raise Problem("MALFORMED", "the header Idempotency-Key is required")
    return key


def key_of(by: str, key: str) -> str:
    """Give a key that is the asker's alone: two who count from 1 do not get in each other's way."""
    return f"{by}/{key}"


def public_base(services: Services) -> str:
    """Give the address that people reach us by."""
    return services.outside.public_url or request.host_url.rstrip("/")


def document_json(document: Invoice, *, is_staff: bool) -> dict[str, Any]:
    """Tell of an invoice or a credit note."""
    told = {
        "event": document.event,
        "kind": document.kind.value,
        "number": document.number,
        "label": document.label,
        "paddle": document.paddle,
        "currency": document.currency,
        "at": document.at_ms,
        "lines": [_line(line) for line in document.lines],
        "amount": document.amount,
        "premium": document.premium,
        "tax": document.tax,
        "total": document.total,
        "deductible": document.deductible,
        "corrects": document.corrects,
        "reason": document.reason,
    }
    return {**told, "by": document.by} if is_staff else told


def payment_json(payment: Payment, *, is_staff: bool) -> dict[str, Any]:
    """Tell of a payment."""
    told = {
        "id": payment.id,
        "method": payment.method.value,
        "state": payment.state.value,
        "amount": payment.amount,
        "fee_cover": payment.fee_cover,
        "charged": payment.charged,
        "refunded": payment.refunded,
        "held": payment.is_held,
        "at": payment.at_ms,
        "url": payment.url if payment.is_open else None,
        "error": payment.error,
        "refunds": [refund_json(refund, is_staff=is_staff) for refund in payment.refunds],
    }
    return {**told, "by": payment.by, "note": payment.note} if is_staff else told


def refund_json(refund: Refund, *, is_staff: bool) -> dict[str, Any]:
    """Tell of a refund."""
    told = {
        "id": refund.id,
        "amount": refund.amount,
        "fee_cover": refund.fee_cover,
        "state": refund.state.value,
        "at": refund.at_ms,
    }
    if not is_staff:
        return told
    return {**told, "reason": refund.reason, "by": refund.by, "error": refund.error}


def card_json(card: Card | None) -> dict[str, Any] | None:
    """Tell of a card on file."""
    if card is None:
        return None
    return {
        "brand": card.brand,
        "last4": card.last4,
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
    }


def entry_json(entry: Entry) -> dict[str, Any]:
    """Tell of a posting."""
    posting = entry.posting
    return {
        "number": entry.number,
        "paddle": entry.paddle,
        "kind": posting.kind.value,
        "reference": posting.reference,
        "at": posting.at_ms,
        "by": posting.by,
        "reason": posting.reason,
        "transfers": [
            {"debit": each.debit.value, "credit": each.credit.value, "amount": each.amount}
            for each in posting.transfers
        ],
    }


def _folio(folio: Folio, terms: BillingTerms) -> dict[str, Any]:
    due = folio.due
    return {
        "event": folio.event,
        "paddle": folio.paddle,
        "balance": folio.balance,
        "due": due,
        "due_with_fee": due + terms.fee_cover(due) if due else 0,
        "paid": folio.paid,
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "key": line.key,
        "kind": line.kind.value,
        "lot": line.lot,
        "title": line.title,
        "units": line.units,
        "unit_amount": line.unit_amount,
        "amount": line.amount,
        "premium": line.premium,
        "tax": line.tax,
        "total": line.total,
        "fmv": line.fmv,
        "deductible": line.deductible,
    }


def _asked(identity: Identity, role: Role, state: EventState, paddle: int) -> Asked:
    holder = state.paddles.get(paddle)
    if holder is None:
        raise Problem(UNKNOWN_PADDLE)
    sale = Sale(state.id, paddle, state.definition.currency)
    return Asked(identity.user, role, sale, state.definition.title, holder.user)
