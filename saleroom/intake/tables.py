"""Tables: a file of CSV, JSON or XLSX becomes columns and rows of cells.

Owns: how each format is read, and how much of it. Invariant: a file is data and never run: of a
formula the result is taken that was saved with it; what is too large is refused before it is
unpacked. It runs in a worker process. Must not know: what a column means.
Source: RFC 4180, ECMA-376, decision 0010.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

import attrs

from saleroom.intake.bounds import TABLE_BYTES_MAX

ROWS_MAX: Final = 2_000  # a gala's guests; its lots are a tenth of that
COLUMNS_MAX: Final = 100
CELL_CHARS_MAX: Final = 10_000  # a lot's longest description
BLANK_ROWS_MAX: Final = 1_000  # in a row, before a sheet counts as over

SEPARATORS: Final = (",", ";", "\t", "|")
SNIFFED_ROWS: Final = 20
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
"""What an export puts an apostrophe before, so that no spreadsheet runs it."""
_ZIP: Final = b"PK\x03\x04"
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class TableRefused(ValueError):
    """A file that is none of the tables that are read; the text says why."""


class Uncalculated:
    """What stands in for a formula whose last result the file does not hold."""


UNCALCULATED: Final = Uncalculated()


@attrs.frozen
class Row:
    """number: as a spreadsheet counts them, the head being 1. cells: as long as the columns."""

    number: int
    cells: Sequence[Any]


@attrs.frozen
class Table:
    """A file, read. A cell is a text, number, time, value of JSON, UNCALCULATED or None."""

    format: str
    columns: Sequence[str]
    rows: Sequence[Row]


def read_table(data: bytes) -> Table:
    """Read a file, whose own bytes tell its format. Raises TableRefused."""
    if len(data) > TABLE_BYTES_MAX:
        raise TableRefused(f"a table has at most {TABLE_BYTES_MAX // 1024**2} MiB")
    if data.startswith(_ZIP):
        from saleroom.intake.workbooks import workbook_rows  # which a worker alone carries

        return _table("xlsx", workbook_rows(data, COLUMNS_MAX + 1))
    text = _text(data)
    if text.lstrip()[:1] in ("[", "{"):
        return _json_table(text)
    return _table("csv", _csv_rows(text))


def _table(name: str, rows: Iterator[tuple[int, Sequence[Any]]]) -> Table:
    """Take the first row that is not empty as the head, and the others that are not as rows."""
    head: list[str] = []
    kept: list[Row] = []
    blank = 0
    for number, cells in rows:
        filled = [_trimmed(cell) for cell in cells]
        while filled and filled[-1] is None:
            filled.pop()
        if not filled:
            blank += 1
            if blank >= BLANK_ROWS_MAX:
                break
            continue
        blank = 0
        if not head:
            head = ["" if cell is None else str(cell)[:CELL_CHARS_MAX] for cell in filled]
            _check_columns(head)
            continue
        if len(kept) == ROWS_MAX:
            raise TableRefused(f"a table has at most {ROWS_MAX} rows")
        if len(filled) > len(head):
            raise TableRefused(f"row {number} has more cells than the head has names")
        kept.append(Row(number, [*filled, *[None] * (len(head) - len(filled))]))
    if not kept:
        raise TableRefused("the table has no rows below its head")
    return Table(name, head, kept)


def _check_columns(head: Sequence[str]) -> None:
    if len(head) > COLUMNS_MAX:
        raise TableRefused(f"a table has at most {COLUMNS_MAX} columns")


def _trimmed(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    if len(cell) > CELL_CHARS_MAX:
        raise TableRefused(f"a cell has at most {CELL_CHARS_MAX} characters")
    text = cell.strip()
    if text.startswith("'") and text[1:].startswith(FORMULA_STARTS):
        text = text[1:]
    return text or None


def _text(data: bytes) -> str:
    """Decode: by its mark, else as UTF-8, else as what Western spreadsheets have always written."""
    encodings = ("utf-16",) if data.startswith(_UTF16) else ("utf-8-sig", "cp1252", "latin-1")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
        break
    raise TableRefused("the file is neither CSV, JSON nor XLSX")


def _csv_rows(text: str) -> Iterator[tuple[int, Sequence[Any]]]:
    separator = max(SEPARATORS, key=lambda mark: _fit(text, mark))
    try:
        yield from enumerate(_parsed(text, separator), 1)
    except csv.Error as error:
        raise TableRefused(f"the file is not CSV: {error}") from None


def _parsed(text: str, separator: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)


def _fit(text: str, separator: str) -> tuple[bool, int]:
    """Judge a separator by the first rows: that they agree on their width, and how wide."""
    widths = []
    try:
        for row, _ in zip(_parsed(text, separator), range(SNIFFED_ROWS), strict=False):
            if any(row):
                widths.append(len(row))
    except csv.Error:
        return False, 0
    width = widths[0] if widths else 0
    return len(set(widths)) == 1 and width > 1, width


def _json_table(text: str) -> Table:
    """Read a list of objects, or an object that holds one list as the API's answers do."""
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError):
        raise TableRefused("the file is not JSON") from None
    if isinstance(raw, dict):
        lists = [value for value in raw.values() if isinstance(value, list)]
        raw = lists[0] if len(lists) == 1 else None
    if not isinstance(raw, list) or not all(isinstance(row, dict) for row in raw):
        raise TableRefused("the file is not a JSON list of objects")
    if not 0 < len(raw) <= ROWS_MAX:
        raise TableRefused(f"a table has 1 to {ROWS_MAX} rows")
    head = list(dict.fromkeys(name for row in raw for name in row))
    _check_columns(head)
    rows = [
        Row(number, [_trimmed(row.get(name)) for name in head]) for number, row in enumerate(raw, 1)
    ]
    return Table("json", head, rows)
