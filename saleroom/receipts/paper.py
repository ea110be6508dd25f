"""A paper: what a document says, in words and in order, before it is HTML or PDF.

Owns: the parts of a document. Invariant: every text is final, in its language and with its money
written out, so that both forms say the same. Must not know: markup, fonts, what it is about.
Source: issue 8 point 4.
"""

from __future__ import annotations

import attrs


@attrs.frozen
class Column:
    """is_figure: set to the right. width: its share of the page."""

    title: str
    width: int
    is_figure: bool = False


@attrs.frozen
class Table:
    """Rows of as many texts as there are columns. sums: below it, label and figure."""

    title: str | None
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    sums: tuple[tuple[str, str], ...] = ()


@attrs.frozen
class Paper:
    """A document. heading: whose it is, line by line. facts: label and text.

    language: a tag. page_words: with {page} and {pages}, for forms that have pages.
    """

    language: str
    title: str
    heading: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    notes: tuple[str, ...]
    page_words: str
