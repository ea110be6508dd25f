"""The keeper of receipts: each is sent once, when its invoice is settled.

Owns: the rounds in which changed folios are looked at, and the paper that goes along with a letter.
Invariant: a round is safe to do again, so that a crash or a store that is away costs a round; what
is attached is drawn when the letter goes, from what stands then. Must not know: HTTP, providers.
Source: issue 8 point 4, decision 0025.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Final

import attrs

from saleroom.http.money.receipt_desk import ReceiptDesk
from saleroom.messages.providers import Attachment
from saleroom.receipts.receipt import NotSettled
from saleroom.storage.message_ports import Delivery
from saleroom.storage.ports import NotFound, StoreError, StoreUnavailable
from saleroom.supervisor import Child, Rounds
from saleroom.workers.crew import WorkersBusy, WorkFailed, WorkTooLong

logger = logging.getLogger("saleroom.receipts")

ROUND_S: Final = 5.0
FOLIOS_AT_ONCE: Final = 100
PDF: Final = "application/pdf"


@attrs.frozen
class ReceiptStatistics:
    """Counted since the start. looked: at folios."""

    looked: int
    receipts: int
    failures: int


@attrs.define(eq=False)
class ReceiptKeeper:
    """`run` as a child of the tree."""

    desk: ReceiptDesk
    now_ms: Callable[[], int]
    _looked: int = attrs.field(init=False, default=0)
    _receipts: int = attrs.field(init=False, default=0)
    _work: Rounds = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        errors = (StoreError, WorkersBusy)
        self._work = Rounds("receipts", self.go_round, logger, errors, ROUND_S, ROUND_S)

    async def run(self, child: Child) -> None:
        """Go round until asked to stop."""
        await self._work.run(child)

    async def go_round(self) -> None:
        """Look at every folio that has changed. Raises StoreError, WorkersBusy."""
        while folios := await self.desk.stores.receipts.changed(FOLIOS_AT_ONCE):
            for event, paddle in folios:
                await self._look(event, paddle)

    async def papers(self, delivery: Delivery) -> Sequence[Attachment]:
        """Draw what goes along with a letter; nothing, where it has no receipt any more.

        Raises StoreError when it cannot be drawn at this moment.
        """
        try:
            invoice = await self.desk.invoice(delivery.event, delivery.payload["invoice"])
            receipt = await self.desk.receipt(invoice)
            drawn = await self.desk.paper(receipt)
        except (NotFound, NotSettled):
            return ()
        except (WorkersBusy, WorkTooLong, WorkFailed) as error:
            raise StoreUnavailable(f"a receipt is not drawn: {error}") from None
        return (Attachment(f"{receipt.label}.pdf", PDF, drawn),)

    def statistics(self) -> ReceiptStatistics:
        """Count folios and receipts."""
        return ReceiptStatistics(self._looked, self._receipts, self._work.failures)

    async def _look(self, event: str, paddle: int) -> None:
        """Owe the receipts of a folio's settled invoices that were not owed yet."""
        stores = self.desk.stores
        folio = await stores.billing.folio(event, paddle)
        try:
            receipts = [each for each in await self.desk.receipts(folio) if each.paid]
            letters = [await self.desk.letter(each) for each in receipts]
        except NotFound:
            letters = []  # a journal without a catalogue, which no receipt can name
        except (WorkTooLong, WorkFailed) as error:
            logger.error("no receipt for paddle %d of event %s: %s", paddle, event, error)
            letters = []
        await stores.receipts.looked(event, paddle, folio.version, letters, self.now_ms())
        self._looked += 1
        self._receipts += len(letters)
