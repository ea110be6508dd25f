"""A paper as a page of HTML.

Owns: the markup. Invariant: every text is escaped; the page holds no script and asks nothing of
any host, so that it reads under the policy given here, from a disk and in a letter. Must not know:
what the paper is about. Source: HTML, CSP 3.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from html import escape
from typing import Final

from saleroom.receipts.paper import Column, Paper, Table

STYLE: Final = (
    "body{font:15px/1.45 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;"
    "color:#1b1b1b;background:#fff}"
    "address{font-style:normal}address :first-child{font-weight:700}"
    "h1{font-size:1.7rem}h2{font-size:1.1rem}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1.5rem}dd{margin:0}"
    "dt,.note{color:#555}"
    "table{border-collapse:collapse;width:100%;margin:1rem 0}"
    "th,td{padding:.35rem .5rem;text-align:left;vertical-align:top;border-bottom:1px solid #ddd}"
    "td,dd,address{overflow-wrap:anywhere}"
    ".figure{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}"
    "tfoot th{text-align:right;font-weight:400}tfoot tr:last-child>*{font-weight:700}"
)
POLICY: Final = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src "
    f"'sha256-{b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
)
"""The Content-Security-Policy that the page holds to."""


def html_of(paper: Paper) -> bytes:
    """Draw the page, UTF-8."""
    return "".join(_page(paper)).encode()


def _page(paper: Paper) -> Iterator[str]:
    title = escape(paper.title)
    yield f'<!doctype html><html lang="{escape(paper.language)}"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{title}</title><style>{STYLE}</style></head><body><main>"
    if paper.heading:
        lines = (f"<div>{escape(line)}</div>" for line in paper.heading)
        yield f"<address>{''.join(lines)}</address>"
    yield f"<h1>{title}</h1>"
    if paper.facts:
        facts = (f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in paper.facts)
        yield f"<dl>{''.join(facts)}</dl>"
    for table in paper.tables:
        yield from _table(table)
    yield from (f'<p class="note">{escape(note)}</p>' for note in paper.notes)
    yield "</main></body></html>"


def _table(table: Table) -> Iterator[str]:
    if table.title is not None:
        yield f"<h2>{escape(table.title)}</h2>"
    heads = (f'<th scope="col"{_set(c)}>{escape(c.title)}</th>' for c in table.columns)
    yield f"<table><thead><tr>{''.join(heads)}</tr></thead><tbody>"
    for row in table.rows:
        cells = zip(table.columns, row, strict=True)
        yield f"<tr>{''.join(f'<td{_set(c)}>{escape(text)}</td>' for c, text in cells)}</tr>"
    yield "</tbody>"
    if table.sums:
        span = len(table.columns) - 1
        yield "<tfoot>"
        for label, figure in table.sums:
            yield f'<tr><th scope="row" colspan="{span}">{escape(label)}</th>'
            yield f'<td class="figure">{escape(figure)}</td></tr>'
        yield "</tfoot>"
    yield "</table>"


def _set(column: Column) -> str:
    return ' class="figure"' if column.is_figure else ""
