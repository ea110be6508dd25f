"""The log of receipts without a disk.

Owns: which were owed and which folios were looked at. Invariant: each call is one checkpoint and
then one synchronous step, as in memory.py. Source: receipt_ports.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import trio

from saleroom.storage.memory_billing import MemoryBilling
from saleroom.storage.memory_messages import MemoryOutbox
from saleroom.storage.receipt_ports import TOPIC, OwedReceipt


@attrs.define
class MemoryReceiptLog:
    """`ReceiptLog` without a disk."""

    billing: MemoryBilling
    outbox: MemoryOutbox
    _looked: dict[tuple[str, int], int] = attrs.Factory(dict)
    _owed: set[tuple[str, int]] = attrs.Factory(set)

    async def changed(self, limit: int) -> list[tuple[str, int]]:
        await trio.lowlevel.checkpoint()
        versions = self.billing.versions()
        return sorted(key for key in versions if versions[key] > self._looked.get(key, 0))[:limit]

    async def looked(
        self, event: str, paddle: int, version: int, receipts: Sequence[OwedReceipt], at_ms: int
    ) -> None:
        key = event, paddle
        self._looked[key] = max(version, self._looked.get(key, 0))
        for receipt in receipts:
            mark = event, receipt.invoice
            if mark not in self._owed:
                self._owed.add(mark)
                await self.outbox.owe(event, TOPIC, receipt.payload, at_ms)
        await trio.lowlevel.checkpoint()
