"""Definitions: what an organiser says of an event and its lots before anyone bids.

Owns: the definitions, their plain JSON form, and what is refused in them. Invariant: a definition
that exists is lawful; `define_lot` and `define_event` are the only way from plain data to one.
Source: RULES "Events and lots" and rule 7's limits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from saleroom.auction.ladder import Ladder, ladder_fault, named_ladder
from saleroom.auction.money import AMOUNT_MAX, is_amount

MODES = ("silent", "live", "pledge", "sale")
TEXT_MAX = 500
"""Characters of a title, a reason or an announcement."""
SECOND_MS, HOUR_MS = 1_000, 3_600_000
TIME_MAX = 2**53 - 1
"""The latest time, in ms: the largest integer that a JavaScript client holds."""
LADDER_DEFAULT = "gala"


class DefinitionError(ValueError):
    """A definition that is refused. field: the one that is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


@attrs.frozen
class SoftClose:
    """Rule 7, all in ms. cap None: no limit; start_from: "bid" or "end"."""

    window: int = 120_000
    extension: int = 120_000
    cap: int | None = None
    start_from: str = "bid"

    def is_lawful(self) -> bool:
        """Say whether it keeps within rule 7's limits."""
        return (
            SECOND_MS <= self.window <= HOUR_MS
            and SECOND_MS <= self.extension <= HOUR_MS
            and (self.cap is None or 0 <= self.cap <= 4 * HOUR_MS)
            and self.start_from in ("bid", "end")
        )


@attrs.frozen
class LotDefinition:
    """One lot as defined; amounts in the minor unit, times in ms of the event clock."""

    lot: int
    title: str
    mode: str
    opening: int
    ladder: Ladder | None = None
    reserve: int | None = None
    buy_now: int | None = None
    quantity: int = 1
    starts_at: int | None = None
    ends_at: int | None = None
    soft_close: SoftClose | None = None
    levels: tuple[int, ...] = ()
    goal: int | None = None
    donor_paddle: int | None = None
    fmv: int | None = None
    group: str | None = None
    ring: str = "main"


@attrs.frozen
class EventDefinition:
    """An event's settings as its journal starts with them."""

    id: str
    title: str
    currency: str
    ladder: Ladder
    soft_close: SoftClose = SoftClose()
    terms_version: int = 1


def define_ladder(raw: object, field: str = "ladder") -> Ladder:
    """Read a ladder given by name or as `[[from, step], ...]`. Raises DefinitionError."""
    if isinstance(raw, str):
        named = named_ladder(raw)
        if named is None:
            raise DefinitionError(field, "is gala, ebay, flat:N or a list of [from, step]")
        return named
    if not isinstance(raw, list) or not all(
        isinstance(rung, list) and len(rung) == 2 and all(type(n) is int for n in rung)
        for rung in raw
    ):
        raise DefinitionError(field, "is gala, ebay, flat:N or a list of [from, step]")
    rungs = tuple((start, step) for start, step in raw)
    fault = ladder_fault(rungs)
    if fault is None and any(step > AMOUNT_MAX or start > AMOUNT_MAX for start, step in rungs):
        fault = f"no amount is over {AMOUNT_MAX}"
    if fault:
        raise DefinitionError(field, fault)
    return Ladder(rungs)


def define_soft_close(raw: object, field: str = "soft_close") -> SoftClose:
    """Read `{window, extension, cap?, from?}`; what is absent takes its default."""
    if not isinstance(raw, Mapping):
        raise DefinitionError(field, "is an object {window, extension, cap?, from?}")
    known = {"window": "window", "extension": "extension", "cap": "cap", "from": "start_from"}
    _no_unknown(raw, known, field)
    values = {known[key]: value for key, value in raw.items() if value is not None}
    if any(type(values[key]) is not int for key in values if key != "start_from"):
        raise DefinitionError(field, "window, extension and cap are whole milliseconds")
    if not isinstance(values.get("start_from", "bid"), str):
        raise DefinitionError(field, 'from is "bid" or "end"')
    policy = SoftClose(**values)
    if not policy.is_lawful():
        raise DefinitionError(field, "window and extension are 1 s to 1 h, cap 0 to 4 h")
    return policy


def define_event(raw: Mapping[str, Any]) -> EventDefinition:
    """Read an event's settings from plain data. Raises DefinitionError naming the field."""
    _no_unknown(raw, attrs.fields_dict(EventDefinition), None)
    currency = _text(raw, "currency")
    if not (len(currency) == 3 and currency.isascii() and currency.isupper()):
        raise DefinitionError("currency", "is a three-letter ISO 4217 code such as USD")
    ladder = raw.get("ladder")
    soft_close = raw.get("soft_close")
    version = raw.get("terms_version", 1)
    if type(version) is not int or version < 1:
        raise DefinitionError("terms_version", "is a whole number from 1")
    return EventDefinition(
        id=_text(raw, "id"),
        title=_text(raw, "title"),
        currency=currency,
        ladder=define_ladder(LADDER_DEFAULT if ladder is None else ladder),
        soft_close=SoftClose() if soft_close is None else define_soft_close(soft_close),
        terms_version=version,
    )


def define_lot(raw: Mapping[str, Any]) -> LotDefinition:
    """Read a lot from plain data. Raises DefinitionError naming the field.

    Absent and null mean the same. Unknown fields are refused.
    """
    _no_unknown(raw, attrs.fields_dict(LotDefinition), None)
    values = {name: read(raw, name) for name, read in _LOT_READERS.items() if _given(raw, name)}
    for name in ("lot", "title", "mode", "opening"):
        if name not in values:
            raise DefinitionError(name, "is required")
    definition = LotDefinition(**values)
    _check_lot(definition)
    return definition


def lot_plain(definition: LotDefinition) -> dict[str, Any]:
    """Give a lot's plain JSON form, which `define_lot` reads back; absent values left out."""
    plain: dict[str, Any] = {
        name: value
        for name, value in attrs.asdict(definition, recurse=False).items()
        if value is not None and value != ()
    }
    if definition.ladder is not None:
        plain["ladder"] = ladder_plain(definition.ladder)
    if definition.soft_close is not None:
        plain["soft_close"] = soft_close_plain(definition.soft_close)
    if definition.levels:
        plain["levels"] = list(definition.levels)
    return plain


def event_plain(definition: EventDefinition) -> dict[str, Any]:
    """Give an event's plain JSON form, which `define_event` reads back."""
    return {
        "id": definition.id,
        "title": definition.title,
        "currency": definition.currency,
        "ladder": ladder_plain(definition.ladder),
        "soft_close": soft_close_plain(definition.soft_close),
        "terms_version": definition.terms_version,
    }


def ladder_plain(ladder: Ladder) -> list[list[int]]:
    """Give a ladder as `[[from, step], ...]`."""
    return [[start, step] for start, step in ladder.rungs]


def soft_close_plain(policy: SoftClose) -> dict[str, Any]:
    """Give a soft-close policy as `{window, extension, cap, from}`; no cap is left out."""
    plain: dict[str, Any] = {
        "window": policy.window,
        "extension": policy.extension,
        "from": policy.start_from,
    }
    if policy.cap is not None:
        plain["cap"] = policy.cap
    return plain


def _check_lot(lot: LotDefinition) -> None:
    if lot.mode not in MODES:
        raise DefinitionError("mode", f"is one of {', '.join(MODES)}")
    if lot.reserve is not None and lot.reserve < lot.opening:
        raise DefinitionError("reserve", "is at least the opening")
    if lot.buy_now is not None and lot.buy_now < max(lot.opening, lot.reserve or 0):
        raise DefinitionError("buy_now", "is at least the opening and the reserve")
    if lot.ends_at is not None and lot.starts_at is not None and lot.ends_at <= lot.starts_at:
        raise DefinitionError("ends_at", "is after starts_at")
    if lot.quantity == 0 and lot.mode != "sale":
        raise DefinitionError("quantity", "is at least 1; only a sale lot may have 0, unlimited")


def _given(raw: Mapping[str, Any], name: str) -> bool:
    return raw.get(name) is not None


def _no_unknown(raw: Mapping[str, Any], known: Mapping[str, Any], within: str | None) -> None:
    for name in raw:
        if name not in known:
            raise DefinitionError(within or str(name)[:64], f"has no field {str(name)[:64]!r}")


def _text(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= TEXT_MAX:
        raise DefinitionError(name, f"is a text of 1 to {TEXT_MAX} characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise DefinitionError(name, "is not valid Unicode") from None
    if "\0" in value:
        raise DefinitionError(name, "holds no NUL character")
    return value


def _whole(raw: Mapping[str, Any], name: str, least: int, most: int = AMOUNT_MAX) -> int:
    value = raw.get(name)
    if type(value) is not int or not least <= value <= most:
        raise DefinitionError(name, f"is a whole number from {least} to {most}")
    return value


def _amount(raw: Mapping[str, Any], name: str) -> int:
    return _whole(raw, name, 1)


def _number(raw: Mapping[str, Any], name: str) -> int:
    return _whole(raw, name, 1, 10**6)


def _time(raw: Mapping[str, Any], name: str) -> int:
    return _whole(raw, name, 0, TIME_MAX)


def _levels(raw: Mapping[str, Any], name: str) -> tuple[int, ...]:
    value = raw.get(name)
    if not isinstance(value, list) or not all(type(n) is int and is_amount(n) for n in value):
        raise DefinitionError(name, "is a list of amounts")
    if len(set(value)) != len(value) or len(value) > 100:
        raise DefinitionError(name, "holds at most 100 levels, each once")
    return tuple(value)


_LOT_READERS: dict[str, Callable[[Mapping[str, Any], str], Any]] = {
    "lot": _number,
    "title": _text,
    "mode": _text,
    "opening": _amount,
    "ladder": lambda raw, name: define_ladder(raw[name], name),
    "reserve": _amount,
    "buy_now": _amount,
    "quantity": lambda raw, name: _whole(raw, name, 0, 10**6),
    "starts_at": _time,
    "ends_at": _time,
    "soft_close": lambda raw, name: define_soft_close(raw[name], name),
    "levels": _levels,
    "goal": _amount,
    "donor_paddle": _number,
    "fmv": lambda raw, name: _whole(raw, name, 0),
    "group": _text,
    "ring": _text,
}
