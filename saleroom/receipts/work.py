"""What a worker process is asked for: receipts and statements, drawn.

Owns: the way from plain data to bytes. Invariant: the same data gives the same bytes. Must not
know: who asks. Source: ARCHITECTURE 3 (I11).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from saleroom.receipts import wording
from saleroom.receipts.html import html_of
from saleroom.receipts.receipt import Receipt, Statement, from_plain

RECEIPT_HTML: Final = "saleroom.receipts.work:receipt_html"
RECEIPT_PDF: Final = "saleroom.receipts.work:receipt_pdf"
RECEIPT_LETTER: Final = "saleroom.receipts.work:receipt_letter"
STATEMENT_PDF: Final = "saleroom.receipts.work:statement_pdf"


def receipt_html(raw: Mapping[str, Any]) -> bytes:
    """Draw a receipt as a page."""
    return html_of(wording.receipt_paper(from_plain(raw, Receipt)))


def receipt_pdf(raw: Mapping[str, Any]) -> bytes:
    """Draw a receipt on paper."""
    from saleroom.receipts.pdf import pdf_of

    return pdf_of(wording.receipt_paper(from_plain(raw, Receipt)))


def receipt_letter(raw: Mapping[str, Any]) -> dict[str, str]:
    """Write the letter that a receipt goes along with."""
    subject, text = wording.receipt_letter(from_plain(raw, Receipt))
    return {"subject": subject, "text": text}


def statement_pdf(raw: Mapping[str, Any]) -> bytes:
    """Draw a year's statement on paper."""
    from saleroom.receipts.pdf import pdf_of

    return pdf_of(wording.statement_paper(from_plain(raw, Statement)))
