"""Templates: empty tables with the headings that an import reads best, and one row to follow.

Owns: their headings and examples. Invariant: a template, filled in as its example is, has no
problem. Source: PROTOCOL 7.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from saleroom.intake.columns import FIELDS
from saleroom.intake.preflight import MINOR


def template_rows(kind: str) -> tuple[Sequence[str], Sequence[str]]:
    """Give the headings and the example."""
    shown = [field for field in FIELDS[kind] if not field.name.endswith(MINOR)]
    return [field.title for field in shown], [field.example for field in shown]


def template_csv(kind: str) -> str:
    """Write a template as CSV (RFC 4180)."""
    out = io.StringIO()
    csv.writer(out).writerows(template_rows(kind))
    return out.getvalue()
