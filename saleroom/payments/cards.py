"""Cards on file: set up by their holders, charged while they are away.

Owns: the steps of a setup and of a removal. Invariant: a card belongs to a person at one event, so
that whoever takes over a paddle never pays with it; no number of a card ever comes here. Must not
know: HTTP, roles. Source: decision 0021, issue 8 point 2.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from saleroom.payments.ports import CardSetup, NotDone, NotTaken, Processor, ProcessorAway, Stored
from saleroom.storage.billing_ports import Billing, Card
from saleroom.storage.ports import NotFound


@attrs.frozen(eq=False)
class Cards:
    """What people do with cards. Raises NotDone, StoreError and ProcessorAway.

    publishable_key: by which a page hands a card to the processor.
    """

    store: Billing
    processor: Processor
    now_ms: Callable[[], int]
    publishable_key: str | None = None

    async def begin(self, event: str, user: str, key: str) -> CardSetup:
        """Begin to keep a card; the one that is kept stays until the setup is confirmed."""
        try:
            return await self.processor.set_up_card(event, user, key)
        except NotTaken as refused:
            raise NotDone("CARD_REFUSED", reason=str(refused)) from None

    async def confirm(self, event: str, user: str, setup: str) -> Card:
        """Keep the card of a setup that this person has completed."""
        try:
            report = await self.processor.card(setup)
        except NotTaken:
            raise NotDone("UNKNOWN_SETUP") from None
        if (report.event, report.user) != (event, user) or report.customer is None:
            raise NotDone("UNKNOWN_SETUP")
        if report.method is None:
            raise NotDone("CARD_NOT_CONFIRMED")
        card = Card(
            event,
            user,
            report.customer,
            setup,
            self.now_ms(),
            report.method,
            report.brand,
            report.last4,
            report.exp_month,
            report.exp_year,
        )
        await self.store.put_card(card)
        return card

    async def stored(self, event: str, user: str | None) -> Stored | None:
        """Give what can be charged of a person at an event."""
        if user is None:
            return None
        try:
            card = await self.store.card(event, user)
        except NotFound:
            return None
        return None if card.method is None else Stored(card.customer, card.method)

    async def remove(self, user: str, event: str | None = None) -> int:
        """Remove a person's card at an event, or all of theirs, here and at the processor."""
        removed = await self.store.remove_cards(user, event)
        for card in removed:
            try:
                await self.processor.forget_customer(card.customer)
            except NotTaken:
                continue  # it is gone there already
            except ProcessorAway:
                await self.store.put_card(card)
                raise
        return len(removed)
