"""What every log of receipts does: folios come up until looked at, a receipt goes once."""

from __future__ import annotations

from typing import Any

from saleroom.billing.folio import Folio
from saleroom.storage.ports import Stores
from saleroom.storage.receipt_ports import OwedReceipt
from tests.receipts.evening import EVENT, PADDLE, Evening, pledge

NOW = 4_000_000_000_000


async def kept(stores: Stores, paddle: int = PADDLE, event: str = EVENT) -> Folio:
    """Keep a folio with an invoice, and give it."""
    evening = Evening(folio=Folio(event, paddle))
    evening.bill(pledge(paddle, 5_000))
    await stores.billing.write(Folio(event, paddle), evening.changes())
    return await stores.billing.folio(event, paddle)


def receipt(invoice: int) -> OwedReceipt:
    return OwedReceipt(invoice, {"paddle": PADDLE, "invoice": invoice})


async def owed(stores: Stores) -> list[tuple[str, int, str, Any]]:
    rows = await stores.outbox.owed(NOW, 99)
    return [(row.event, row.position, row.topic, row.payload["invoice"]) for row in rows]


async def test_a_changed_folio_comes_up_until_it_was_looked_at(stores: Stores) -> None:
    assert await stores.receipts.changed(9) == []
    folio = await kept(stores)
    assert await stores.receipts.changed(9) == [(EVENT, PADDLE)]
    assert await stores.receipts.changed(9) == [(EVENT, PADDLE)]
    await stores.receipts.looked(EVENT, PADDLE, folio.version, [], NOW)
    assert await stores.receipts.changed(9) == []
    evening = Evening(folio=folio)
    evening.ask_more(100)
    changes = evening.changes()
    added = type(changes)(postings=changes.postings[-1:])
    await stores.billing.write(folio, added)
    assert await stores.receipts.changed(9) == [(EVENT, PADDLE)]


async def test_folios_come_in_order_and_within_a_limit(stores: Stores) -> None:
    for event, paddle in (("b", 101), ("a", 103), ("a", 102)):
        await kept(stores, paddle, event)
    assert await stores.receipts.changed(9) == [("a", 102), ("a", 103), ("b", 101)]
    assert await stores.receipts.changed(2) == [("a", 102), ("a", 103)]


async def test_a_receipt_is_owed_once(stores: Stores) -> None:
    folio = await kept(stores)
    await stores.receipts.looked(EVENT, PADDLE, folio.version, [receipt(1)], NOW)
    assert await owed(stores) == [(EVENT, 0, "receipt", 1)]
    both = [receipt(1), receipt(2)]
    await stores.receipts.looked(EVENT, PADDLE, folio.version, both, NOW)
    await stores.receipts.looked(EVENT, PADDLE, folio.version, both, NOW)
    assert await owed(stores) == [(EVENT, 0, "receipt", 1), (EVENT, 0, "receipt", 2)]


async def test_a_look_at_an_older_version_takes_nothing_back(stores: Stores) -> None:
    folio = await kept(stores)
    await stores.receipts.looked(EVENT, PADDLE, folio.version, [], NOW)
    await stores.receipts.looked(EVENT, PADDLE, 1, [], NOW)
    assert await stores.receipts.changed(9) == []
