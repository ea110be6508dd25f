"""Templates: empty tables with the headings that an import reads best, and one row to follow.

Owns: their two formats. Invariant: a template, filled in as its example is, has no problem. It runs
in a worker process. Source: PROTOCOL 7.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from saleroom.intake.columns import FIELDS
from saleroom.intake.preflight import MINOR

WIDTH_CHARS = 22


def template_rows(kind: str) -> tuple[Sequence[str], Sequence[str]]:
    """Give the headings and the example."""
    shown = [field for field in FIELDS[kind] if not field.name.endswith(MINOR)]
    return [field.title for field in shown], [field.example for field in shown]


def template_csv(kind: str) -> str:
    """Write a template as CSV (RFC 4180)."""
    out = io.StringIO()
    csv.writer(out).writerows(template_rows(kind))
    return out.getvalue()


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
