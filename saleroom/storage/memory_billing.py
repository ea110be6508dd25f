"""Billing without a disk.

Owns: what the store of billing keeps, as plain dictionaries. Invariant: each call is one checkpoint
and then one synchronous step, as in memory.py. Must not know: the rules. Source: billing_ports.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import attrs
import trio

from saleroom.billing.folio import Changes, Folio
from saleroom.billing.invoice import DocumentKind, Invoice
from saleroom.billing.ledger import Entry, Posting, document_posting
from saleroom.billing.payment import RefundState
from saleroom.billing.terms import BillingTerms
from saleroom.storage.billing_ports import Card, CheckoutLink, FolioSummary, KeptTerms, Place
from saleroom.storage.ports import Conflict, Full, NotFound


class MemoryBilling:
    """`Billing` without a disk."""

    def __init__(self) -> None:
        self._terms: dict[str, KeptTerms] = {}
        self._folios: dict[str, dict[int, Folio]] = {}
        self._documents: dict[str, list[Invoice]] = {}
        self._numbers: Counter[tuple[str, DocumentKind]] = Counter()
        self._ledger: dict[str, list[Entry]] = {}
        self._billed: dict[str, int] = {}
        self._cards: dict[tuple[str, str], Card] = {}
        self._links: dict[tuple[str, int], CheckoutLink] = {}
        self._events: dict[str, int] = {}

    async def terms(self, event: str) -> KeptTerms:
        await trio.lowlevel.checkpoint()
        return self._terms.get(event, KeptTerms(BillingTerms()))

    async def put_terms(self, event: str, kept: KeptTerms) -> KeptTerms:
        await trio.lowlevel.checkpoint()
        if self._documents.get(event):
            raise Full(f"event {event} has been billed")
        if self._terms.get(event, KeptTerms(BillingTerms())).version != kept.version:
            raise Conflict(f"the terms of event {event} have changed")
        self._terms[event] = attrs.evolve(kept, version=kept.version + 1)
        return self._terms[event]

    def versions(self) -> dict[tuple[str, int], int]:
        """Give the version of every folio."""
        return {
            (event, paddle): folio.version
            for event, folios in self._folios.items()
            for paddle, folio in folios.items()
        }

    async def folio(self, event: str, paddle: int) -> Folio:
        await trio.lowlevel.checkpoint()
        return self._folios.get(event, {}).get(paddle, Folio(event, paddle))

    async def write(self, folio: Folio, changes: Changes) -> list[Invoice]:
        await trio.lowlevel.checkpoint()
        event, folios = folio.event, self._folios.setdefault(folio.event, {})
        kept = folios.get(folio.paddle, Folio(event, folio.paddle))
        if kept.version != folio.version:
            raise Conflict(f"the folio of paddle {folio.paddle} of event {event} has changed")
        numbered = [self._numbered(document) for document in changes.documents]
        self._documents.setdefault(event, []).extend(numbered)
        postings = [*map(document_posting, numbered), *changes.postings]
        self._post(folio, postings)
        payments = {payment.id: payment for payment in (*kept.payments, *changes.payments)}
        folios[folio.paddle] = attrs.evolve(
            kept,
            version=kept.version + 1,
            documents=(*kept.documents, *numbered),
            payments=tuple(payments.values()),
            postings=(*kept.postings, *postings),
        )
        return numbered

    async def summaries(self, event: str, after: int, limit: int) -> list[FolioSummary]:
        await trio.lowlevel.checkpoint()
        held = sorted(self._folios.get(event, {}).items())
        return [_summary(folio) for paddle, folio in held if paddle > after][:limit]

    async def documents(
        self, event: str, kind: DocumentKind, after: int, limit: int
    ) -> list[Invoice]:
        await trio.lowlevel.checkpoint()
        kept = self._documents.get(event, ())
        return [each for each in kept if each.kind is kind and each.number > after][:limit]

    async def document(self, event: str, kind: DocumentKind, number: int) -> Invoice:
        await trio.lowlevel.checkpoint()
        for each in self._documents.get(event, ()):
            if (each.kind, each.number) == (kind, number):
                return each
        raise NotFound(f"no {kind.value} {number} of event {event}")

    async def ledger(self, event: str, after: int, limit: int) -> list[Entry]:
        await trio.lowlevel.checkpoint()
        return self._ledger.get(event, [])[after : after + limit]

    async def billed_position(self, event: str) -> int:
        await trio.lowlevel.checkpoint()
        return self._billed.get(event, 0)

    async def set_billed(self, event: str, position: int) -> None:
        await trio.lowlevel.checkpoint()
        self._billed[event] = max(position, self._billed.get(event, 0))

    async def place_of(self, payment: str) -> Place:
        await trio.lowlevel.checkpoint()
        for place in self._places():
            if place.payment == payment:
                return place
        raise NotFound("no such payment")

    async def place_by_reference(self, reference: str) -> Place:
        await trio.lowlevel.checkpoint()
        for folio in self._all_folios():
            for payment in folio.payments:
                if payment.reference == reference:
                    return Place(folio.event, folio.paddle, payment.id)
        raise NotFound("no such payment")

    async def unsettled(self, before_ms: int, limit: int) -> list[Place]:
        await trio.lowlevel.checkpoint()
        found: list[tuple[int, Place]] = []
        for folio in self._all_folios():
            for payment in folio.payments:
                place = Place(folio.event, folio.paddle, payment.id)
                if payment.is_open:
                    found.append((payment.at_ms, place))
                found += [
                    (refund.at_ms, attrs.evolve(place, refund=refund.id))
                    for refund in payment.refunds
                    if refund.state is RefundState.PENDING
                ]
        old = sorted((each for each in found if each[0] < before_ms), key=lambda each: each[0])
        return [place for _, place in old[:limit]]

    async def put_card(self, card: Card) -> None:
        await trio.lowlevel.checkpoint()
        self._cards[card.event, card.user] = card

    async def card(self, event: str, user: str) -> Card:
        await trio.lowlevel.checkpoint()
        if (event, user) not in self._cards:
            raise NotFound("no card on file")
        return self._cards[event, user]

    async def card_by_setup(self, setup: str) -> Card:
        await trio.lowlevel.checkpoint()
        for card in self._cards.values():
            if card.setup == setup:
                return card
        raise NotFound("no such setup of a card")

    async def remove_cards(self, user: str, event: str | None = None) -> Sequence[Card]:
        await trio.lowlevel.checkpoint()
        places = [place for place in self._cards if place[1] == user and event in (None, place[0])]
        return [self._cards.pop(place) for place in sorted(places)]

    async def put_link(self, link: CheckoutLink) -> None:
        await trio.lowlevel.checkpoint()
        self._links[link.event, link.paddle] = link

    async def link(self, digest: bytes) -> CheckoutLink:
        await trio.lowlevel.checkpoint()
        for link in self._links.values():
            if link.digest == digest:
                return link
        raise NotFound("no such link")

    async def knows_event(self, id: str) -> bool:
        await trio.lowlevel.checkpoint()
        return id in self._events

    async def note_event(self, id: str, at_ms: int) -> None:
        await trio.lowlevel.checkpoint()
        self._events.setdefault(id, at_ms)

    async def forget_events(self, before_ms: int, most: int) -> int:
        await trio.lowlevel.checkpoint()
        old = [id for id, at_ms in self._events.items() if at_ms < before_ms][:most]
        for id in old:
            del self._events[id]
        return len(old)

    def _all_folios(self) -> list[Folio]:
        return [folio for folios in self._folios.values() for folio in folios.values()]

    def _places(self) -> list[Place]:
        return [
            Place(folio.event, folio.paddle, payment.id)
            for folio in self._all_folios()
            for payment in folio.payments
        ]

    def _numbered(self, document: Invoice) -> Invoice:
        series = document.event, document.kind
        self._numbers[series] += 1
        return attrs.evolve(document, number=self._numbers[series])

    def _post(self, folio: Folio, postings: Sequence[Posting]) -> None:
        ledger = self._ledger.setdefault(folio.event, [])
        for posting in postings:
            ledger.append(Entry(len(ledger) + 1, folio.paddle, posting))


def _summary(folio: Folio) -> FolioSummary:
    billed = sum(
        document.total if document.kind is DocumentKind.INVOICE else -document.total
        for document in folio.documents
    )
    return FolioSummary(folio.paddle, billed, folio.paid, folio.balance, folio.under_way)
