"""A paper as PDF.

Owns: the page, its fonts and its margins. Invariant: the same paper gives the same bytes; the fonts
are embedded, and cover Latin, Greek and Cyrillic; no text is read as markup. Must not know: what
the paper is about. The only file that imports reportlab; it belongs in a worker (I11).
Source: issue 8 point 4, decision 0025.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache, partial
from html import escape
from pathlib import Path
from typing import Any, Final

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, TableStyle
from reportlab.platypus import Table as PdfTable

from saleroom.receipts.paper import Paper, Table

FONTS: Final = Path(__file__).resolve().parent / "fonts"
PLAIN, BOLD = "DejaVuSans", "DejaVuSans-Bold"
MARGIN: Final = 18 * mm
FRAME: Final = 6  # points on each side, of a page's frame
WIDTH: Final = A4[0] - 2 * (MARGIN + FRAME)
GREY: Final = HexColor("#555555")
RULE: Final = HexColor("#cccccc")

_TEXT = ParagraphStyle("text", fontName=PLAIN, fontSize=9, leading=12.5)
_STYLES: Final = {
    "text": _TEXT,
    "strong": ParagraphStyle("strong", _TEXT, fontName=BOLD),
    "title": ParagraphStyle("title", _TEXT, fontName=BOLD, fontSize=17, leading=30),
    "cell": ParagraphStyle("cell", _TEXT, fontSize=7.5, leading=10),
    "figure": ParagraphStyle("figure", _TEXT, fontSize=7.5, leading=10, alignment=TA_RIGHT),
    "head": ParagraphStyle("head", _TEXT, fontName=BOLD, fontSize=7.5, leading=10),
    "figure head": ParagraphStyle(
        "figure head", _TEXT, fontName=BOLD, fontSize=7.5, leading=10, alignment=TA_RIGHT
    ),
    "note": ParagraphStyle("note", _TEXT, fontSize=7.5, leading=10.5, textColor=GREY),
}


def pdf_of(paper: Paper) -> bytes:
    """Draw the document."""
    _register_fonts()
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=paper.title,
        author=paper.heading[0] if paper.heading else None,
        lang=paper.language,
        initialFontName=PLAIN,
        invariant=1,
        pageCompression=1,
    )
    pages = partial(_NumberedCanvas, words=paper.page_words)
    document.build(list(_flow(paper)), canvasmaker=pages)
    return out.getvalue()


@cache
def _register_fonts() -> None:
    for name in (PLAIN, BOLD):
        pdfmetrics.registerFont(TTFont(name, str(FONTS / f"{name}.ttf")))


def _flow(paper: Paper) -> Iterator[Flowable]:
    for place, line in enumerate(paper.heading):
        yield _said(line, "strong" if place == 0 else "text")
    yield Spacer(0, 8 * mm)
    yield _said(paper.title, "title")
    if paper.facts:
        facts = [[_said(name, "text"), _said(text, "text")] for name, text in paper.facts]
        yield PdfTable(facts, colWidths=[0.25 * WIDTH, 0.75 * WIDTH], style=_FACTS)
    for table in paper.tables:
        yield Spacer(0, 6 * mm)
        yield from _table(table)
    yield Spacer(0, 6 * mm)
    for note in paper.notes:
        yield _said(note, "note")
        yield Spacer(0, 2 * mm)


def _table(table: Table) -> Iterator[Flowable]:
    if table.title is not None:
        yield _said(table.title, "strong")
    whole = sum(column.width for column in table.columns)
    heads = [
        _said(column.title, "figure head" if column.is_figure else "head")
        for column in table.columns
    ]
    rows = [
        [
            _said(text, "figure" if column.is_figure else "cell")
            for column, text in zip(table.columns, row, strict=True)
        ]
        for row in table.rows
    ]
    widths = [WIDTH * column.width / whole for column in table.columns]
    yield PdfTable([heads, *rows], colWidths=widths, repeatRows=1, style=_ROWS)
    if table.sums:
        sums = [[_said(label, "figure"), _said(text, "figure head")] for label, text in table.sums]
        yield PdfTable(sums, colWidths=[0.75 * WIDTH, 0.25 * WIDTH], style=_SUMS)


def _said(text: str, style: str) -> Paragraph:
    return Paragraph(escape(text), _STYLES[style])


class _NumberedCanvas(Canvas):
    """A canvas that says on each page how many there are, known once all are drawn."""

    def __init__(self, *arguments: Any, words: str, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._words = words
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:
        self._pages.append(dict(self.__dict__))
        self._startPage()  # type: ignore[attr-defined]

    def save(self) -> None:
        for number, page in enumerate(self._pages, 1):
            self.__dict__.update(page)
            self.setFont(PLAIN, 7.5)
            self.setFillColor(GREY)
            said = self._words.format(page=number, pages=len(self._pages))
            self.drawRightString(A4[0] - MARGIN - FRAME, 10 * mm, said)
            super().showPage()
        super().save()


_BASE: Final = [("FONTNAME", (0, 0), (-1, -1), PLAIN), ("VALIGN", (0, 0), (-1, -1), "TOP")]
_FACTS: Final = TableStyle(
    [*_BASE, ("LEFTPADDING", (0, 0), (-1, -1), 0), ("BOTTOMPADDING", (0, 0), (-1, -1), 1)]
)
_ROWS: Final = TableStyle(
    [
        *_BASE,
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE),
        ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
    ]
)
_SUMS: Final = TableStyle(
    [*_BASE, ("RIGHTPADDING", (0, 0), (-1, -1), 3), ("TOPPADDING", (0, 0), (-1, -1), 1)]
)
