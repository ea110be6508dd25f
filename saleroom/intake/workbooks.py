"""Workbooks: what Excel and its like write, read and written.

Owns: the only use of openpyxl. Invariant: of a formula the result is taken that was saved with it,
and nothing is evaluated; a workbook that unpacks to too much is refused packed. It runs in a worker
process. Must not know: what a column means. Source: ECMA-376, decision 0010.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any, Final

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from saleroom.intake.tables import UNCALCULATED, TableRefused
from saleroom.intake.templates import template_rows

UNPACKED_BYTES_MAX: Final = 50 * 1024 * 1024  # of an XLSX, which is a zip
PARTS_MAX: Final = 500  # of an XLSX: sheets, styles, pictures
WIDTH_CHARS: Final = 22  # of a template's columns


def workbook_rows(data: bytes, columns_max: int) -> Iterator[tuple[int, Sequence[Any]]]:
    """Give the rows of the first sheet, numbered. Raises TableRefused.

    It is read twice at once: what its cells show, and what was written there.
    """
    _check_zip(data)
    try:
        shown = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        written = load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
        pairs = zip(_sheet_rows(shown, columns_max), _sheet_rows(written, columns_max), strict=True)
        for number, (values, sources) in enumerate(pairs, 1):
            cells = [
                UNCALCULATED if value is None and source is not None else value
                for value, source in zip(values, sources, strict=True)
            ]
            yield number, cells
    except (TableRefused, MemoryError, GeneratorExit):
        raise
    except Exception as error:  # the border of openpyxl: damaged files raise nearly everything
        raise TableRefused("the file is not a whole XLSX workbook") from error


def _sheet_rows(workbook: Any, columns_max: int) -> Iterator[tuple[Any, ...]]:
    sheet = workbook.worksheets[0]
    sheet.reset_dimensions()  # what the file says of its size is not to be relied on
    rows: Iterator[tuple[Any, ...]] = sheet.iter_rows(max_col=columns_max, values_only=True)
    return rows


def _check_zip(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError):
        raise TableRefused("the file is not a whole XLSX workbook") from None
    if len(parts) > PARTS_MAX or sum(part.file_size for part in parts) > UNPACKED_BYTES_MAX:
        raise TableRefused("the workbook is too large when unpacked")


def template_xlsx(kind: str) -> bytes:
    """Write a template as a workbook whose cells are texts; an errand of a worker."""
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    sheet.title = kind
    for row in template_rows(kind):
        sheet.append(list(row))
    for number, cell in enumerate(sheet[1], 1):
        cell.font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(number)].width = WIDTH_CHARS
    sheet.freeze_panes = "A2"
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()
