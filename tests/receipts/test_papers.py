"""Receipts on screen and on paper: the same words, no markup from outside, the same bytes again."""

from __future__ import annotations

import io
import re
from typing import Any, cast

import attrs
import pytest
from pypdf import PdfReader

from saleroom.billing.payment import Method
from saleroom.receipts.html import POLICY
from saleroom.receipts.receipt import (
    Receipt,
    Sale,
    Statement,
    StatementEvent,
    from_plain,
    plain,
    receipt_of,
)
from saleroom.receipts.settlement import settle
from saleroom.receipts.work import receipt_html, receipt_pdf, statement_pdf
from saleroom.workers import frames
from tests.receipts.evening import BUYER, SALE, Evening, pledge, win

HOSTILE = '<script>alert("1")</script> & <b>bold</b> {name} %s'


def made(sale: Sale = SALE, lines: int = 1, title: str = "A quilt", **changes: Any) -> Receipt:
    evening = Evening()
    invoice = evening.bill(
        *(win(seq, 10_000, 4_000, title=title) for seq in range(1, lines + 1)), pledge(99, 2_500, 2)
    )
    evening.pay(2_000, Method.CASH)
    evening.pay(invoice.total - 2_000, is_fee_covered=True)
    settled = settle(evening.folio)
    return attrs.evolve(receipt_of(sale, BUYER, evening.invoices[0], settled), **changes)


def words_of(pdf: bytes) -> str:
    """Give a document's text with its spaces evened out."""
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    return re.sub(r"\s+", " ", text)


def test_both_forms_say_the_same() -> None:
    receipt = plain(made())
    html, pdf = receipt_html(receipt).decode(), words_of(receipt_pdf(receipt))
    for said in (
        "Receipt",
        "Sea Rescue",
        "28199 Bremen",
        "Tax number 12/345/678",
        "INV-000001",
        "December 24, 2025",
        "Ada Berg, Paddle 101",
        "A quilt",
        "$117.98",
        "$40.00",
        "$70.00",
        "2 \u00d7 $25.00: The boat (Donation)",
        "Processing fee, covered by you",
        "Deductible in all",
        "$120.00",
        "Cash",
        "Card",
    ):
        assert said in html
        assert said in pdf


@pytest.mark.parametrize(
    ("locale", "currency", "said"),
    [
        ("de-DE", "EUR", ["Quittung", "24. Dezember 2025", "117,98\u00a0€", "Abziehbar"]),
        ("fr-FR", "EUR", ["Reçu", "24 décembre 2025", "117,98\u00a0€", "Déductible"]),
        ("es-ES", "JPY", ["Recibo", "24 de diciembre de 2025", "11.798\u00a0JPY", "Deducible"]),
        ("en-GB", "KWD", ["Receipt", "24 December 2025", "KWD\u00a011.798", "Deductible"]),
    ],
)
def test_a_receipt_speaks_the_events_language(locale: str, currency: str, said: list[str]) -> None:
    sale = attrs.evolve(SALE, locale=locale, currency=currency)
    html = receipt_html(plain(made(sale))).decode()
    assert f'<html lang="{locale[:2]}">' in html
    for words in said:
        assert words in html
    pdf = receipt_pdf(plain(made(sale)))
    assert said[0] in words_of(pdf)
    assert str(PdfReader(io.BytesIO(pdf)).root_object["/Lang"]) == locale[:2]


def test_no_text_from_outside_is_markup() -> None:
    seller = attrs.evolve(SALE.seller, name=HOSTILE, address=HOSTILE)
    sale = attrs.evolve(SALE, title=HOSTILE, seller=seller)
    receipt = plain(made(sale, title=HOSTILE, buyer=attrs.evolve(BUYER, name=HOSTILE)))
    html = receipt_html(receipt).decode()
    assert "<script" not in html
    assert "<b>" not in html
    assert html.count("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; ") == 5
    assert words_of(receipt_pdf(receipt)).replace(" ", "").count(HOSTILE.replace(" ", "")) == 5


def test_a_page_asks_for_nothing_and_runs_nothing() -> None:
    html = receipt_html(plain(made())).decode()
    assert not re.search(r"\b(src|href|srcset|style|on\w+)=", html)
    assert html.count("<style>") == 1
    assert "default-src 'none'" in POLICY


def test_the_same_receipt_is_the_same_bytes() -> None:
    receipt = plain(made(lines=3))
    assert receipt_pdf(receipt) == receipt_pdf(plain(made(lines=3)))
    assert receipt_html(receipt) == receipt_html(plain(made(lines=3)))
    assert receipt_pdf(receipt) != receipt_pdf(plain(made(lines=4)))


def test_letters_of_three_scripts_are_embedded() -> None:
    title = "Übergrößenträger, Ελληνικό κρασί, Щедрый вечер, Žluťoučký kůň"
    pdf = receipt_pdf(plain(made(title=title)))
    assert title in words_of(pdf)
    for page in PdfReader(io.BytesIO(pdf)).pages:
        resources = cast(dict[str, Any], page["/Resources"])
        for font in resources["/Font"].values():
            described = font.get_object()["/FontDescriptor"].get_object()
            assert "DejaVuSans" in described["/FontName"]
            assert len(described["/FontFile2"].get_object().get_data()) > 1_000


def test_a_long_receipt_has_numbered_pages_and_repeats_its_head() -> None:
    reader = PdfReader(io.BytesIO(receipt_pdf(plain(made(lines=60)))))
    count = len(reader.pages)
    assert count > 1
    for number, page in enumerate(reader.pages, 1):
        assert f"Page {number} of {count}" in page.extract_text()
    assert all("Premium" in page.extract_text() for page in reader.pages[:2])


def test_the_longest_texts_fit() -> None:
    seller = attrs.evolve(SALE.seller, name="W" * 500, address="W\n" * 250, contact="W" * 500)
    sale = attrs.evolve(SALE, title="W" * 500, seller=seller)
    receipt = made(sale, title="W" * 500, buyer=attrs.evolve(BUYER, name="W" * 500))
    assert words_of(receipt_pdf(plain(receipt))).count("W") >= 4 * 500


def test_a_buyer_who_was_erased_is_a_paddle() -> None:
    receipt = plain(made(buyer=attrs.evolve(BUYER, name=None)))
    assert "<dd>Paddle 101</dd>" in receipt_html(receipt).decode()


def test_a_statement_adds_up_each_currency() -> None:
    zurich = attrs.evolve(SALE, id="z", title="Zürich", currency="CHF")
    statement = Statement(
        2025,
        "Ada Berg",
        "de-CH",
        "Europe/Zurich",
        (
            StatementEvent(SALE, 101, 10_000, 330, 4_000),
            StatementEvent(zurich, 102, 20_000, 0, 5_000),
            StatementEvent(zurich, 103, 1_000, 0, 1_000),
        ),
    )
    said = words_of(statement_pdf(plain(statement)))
    for words in (
        "Jahresaufstellung 2025",
        "Ada Berg",
        "Harbour Lights Gala, Bieternummer 101",
        "Sea Rescue, Steuernummer 12/345/678",
        "Bezahlt in CHF CHF 210.00",
        "Abziehbar in CHF CHF 60.00",
        "Bezahlt in USD $ 103.30",
    ):
        assert words in said


def test_a_year_without_payments_says_so() -> None:
    said = words_of(statement_pdf(plain(Statement(2024, None, None, None, ()))))
    assert "Statement 2024" in said
    assert "Nothing was paid in this year." in said


def test_a_receipt_crosses_the_pipe_unchanged() -> None:
    receipt = made(lines=2)
    carried = frames.encode_parts([plain(receipt)])
    (kind, _), piece = carried.kinds[0], carried.pieces[0]
    assert from_plain(frames.decode_part(kind, piece), Receipt) == receipt
