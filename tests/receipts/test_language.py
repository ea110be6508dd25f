"""Languages: the catalogues agree, amounts keep their decimals, nobody is left speechless."""

from __future__ import annotations

import string
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saleroom.auction.money import AMOUNT_MAX
from saleroom.intake.amounts import decimals, parse_amount
from saleroom.receipts.language import FOLDER, LANGUAGES, speak

NARROW, HARD = "\u202f", "\u00a0"
CHRISTMAS_EVE_23_30_UTC = 1_766_619_000_000


def _texts(language: str) -> dict[str, str]:
    return tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_catalogue_file_is_a_language() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.toml")) == sorted(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_the_same(language: str) -> None:
    english, texts = _texts("en"), _texts(language)
    assert texts.keys() == english.keys()
    for key, text in texts.items():
        assert text.strip()
        assert _fields(text) == _fields(english[key]), key


@pytest.mark.parametrize(
    ("locale", "currency", "amount", "written"),
    [
        ("en-US", "USD", 123_450, "$1,234.50"),
        ("de-DE", "EUR", 123_450, f"1.234,50{HARD}€"),
        ("de-CH", "CHF", 123_450, f"CHF{HARD}1\u2019234.50"),
        ("fr-FR", "EUR", 123_450, f"1{NARROW}234,50{HARD}€"),
        ("es-ES", "EUR", 12_345_678, f"123.456,78{HARD}€"),
        ("en-US", "JPY", 12_345, "¥12,345"),
        ("en", "KWD", 1_234_500, f"KWD{HARD}1,234.500"),
        # The minor unit is the house's (ISO 4217), also where CLDR shows no decimals.
        ("en", "RSD", 1_250, f"RSD{HARD}12.50"),
        ("en-US", "USD", AMOUNT_MAX, "$10,000,000,000.00"),
        ("en-US", "USD", -5, "-$0.05"),
    ],
)
def test_amounts_are_written_as_people_write_them(
    locale: str, currency: str, amount: int, written: str
) -> None:
    assert speak(locale, None).money(amount, currency) == written


@given(amount=st.integers(0, AMOUNT_MAX), currency=st.sampled_from(["USD", "JPY", "KWD", "EUR"]))
def test_an_amount_written_is_the_amount_read(amount: int, currency: str) -> None:
    locale = "de-DE" if currency == "EUR" else "en-US"
    written = speak(locale, None).money(amount, currency)
    number = "".join(char for char in written if char in "0123456789.,")
    assert parse_amount(number, currency) == amount
    assert len(number.replace(",", ".").rpartition(".")[2]) == decimals(currency) or not decimals(
        currency
    )


@pytest.mark.parametrize(
    ("locale", "zone", "written"),
    [
        ("en-US", "America/New_York", "December 24, 2025"),
        ("de-DE", "Europe/Berlin", "25. Dezember 2025"),
        ("fr-FR", "Europe/Paris", "25 décembre 2025"),
        ("es-ES", "Atlantic/Canary", "24 de diciembre de 2025"),
        ("en-GB", None, "24 December 2025"),
    ],
)
def test_a_day_is_that_of_the_event(locale: str, zone: str | None, written: str) -> None:
    assert speak(locale, zone).date(CHRISTMAS_EVE_23_30_UTC) == written


@pytest.mark.parametrize("locale", [None, "", "xx", "zz-QQ", "english", "e", "-", "aaa-bbbbbbbb"])
def test_an_unknown_locale_is_english(locale: str | None) -> None:
    language = speak(locale, None)
    assert language.tag == "en"
    assert language.say("receipt") == "Receipt"


def test_a_language_without_texts_keeps_its_figures() -> None:
    language = speak("it-IT", None)
    assert language.tag == "en"
    assert language.money(123_456_789, "EUR") == f"1.234.567,89{HARD}€"


def test_a_known_language_of_an_unknown_land_is_spoken() -> None:
    assert speak("de-QQ", None).say("receipt") == "Quittung"


@pytest.mark.parametrize("zone", ["Nowhere/Town", "../../etc/passwd", "Europe", "x" * 64, "\0"])
def test_an_unknown_zone_is_utc(zone: str) -> None:
    assert speak("en-GB", zone).date(CHRISTMAS_EVE_23_30_UTC) == "24 December 2025"
