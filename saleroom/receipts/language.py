"""A language: the texts, amounts and dates of an event as its people write them.

Owns: which locale speaks, and the catalogue files in `texts/`. Invariant: an amount is never
rounded, it has exactly the decimals of its currency; whatever locale or time zone an event names,
there is an answer. Must not know: what is written with it. Source: issue 8 point 4, CLDR, BCP 47,
ISO 4217.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs
from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import NumberPattern, parse_pattern

from saleroom.intake.amounts import decimals

FOLDER: Final = Path(__file__).resolve().parent / "texts"
LANGUAGES: Final = ("en", "de", "fr", "es")
FALLBACK: Final = "en"
_NEXT_TO_NUMBER: Final = re.compile(r"(?<=[^\W\d_])(?=\d)")
"""Between a letter and a figure, where CLDR puts a space (`alphaNextToNumber`) and babel none."""


@attrs.frozen
class Language:
    """How an event speaks. locale: forms amounts and dates. texts: {key: text with {fields}}."""

    locale: Locale
    texts: Mapping[str, str]
    zone: tzinfo

    @property
    def tag(self) -> str:
        """The language of the texts, as HTML and PDF name it."""
        return self.locale.language if self.locale.language in LANGUAGES else FALLBACK

    def say(self, key: str, **fields: str | int) -> str:
        """Give a text."""
        return self.texts[key].format(**fields)

    def money(self, amount: int, currency: str) -> str:
        """Write an amount of the minor unit with its currency: 1.234,50 €, ¥12,345."""
        value = Decimal(amount).scaleb(-decimals(currency))
        pattern = _money_pattern(self.locale, decimals(currency))
        written = pattern.apply(value, self.locale, currency=currency, currency_digits=False)
        return _NEXT_TO_NUMBER.sub("\u00a0", written)

    def date(self, at_ms: int) -> str:
        """Write the day of a moment in the event's time zone."""
        return format_date(self.moment(at_ms).date(), "long", self.locale)

    def moment(self, at_ms: int) -> datetime:
        """Give a moment as the event's clocks on the wall show it."""
        return datetime.fromtimestamp(at_ms / 1000, self.zone)


def speak(locale: str | None, time_zone: str | None) -> Language:
    """Give the language of an event's `locale` and `time_zone`, as far as they are known."""
    known = _locale(locale)
    language = known.language if known.language in LANGUAGES else FALLBACK
    return Language(known, _texts(language), zone_of(time_zone))


@cache
def _texts(language: str) -> Mapping[str, str]:
    return tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))


def _locale(tag: str | None) -> Locale:
    """Read a tag such as de-CH; of one that is unknown its language, else English."""
    for known in (tag, (tag or "").partition("-")[0], FALLBACK):
        try:
            if known:
                return Locale.parse(known, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    raise AssertionError("English is known")


def zone_of(name: str | None) -> tzinfo:
    """Give an event's time zone, UTC for none and for one that is unknown."""
    try:
        return UTC if name is None else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


@cache
def _money_pattern(locale: Locale, digits: int) -> NumberPattern:
    pattern = parse_pattern(locale.currency_formats["standard"].pattern)
    pattern.frac_prec = (digits, digits)
    return pattern
