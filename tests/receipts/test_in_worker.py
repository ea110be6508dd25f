"""Receipts in a real worker: isolated, without an environment, within its memory."""

from __future__ import annotations

import trio

from saleroom.receipts.receipt import plain
from saleroom.receipts.work import RECEIPT_HTML, RECEIPT_PDF, receipt_html, receipt_pdf
from saleroom.workers.crew import Crew
from saleroom.workers.frames import encode_parts
from saleroom.workers.process import open_worker
from tests.receipts.test_papers import made

GUARD_S = 30.0


async def test_a_worker_draws_what_this_process_would() -> None:
    receipt = plain(made(lines=3))
    limits = Crew("workers").limits
    with trio.fail_after(GUARD_S):
        async with open_worker(limits.memory_bytes_max, limits.nice) as worker:
            arguments = encode_parts([receipt])
            for function, drawn in (
                (RECEIPT_HTML, receipt_html(receipt)),
                (RECEIPT_PDF, receipt_pdf(receipt)),
            ):
                answer = await worker.call(
                    function, arguments, limits.limit_s, limits.result_bytes_max
                )
                assert answer == drawn
