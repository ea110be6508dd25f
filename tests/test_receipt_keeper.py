"""The keeper of receipts: each goes once, with a paper that says what stands when it goes."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock

from saleroom.billing.folio import Changes, Folio
from saleroom.http.money.receipt_desk import ReceiptDesk
from saleroom.receipt_keeper import ROUND_S, ReceiptKeeper
from saleroom.storage.memory import memory_stores
from saleroom.storage.message_ports import Delivery, Owed
from saleroom.storage.ports import EventRow, Registration, Stores, StoreUnavailable
from saleroom.supervisor import ChildSpec, Strategy, Supervisor, SupervisorSpec
from saleroom.workers.crew import WorkersBusy, WorkFailed, WorkTooLong
from tests.http.test_api_receipts import NEVER_MS
from tests.receipts.evening import EVENT, PADDLE, Evening, pledge
from tests.receipts.test_papers import words_of
from tests.workers.inline import InlineWorkers


@attrs.define
class BrokenWorkers:
    """Workers that raise while they have an error to raise."""

    error: Exception | None

    async def run(self, function: str, *arguments: Any, limit_s: float | None = None) -> Any:
        if self.error is None:
            return await InlineWorkers().run(function, *arguments)
        await trio.lowlevel.checkpoint()
        raise self.error


@attrs.define
class Till:
    """A folio in memory stores, and the keeper that looks at it."""

    stores: Stores
    keeper: ReceiptKeeper
    evening: Evening = attrs.field(factory=Evening)
    written: int = 0

    async def write(self) -> None:
        """Write what the evening has brought since the last time."""
        own = self.evening.changes()
        kept = await self.stores.billing.folio(EVENT, PADDLE)
        done = {posting for posting in kept.postings}
        await self.stores.billing.write(
            kept,
            Changes(
                own.documents[len(kept.documents) :],
                own.payments,
                tuple(posting for posting in own.postings if posting not in done),
            ),
        )

    async def owed(self) -> list[Owed]:
        return await self.stores.outbox.owed(NEVER_MS, 99)


@asynccontextmanager
async def open_till(*, is_named: bool = True) -> AsyncIterator[Till]:
    stores = memory_stores()
    if is_named:
        row = EventRow(EVENT, "Harbour\nLights", "USD", "closed", True, {}, 0)
        await stores.catalogue.add_event(row)
        await stores.catalogue.put_registration(EVENT, Registration(PADDLE, "ann", "Ann Lee"))
    yield Till(stores, ReceiptKeeper(ReceiptDesk(stores, InlineWorkers()), lambda: 1_000))


def delivery(row: Owed) -> Delivery:
    return Delivery(1, row.event, "receipt", "email", PADDLE, None, row.payload, "sending", 1, 0, 0)


async def test_a_receipt_is_owed_once_its_invoice_is_settled() -> None:
    async with open_till() as till:
        till.evening.bill(pledge(1, 10_000))
        await till.write()
        await till.keeper.go_round()
        assert await till.owed() == []
        till.evening.pay(10_000)
        await till.write()
        await till.keeper.go_round()
        (row,) = await till.owed()
        assert (row.topic, row.payload["paddle"], row.payload["invoice"]) == ("receipt", PADDLE, 1)
        assert row.payload["subject"] == "Receipt INV-000001, Harbour Lights"
        assert "$100.00" in row.payload["text"]
        assert "Ann" not in str(row.payload)
        till.evening.refund(till.evening.folio.payments[0], 1_000)
        await till.write()
        await till.keeper.go_round()
        assert len(await till.owed()) == 1


async def test_what_was_only_forgiven_has_no_receipt() -> None:
    async with open_till() as till:
        till.evening.bill(pledge(1, 10_000))
        till.evening.forgive(10_000)
        await till.write()
        await till.keeper.go_round()
        assert await till.owed() == []


async def test_the_paper_says_what_stands_when_it_goes() -> None:
    async with open_till() as till:
        till.evening.bill(pledge(1, 10_000))
        payment = till.evening.pay(10_000)
        await till.write()
        await till.keeper.go_round()
        (row,) = await till.owed()
        till.evening.refund(payment, 4_000)
        await till.write()
        (attachment,) = await till.keeper.papers(delivery(row))
        assert (attachment.name, attachment.media_type) == ("INV-000001.pdf", "application/pdf")
        said = words_of(attachment.content)
        assert "Ann Lee, Paddle 101" in said
        assert "$60.00" in said
        till.evening.credit(till.evening.invoices[0])
        await till.write()
        assert await till.keeper.papers(delivery(row)) == ()


async def test_a_journal_without_a_catalogue_is_looked_at_and_left() -> None:
    async with open_till(is_named=False) as till:
        till.evening.bill(pledge(1, 10_000))
        till.evening.pay(10_000)
        await till.write()
        await till.keeper.go_round()
        assert await till.owed() == []
        assert await till.stores.receipts.changed(9) == []


@pytest.mark.parametrize("error", [WorkFailed("x"), WorkTooLong("x")])
async def test_a_receipt_that_cannot_be_drawn_holds_up_no_other(error: Exception) -> None:
    async with open_till() as till:
        till.evening.bill(pledge(1, 10_000))
        till.evening.pay(10_000)
        await till.write()
        keeper = ReceiptKeeper(ReceiptDesk(till.stores, BrokenWorkers(error)), lambda: 1_000)
        await keeper.go_round()
        assert await till.stores.receipts.changed(9) == []
        assert await till.owed() == []


async def test_busy_workers_cost_a_round_and_no_receipt() -> None:
    async with open_till() as till:
        till.evening.bill(pledge(1, 10_000))
        till.evening.pay(10_000)
        await till.write()
        busy = ReceiptKeeper(ReceiptDesk(till.stores, BrokenWorkers(WorkersBusy("x"))), lambda: 0)
        with pytest.raises(WorkersBusy):
            await busy.go_round()
        await till.keeper.go_round()
        (row,) = await till.owed()
        with pytest.raises(StoreUnavailable):
            await busy.papers(delivery(row))


async def test_rounds_go_on_after_one_that_failed(autojump_clock: MockClock) -> None:
    async with open_till() as till:
        till.evening.bill(pledge(1, 10_000))
        till.evening.pay(10_000)
        await till.write()
        workers = BrokenWorkers(WorkersBusy("x"))
        keeper = ReceiptKeeper(ReceiptDesk(till.stores, workers), lambda: 1_000)
        spec = SupervisorSpec("saleroom", Strategy.ONE_FOR_ONE, [ChildSpec("receipts", keeper.run)])
        supervisor = Supervisor(spec, rng=random.Random(0))
        async with trio.open_nursery() as nursery:
            await nursery.start(supervisor.run)
            await trio.sleep(2.5 * ROUND_S)
            assert keeper.statistics().failures == 2
            workers.error = None
            await trio.sleep(ROUND_S)
            assert (keeper.statistics().looked, keeper.statistics().receipts) == (1, 1)
            supervisor.stop()
        assert len(await till.owed()) == 1


async def test_the_log_is_asked_for_more_until_there_is_none() -> None:
    async with open_till() as till:
        for paddle in range(101, 105):
            evening = Evening(folio=Folio(EVENT, paddle))
            evening.bill(pledge(paddle, 1_000))
            await till.stores.billing.write(Folio(EVENT, paddle), evening.changes())
        await till.keeper.go_round()
        assert till.keeper.statistics().looked == 4
