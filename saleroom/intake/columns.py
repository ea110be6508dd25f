"""Columns: which field a heading stands for, and how a cell becomes its value.

Owns: the fields of lots and registrations in a table, the names that people give them, and the
reading of one cell. Invariant: a cell has one meaning or is a `CellRefused`; an amount or a time is
never guessed. Must not know: rows, files. Source: RULES "Events and lots", PROTOCOL 7.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final

import attrs

from saleroom.auction.definition import TEXT_MAX
from saleroom.intake.amounts import AmountRefused, amount_of_number, parse_amount
from saleroom.intake.tables import UNCALCULATED

DESCRIPTION_MAX: Final = 10_000
CATEGORY_MAX: Final = 100
EMAIL_MAX: Final = 254  # RFC 5321 4.5.3.1.3
PHONE_MAX: Final = 32  # E.164 with room for how people write it
WHOLE_MAX: Final = 10**9
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_WORDS: Final = re.compile(r"[^a-z0-9#]+")
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}")
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")
_MODES: Final[Mapping[str, str]] = {
    "silent": "silent",
    "silent auction": "silent",
    "timed": "silent",
    "live": "live",
    "live auction": "live",
    "pledge": "pledge",
    "fund a need": "pledge",
    "paddle raise": "pledge",
    "sale": "sale",
    "fixed price": "sale",
    "buy now": "sale",
}


class CellRefused(ValueError):
    """A cell that does not hold. code: for programs; the text: for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@attrs.frozen
class Setting:
    """What the reading of cells depends on. zone: the event's, None when it has none.

    is_json: numbers are then the API's own, amounts in the minor unit and times in ms.
    """

    currency: str
    zone: tzinfo | None
    is_json: bool


Reader = Callable[[Any, Setting], Any]


@attrs.frozen
class Field:
    """A field of a table: its heading in templates, its other names, its reader, an example."""

    name: str
    title: str
    read: Reader
    others: tuple[str, ...] = ()
    example: str = ""
    is_required: bool = False


def heading(text: str) -> str:
    """Give a heading without what people vary: case, accents, spaces and signs."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return _WORDS.sub(" ", plain.replace("'", "")).strip()


def fields_of(columns: Sequence[str], fields: Sequence[Field]) -> list[Field | None]:
    """Say for each column which field it is, None for one that no field is called like."""
    names = {
        heading(name): field
        for field in fields
        for name in (field.name, field.title, *field.others)
    }
    return [names.get(heading(column)) for column in columns]


def _text(most: int) -> Reader:
    def read(cell: Any, setting: Setting) -> str:
        text = _as_text(cell)
        if len(text) > most:
            raise CellRefused("TOO_LONG", f"has at most {most} characters")
        if _UNSTORABLE.search(text):
            raise CellRefused("NOT_TEXT", "holds characters that cannot be kept")
        return text

    return read


def _as_text(cell: Any) -> str:
    """Give a cell as it would be seen; a whole number without a decimal point."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return str(cell)
    raise CellRefused("NOT_TEXT", "is a text")


def _amount(cell: Any, setting: Setting) -> int:
    if setting.is_json and isinstance(cell, int) and not isinstance(cell, bool):
        return cell
    try:
        if isinstance(cell, str):
            return parse_amount(cell, setting.currency)
        if isinstance(cell, (int, float)) and not isinstance(cell, bool) and not setting.is_json:
            return amount_of_number(cell, setting.currency)
    except AmountRefused as refused:
        raise CellRefused(refused.code, str(refused)) from None
    raise CellRefused("NOT_AN_AMOUNT", "is an amount such as 1,234.50")


def _minor(cell: Any, setting: Setting) -> int:
    return _whole(cell, setting)


def _amounts(cell: Any, setting: Setting) -> list[int]:
    if isinstance(cell, list):
        return [_amount(one, setting) for one in cell]
    parts = re.split(r"[;|\n]", cell) if isinstance(cell, str) else [cell]
    return [_amount(part, setting) for part in parts]


def _whole(cell: Any, setting: Setting) -> int:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, str) and re.fullmatch("#?[0-9]{1,9}", cell):
        cell = int(cell.removeprefix("#"))
    if not isinstance(cell, int) or isinstance(cell, bool) or not 0 <= cell <= WHOLE_MAX:
        raise CellRefused("NOT_A_NUMBER", "is a whole number")
    return cell


def _mode(cell: Any, setting: Setting) -> str:
    found = _MODES.get(heading(_as_text(cell)))
    if found is None:
        raise CellRefused("UNKNOWN_MODE", "is silent, live, pledge or sale")
    return found


def _time(cell: Any, setting: Setting) -> int:
    """Read a time in ms: ISO 8601, a date cell, or the API's own milliseconds."""
    if setting.is_json and isinstance(cell, int) and not isinstance(cell, bool):
        return cell
    if isinstance(cell, str):
        if re.fullmatch("[0-9]{12,16}", cell):
            return int(cell)
        try:
            cell = datetime.fromisoformat(cell)
        except ValueError:
            raise CellRefused("NOT_A_TIME", "is a time such as 2026-05-01T20:00:00Z") from None
    if not isinstance(cell, datetime):
        raise CellRefused("NOT_A_TIME", "is a time such as 2026-05-01T20:00:00Z")
    if cell.tzinfo is None:
        if setting.zone is None:
            raise CellRefused("NO_TIME_ZONE", "names its zone, as in 2026-05-01T20:00:00-04:00")
        cell = cell.replace(tzinfo=setting.zone)
    try:
        since: timedelta = cell - EPOCH
    except OverflowError:
        raise CellRefused("NOT_A_TIME", "is a time of our era") from None
    return since // timedelta(milliseconds=1)


def _structure(cell: Any, setting: Setting) -> Any:
    """Read what the rules read further: a name, or JSON."""
    if not isinstance(cell, str) or cell[0] not in "[{":
        return cell
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        raise CellRefused("INVALID", "is not JSON") from None


def _email(cell: Any, setting: Setting) -> str:
    text = _as_text(cell)
    if not _EMAIL.fullmatch(text) or len(text) > EMAIL_MAX or _UNSTORABLE.search(text):
        raise CellRefused("NOT_AN_EMAIL", "is an e-mail address")
    return text


def read_cell(field: Field, cell: Any, setting: Setting) -> Any:
    """Give the value of a cell that is not empty. Raises CellRefused."""
    if cell is UNCALCULATED:
        raise CellRefused("UNCALCULATED", "is a formula without a saved result: paste its value")
    return field.read(cell, setting)


LOT_FIELDS: Final = (
    Field("lot", "Lot", _whole, ("lot #", "lot no", "lot number", "number", "no", "#"), "1"),
    Field("title", "Title", _text(TEXT_MAX), ("name", "item", "item name"), "Dinner for two", True),
    Field("mode", "Mode", _mode, ("type", "kind", "auction type"), "silent", True),
    Field(
        "opening",
        "Opening bid",
        _amount,
        ("start price", "starting price", "starting bid", "start bid", "minimum bid"),
        "100.00",
        True,
    ),
    Field("reserve", "Reserve", _amount, ("reserve price",), "150.00"),
    Field("buy_now", "Buy now", _amount, ("buy now price", "buy it now"), "500.00"),
    Field("fmv", "Fair market value", _amount, ("market value", "value"), "250.00"),
    Field("quantity", "Quantity", _whole, ("qty", "units"), "1"),
    Field("starts_at", "Starts at", _time, ("opens at",), "2026-05-01T18:00:00Z"),
    Field("ends_at", "Ends at", _time, ("closes at", "end", "end time"), "2026-05-01T21:00:00Z"),
    Field("levels", "Levels", _amounts, ("giving levels", "pledge levels")),
    Field("goal", "Goal", _amount, ("target",)),
    Field("donor_paddle", "Donor paddle", _whole, ()),
    Field("group", "Group", _text(TEXT_MAX), ("section",)),
    Field("ring", "Ring", _text(TEXT_MAX), ()),
    Field("ladder", "Ladder", _structure, ("increments", "bid increments")),
    Field("soft_close", "Soft close", _structure, ()),
    Field("category", "Category", _text(CATEGORY_MAX), (), "Experiences"),
    Field("description", "Description", _text(DESCRIPTION_MAX), ("details",), "Five courses."),
    *(
        Field(f"{name}_minor", f"{name} (minor)", _minor)
        for name in ("opening", "reserve", "buy_now", "fmv", "goal")
    ),
)
"""A lot in a table. Columns ending in `_minor` hold the minor unit, as exports write it."""

REGISTRATION_FIELDS: Final = (
    Field("paddle", "Paddle", _whole, ("paddle #", "paddle number", "bidder number"), "100"),
    Field("name", "Name", _text(TEXT_MAX), ("full name", "guest", "bidder"), "Ann Lee", True),
    Field("email", "E-mail", _email, ("email address", "mail"), "ann@gala.example"),
    Field("phone", "Phone", _text(PHONE_MAX), ("mobile", "phone number", "cell"), "+1 555 0100"),
    Field("table", "Table", _text(TEXT_MAX), ("table number", "table #", "table name"), "7"),
)

FIELDS: Final[Mapping[str, Sequence[Field]]] = {
    "lots": LOT_FIELDS,
    "registrations": REGISTRATION_FIELDS,
}
"""{kind of an import: its fields}"""
