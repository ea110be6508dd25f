"""Amounts as people write them (RULES "Amounts")."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saleroom.intake.amounts import AmountRefused, amount_of_number, decimals, parse_amount


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("500", "USD", 50_000),
        ("$500", "USD", 50_000),
        ("$ 1,234.50", "USD", 123_450),
        ("1,234.5", "USD", 123_450),
        ("1,234,567", "USD", 123_456_700),
        ("1,234", "USD", 123_400),
        ("USD 12.05", "USD", 1_205),
        ("12.05 usd", "USD", 1_205),
        ("1 234,50", "USD", 123_450),
        ("1.234,50", "USD", 123_450),
        ("0.50", "USD", 50),
        ("1 234,50", "SEK", 123_450),
        ("1 234,50 kr", "SEK", 123_450),
        ("1.234", "BRL", 123_400),
        ("12,5", "PLN", 1_250),
        ("1\u202f234,50 €", "EUR", 123_450),
        ("1.234", "EUR", 123_400),
        ("1,234", "EUR", 123_400),
        ("12,50", "EUR", 1_250),
        ("12.50", "EUR", 1_250),
        ("1'234.50", "CHF", 123_450),
        ("1\u2019234", "CHF", 123_400),
        ("¥1,200", "JPY", 1_200),
        ("1.234", "KWD", 1_234),
        ("1,00,000", "INR", 10_000_000),
    ],
)
def test_an_amount_is_read(text: str, currency: str, minor: int) -> None:
    assert parse_amount(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "code"),
    [
        ("", "USD", "NOT_AN_AMOUNT"),
        ("free", "USD", "NOT_AN_AMOUNT"),
        ("-5", "USD", "NOT_AN_AMOUNT"),
        ("(500)", "USD", "NOT_AN_AMOUNT"),
        ("5k", "USD", "NOT_AN_AMOUNT"),
        ("5 - 10", "USD", "NOT_AN_AMOUNT"),
        ("\u0665\u0660\u0660", "USD", "NOT_AN_AMOUNT"),
        ("1" * 41, "USD", "NOT_AN_AMOUNT"),
        ("1.234", "USD", "AMBIGUOUS"),
        ("1,50", "USD", "AMBIGUOUS"),
        ("1234,50", "USD", "AMBIGUOUS"),
        ("1,23,456", "USD", "AMBIGUOUS"),
        ("0,500", "USD", "AMBIGUOUS"),
        ("1.2.3", "USD", "AMBIGUOUS"),
        ("1,234,50.00", "USD", "AMBIGUOUS"),
        ("1.234.567,89.1", "USD", "AMBIGUOUS"),
        ("1 23", "USD", "AMBIGUOUS"),
        ("1,234", "BHD", None),
        ("1,234", "TND", "AMBIGUOUS"),
        ("0.005", "EUR", "AMBIGUOUS"),
        ("1.2345", "USD", "TOO_PRECISE"),
        ("1.5", "JPY", "TOO_PRECISE"),
        ("€500", "USD", "OTHER_CURRENCY"),
        ("500 EUR", "USD", "OTHER_CURRENCY"),
    ],
)
def test_what_has_no_one_meaning_is_refused(text: str, currency: str, code: str | None) -> None:
    if code is None:
        assert parse_amount(text, currency) == 1_234_000
        return
    with pytest.raises(AmountRefused) as refused:
        parse_amount(text, currency)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("value", "currency", "minor"),
    [(500, "USD", 50_000), (1234.5, "USD", 123_450), (0.29, "USD", 29), (1200.0, "JPY", 1_200)],
)
def test_a_number_cell_is_in_major_units(value: float, currency: str, minor: int) -> None:
    assert amount_of_number(value, currency) == minor


@pytest.mark.parametrize("value", [12.345, -1, float("nan"), float("inf")])
def test_a_number_cell_that_is_no_amount_is_refused(value: float) -> None:
    with pytest.raises(AmountRefused):
        amount_of_number(value, "USD")


@given(st.integers(0, 10**12), st.sampled_from(["USD", "SEK", "EUR", "JPY", "KWD"]))
def test_what_is_written_with_groups_and_decimals_is_read_back(minor: int, currency: str) -> None:
    places = decimals(currency)
    whole, fraction = divmod(minor, 10**places)
    text = f"{whole:,}" + (f".{fraction:0{places}}" if places else "")
    if currency == "SEK":
        text = text.translate(str.maketrans(",.", " ,"))
    if currency == "EUR" and whole < 1_000:
        text = f"{text} EUR"
    assert parse_amount(text, currency) == minor
