"""The preflight: a table is held against an event, and nothing is written.

Owns: what an import would add, what it would leave out because it is there already, and every
problem. Invariant: rows that pass here are lawful definitions and registrations, and none of them
takes a number that another has; the same `fate` is asked again at the confirmation, against what
the event has become. It runs in a worker process. Must not know: stores, requests.
Source: PROTOCOL 7, RULES "Events and lots", rule 19, decision 0010.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs

from saleroom.auction.definition import DefinitionError, define_lot, lot_plain
from saleroom.auction.state import PADDLE_FIRST, PADDLE_LAST
from saleroom.intake.columns import FIELDS, CellRefused, Field, Setting, fields_of, read_cell
from saleroom.intake.tables import Row, Table, TableRefused, read_table

LOTS, REGISTRATIONS = "lots", "registrations"
PROBLEMS_MAX: Final = 500  # that are told in full; the rest are counted
DUPLICATES_MAX: Final = 500
PREVIEW_ROWS: Final = 20
DETAILS: Final = ("category", "description")
MINOR: Final = "_minor"
ADD, SAME, TAKEN = "add", "same", "taken"


@attrs.frozen
class Standing:
    """What an event has: {number: title of the lot, or name of the bidder}, and known addresses.

    emails: {address in lower case: paddle}. labels: {title or name: a number that bears it}.
    """

    taken: Mapping[int, str]
    emails: Mapping[str, int] = attrs.field(factory=dict)
    labels: Mapping[str, int] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "labels", {label: n for n, label in self.taken.items()})


def fate(kind: str, row: Mapping[str, Any], standing: Standing) -> tuple[str, int | None]:
    """Say what becomes of a row: ADD, SAME (it is there already) or TAKEN; and whose number it is.

    A row is there already when its address is known, when its number bears its title or name, or
    when it has neither and something bears its title or name.
    """
    number, label = _number(kind, row), _label(kind, row)
    email = (row.get("email") or "").lower()
    held = standing.emails.get(email)
    if held is None and number is None and not email:
        held = standing.labels.get(label)
    if held is None:
        held = number if number in standing.taken else None
        if held is None:
            return ADD, None
        return (SAME if standing.taken[held] == label else TAKEN), held
    return (SAME if number in (None, held) else TAKEN), held


def numbered(
    kind: str, rows: Iterable[Mapping[str, Any]], taken: Iterable[int]
) -> Iterator[dict[str, Any]]:
    """Give every row its number: lots follow the last one, paddles fill the lowest gaps.

    A row that had none is marked `auto`.
    """
    kept = list(rows)
    used = {*taken, *filter(None, (_number(kind, row) for row in kept))}
    following = itertools.count(max(used, default=0) + 1 if kind == LOTS else PADDLE_FIRST)
    for row in kept:
        if _number(kind, row) is not None:
            yield dict(row)
            continue
        number = next(n for n in following if n not in used)
        yield {**row, ("lot" if kind == LOTS else "paddle"): number, "auto": True}


def unnumbered(kind: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Give a row as it was before `numbered`."""
    plain = {name: value for name, value in row.items() if name != "auto"}
    return {**plain, ("lot" if kind == LOTS else "paddle"): None} if "auto" in row else plain


def check(data: bytes, asked: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Give the report, and the rows to add as one JSON object per line; an errand of a worker.

    asked: {kind, currency, zone or null, taken: [[number, label]], emails: [[address, paddle]]}.
    A file that is no table gives {refused: why} and no rows.
    """
    try:
        table = read_table(data)
        preflight = _Preflight(asked, table)
    except TableRefused as refused:
        return {"refused": str(refused)}, b""
    rows = preflight.rows()
    lines = b"\n".join(json.dumps(row).encode() for row in rows)
    return preflight.report(rows), lines


class _Preflight:
    """One table against one event."""

    def __init__(self, asked: Mapping[str, Any], table: Table) -> None:
        self._kind: str = asked["kind"]
        self._table = table
        self._setting = Setting(asked["currency"], _zone(asked["zone"]), table.format == "json")
        self._standing = Standing(
            {number: label for number, label in asked["taken"]},
            {email: paddle for email, paddle in asked["emails"]},
        )
        self._problems: list[dict[str, Any]] = []
        self._duplicates: list[dict[str, Any]] = []
        self._fields = fields_of(table.columns, FIELDS[self._kind])
        self._check_head()

    def rows(self) -> list[dict[str, Any]]:
        """Give the rows that would be added; problems and duplicates are noted on the way."""
        kept: list[dict[str, Any]] = []
        mine: dict[int, str] = {}
        emails: dict[str, int] = {}
        seen: dict[str, int] = {}
        for raw in self._table.rows:
            row = self._read(raw)
            if row is None:
                continue
            body = json.dumps({name: row[name] for name in row if name != "row"}, sort_keys=True)
            if body in seen:
                self._duplicate(raw, {"row": seen[body]})
                continue
            seen[body] = raw.number
            becomes, held = fate(self._kind, row, self._standing)
            if becomes == SAME:
                self._duplicate(raw, {self._number_name(): held})
                continue
            number, email = _number(self._kind, row), str(row.get("email") or "").lower()
            if becomes == TAKEN:
                text = f"{self._number_name()} {held} is taken: {self._standing.taken[held or 0]}"
                self._problem(raw, self._number_name(), "TAKEN", text)
            elif number in mine:
                self._problem(raw, self._number_name(), "REPEATED", f"{number} stands in two rows")
            elif email and email in emails:
                self._problem(raw, "email", "REPEATED", f"stands in row {emails[email]} too")
            else:
                kept.append(row)
            if number is not None:
                mine[number] = _label(self._kind, row)
            if email:
                emails.setdefault(email, raw.number)
        return kept

    def report(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Give what an organiser is told before anything is written."""
        numbers = numbered(self._kind, rows[:PREVIEW_ROWS], self._all_taken(rows))
        return {
            "format": self._table.format,
            "rows": len(self._table.rows),
            "additions": len(rows),
            "columns": [
                {"column": column[:100], "field": None if field is None else field.name}
                for column, field in zip(self._table.columns, self._fields, strict=True)
            ],
            "problems": self._problems[:PROBLEMS_MAX],
            "problem_count": len(self._problems),
            "duplicates": self._duplicates[:DUPLICATES_MAX],
            "duplicate_count": len(self._duplicates),
            "preview": list(numbers),
        }

    def _check_head(self) -> None:
        known = [field.name for field in self._fields if field is not None]
        if not known:
            titles = ", ".join(field.title for field in FIELDS[self._kind] if field.is_required)
            raise TableRefused(f"no column is known; a table of {self._kind} has {titles}")
        plain = Counter(name.removesuffix(MINOR) for name in known)
        for name in (name for name, count in plain.items() if count > 1):
            columns = [
                column
                for column, field in zip(self._table.columns, self._fields, strict=True)
                if field is not None and field.name.removesuffix(MINOR) == name
            ]
            raise TableRefused(f"the columns {' and '.join(columns)} mean the same")
        for field in FIELDS[self._kind]:
            if field.is_required and field.name not in plain:
                raise TableRefused(f"the column {field.title} is missing")

    def _read(self, raw: Row) -> dict[str, Any] | None:
        """Read a row, None when it has a problem."""
        before = len(self._problems)
        values: dict[str, Any] = {}
        for field, cell in zip(self._fields, raw.cells, strict=True):
            if field is None:
                continue
            if cell is None:
                if field.is_required:
                    self._problem(raw, field.name, "REQUIRED", "is required")
                continue
            try:
                values[field.name.removesuffix(MINOR)] = read_cell(field, cell, self._setting)
            except CellRefused as refused:
                self._problem(raw, field.name, refused.code, str(refused))
        if len(self._problems) > before:
            return None
        if self._kind == LOTS:
            return self._lot(raw, values)
        return self._registration(raw, values)

    def _lot(self, raw: Row, values: Mapping[str, Any]) -> dict[str, Any] | None:
        details = {name: values[name] for name in DETAILS if name in values}
        fields = {name: value for name, value in values.items() if name not in DETAILS}
        try:
            definition = define_lot({**fields, "lot": fields.get("lot", 1)})
        except DefinitionError as error:
            self._problem(raw, error.field, "INVALID", error.message)
            return None
        plain = lot_plain(definition)
        del plain["lot"]
        return {"row": raw.number, "lot": fields.get("lot"), "fields": plain, "details": details}

    def _registration(self, raw: Row, values: Mapping[str, Any]) -> dict[str, Any] | None:
        paddle = values.get("paddle")
        if paddle is not None and not 1 <= paddle <= PADDLE_LAST:
            self._problem(raw, "paddle", "INVALID", f"is a number from 1 to {PADDLE_LAST}")
            return None
        names = ("name", "email", "phone", "table")
        return {"row": raw.number, "paddle": paddle, **{name: values.get(name) for name in names}}

    def _all_taken(self, rows: Sequence[Mapping[str, Any]]) -> set[int]:
        given = filter(None, (_number(self._kind, row) for row in rows))
        return {*self._standing.taken, *given}

    def _number_name(self) -> str:
        return "lot" if self._kind == LOTS else "paddle"

    def _problem(self, raw: Row, name: str, code: str, text: str) -> None:
        self._problems.append(
            {"row": raw.number, "column": self._column(name), "code": code, "text": text}
        )

    def _duplicate(self, raw: Row, of: Mapping[str, Any]) -> None:
        self._duplicates.append({"row": raw.number, "of": of})

    def _column(self, name: str) -> str:
        """Name a field as the table does, else as templates do."""
        for column, field in zip(self._table.columns, self._fields, strict=True):
            if field is not None and field.name.removesuffix(MINOR) == name.removesuffix(MINOR):
                return column
        fields: dict[str, Field] = {field.name: field for field in FIELDS[self._kind]}
        return fields[name].title if name in fields else name


def _zone(name: str | None) -> ZoneInfo | None:
    """Find a time zone; one that this machine does not know counts as none."""
    try:
        return None if name is None else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _number(kind: str, row: Mapping[str, Any]) -> int | None:
    number: int | None = row["lot" if kind == LOTS else "paddle"]
    return number


def _label(kind: str, row: Mapping[str, Any]) -> str:
    label: str = row["fields"]["title"] if kind == LOTS else row["name"]
    return label
