"""Amounts as people write them, read into the minor unit of a currency.

Owns: which writings mean an amount, and how many decimals a currency has. Invariant: a text has one
meaning in its currency or is refused; nothing is rounded. Source: RULES "Amounts", ISO 4217,
decision 0010.

Where a currency's people write 1,234.50, a lone comma groups and a lone point divides; where they
write 1.234,50, the other way round; where both are in use, the one lawful reading is taken. Two
kinds of separator in one number explain themselves. Spaces and apostrophes always group.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final


def _codes(names: str) -> frozenset[str]:
    return frozenset(names.split())


NO_DECIMALS: Final = _codes("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF")
THREE_DECIMALS: Final = _codes("BHD IQD JOD KWD LYD OMR TND")
POINT: Final = _codes(
    "AED AUD BHD CAD CNY EGP GBP GHS HKD ILS INR JMD JOD JPY KES KRW KWD MXN MYR NGN NZD OMR PHP "
    "PKR QAR SAR SGD THB TWD USD"
)
"""Currencies whose people divide with a point."""
COMMA: Final = _codes(
    "ARS BGN BRL CLP COP CZK DKK HUF IDR ISK KZT NOK PLN PYG RON RSD RUB SEK TRY UAH VND"
)
"""Currencies whose people divide with a comma. In all others both are in use."""

SIGNS: Final = {
    "$": _codes("ARS AUD CAD CLP COP HKD JMD MXN NZD SGD TWD USD"),
    "US$": frozenset({"USD"}),
    "£": frozenset({"EGP", "GBP"}),
    "€": frozenset({"EUR"}),
    "¥": frozenset({"CNY", "JPY"}),
    "₹": frozenset({"INR"}),
    "₩": frozenset({"KRW"}),
    "₪": frozenset({"ILS"}),
    "zł": frozenset({"PLN"}),
    "kr": frozenset({"DKK", "ISK", "NOK", "SEK"}),
    "kr.": frozenset({"DKK", "ISK", "NOK", "SEK"}),
    "Fr.": frozenset({"CHF"}),
    "R$": frozenset({"BRL"}),
}
TEXT_MAX: Final = 40

_GROUPING: Final = "\u00a0\u2009\u202f'\u2019"
_SHAPE: Final = re.compile(r"(?P<before>[^\d., ]*) *(?P<number>\d[\d., ]*)(?P<after>.*)")
_GROUPS: Final = re.compile(r"\d{1,3}(?:(?P<mark>[ ,.])\d{3})(?:(?P=mark)\d{3})*")
_INDIAN: Final = re.compile(r"\d{1,2}(?:,\d{2})*,\d{3}")


class AmountRefused(ValueError):
    """A text that is no amount. code: NOT_AN_AMOUNT, AMBIGUOUS, TOO_PRECISE, OTHER_CURRENCY."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def decimals(currency: str) -> int:
    """Say how many decimals a currency has."""
    if currency in NO_DECIMALS:
        return 0
    return 3 if currency in THREE_DECIMALS else 2


def parse_amount(text: str, currency: str) -> int:
    """Read an amount in a currency's minor unit. Raises AmountRefused."""
    shown = re.sub(f"[{_GROUPING}]", " ", text.strip())
    found = _SHAPE.fullmatch(shown) if len(shown) <= TEXT_MAX else None
    if found is None:
        raise AmountRefused("NOT_AN_AMOUNT", "is an amount such as 1,234.50")
    for mark in (found["before"], found["after"].strip()):
        _check_sign(mark, currency)
    number = found["number"].strip()
    if not number.isascii():
        raise AmountRefused("NOT_AN_AMOUNT", "is written with the digits 0 to 9")
    whole, fraction = _parted(number, currency)
    return _minor(Decimal(f"{whole}.{fraction or 0}"), currency)


def amount_of_number(value: int | float, currency: str) -> int:
    """Read a number cell of a spreadsheet, in major units. Raises AmountRefused."""
    return _minor(Decimal(repr(value)), currency)


def _minor(value: Decimal, currency: str) -> int:
    minor = value.scaleb(decimals(currency)) if value.is_finite() else None
    if minor is None or minor < 0:
        raise AmountRefused("NOT_AN_AMOUNT", "is an amount such as 1,234.50")
    if minor != minor.to_integral_value():
        raise AmountRefused("TOO_PRECISE", f"has at most {decimals(currency)} decimals")
    return int(minor)


def _check_sign(mark: str, currency: str) -> None:
    if not mark or mark.upper() == currency or currency in SIGNS.get(mark, ()):
        return
    if mark in SIGNS or re.fullmatch("[A-Za-z]{3}", mark):
        raise AmountRefused("OTHER_CURRENCY", f"is in {currency}, the event's currency")
    raise AmountRefused("NOT_AN_AMOUNT", "is an amount such as 1,234.50")


def _parted(number: str, currency: str) -> tuple[str, str]:
    """Part a number into its digits before and after the mark that divides. Raises."""
    marks = [char for char in number if char in ".,"]
    kinds = set(marks)
    if not kinds:
        return _whole(number, currency), ""
    last = marks[-1]
    if len(kinds) == 2 or " " in number:
        if marks.count(last) == 1:
            whole, _, fraction = number.rpartition(last)
            return _whole(whole, currency), _fraction(fraction, currency)
        raise _ambiguous()
    if len(marks) > 1:
        return _whole(number, currency), ""
    whole, _, fraction = number.partition(last)
    if _divides(last, whole, fraction, currency):
        return whole, _fraction(fraction, currency)
    return _whole(number, currency), ""


def _divides(mark: str, whole: str, fraction: str, currency: str) -> bool:
    """Say whether the one mark in a number is its currency's decimal mark."""
    if currency in POINT:
        return mark == "."
    if currency in COMMA:
        return mark == ","
    is_group = len(fraction) == 3 and 1 <= len(whole) <= 3 and not whole.startswith("0")
    if is_group and decimals(currency) == 3:
        raise _ambiguous()
    return not is_group


def _whole(digits: str, currency: str) -> str:
    if digits.isdigit():
        return digits
    is_indian = currency in ("INR", "PKR") and _INDIAN.fullmatch(digits)
    if not (_GROUPS.fullmatch(digits) or is_indian) or digits.startswith("0"):
        raise _ambiguous()
    return re.sub("[ .,]", "", digits)


def _fraction(digits: str, currency: str) -> str:
    if not digits.isdigit():
        raise _ambiguous()
    if len(digits) == 3 and decimals(currency) < 3:
        raise _ambiguous()
    return digits


def _ambiguous() -> AmountRefused:
    return AmountRefused("AMBIGUOUS", "may mean more than one amount: write it as 1234.50")
