"""Texts that people send: each has one meaning, or is told how to write it."""

from __future__ import annotations

import pytest

from saleroom.messages import texts
from saleroom.messages.texts import TextBid, Unclear, Word, accepted, read_text, refused
from saleroom.messages.words import money, short


@pytest.mark.parametrize(
    ("body", "lot", "amount"),
    [
        ("17 250", 17, "250"),
        ("BID 17 250", 17, "250"),
        ("bid 17 250", 17, "250"),
        ("  17\n 250 ", 17, "250"),
        ("17 1,000", 17, "1,000"),
        ("17 250.50", 17, "250.50"),
        ("17 $250", 17, "$250"),
        ("17 USD250", 17, "USD250"),
        ("17 usd 250", 17, "usd 250"),
        ("17 250 USD", 17, "250 USD"),
        ("17 €1.000", 17, "€1.000"),
        ("lot 17 250", 17, "250"),
        ("bid lot 17 250", 17, "250"),
        ("bid on lot 17 250", 17, "250"),
        ("#17 250", 17, "250"),
        ("no. 17 250", 17, "250"),
    ],
)
def test_a_lot_and_an_amount_are_a_bid(body: str, lot: int, amount: str) -> None:
    assert read_text(body) == TextBid(lot, amount)


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("STOP", Word.STOP),
        ("stop", Word.STOP),
        (" Stop. ", Word.STOP),
        ("UNSUBSCRIBE", Word.STOP),
        ("cancel", Word.STOP),
        ("quit!", Word.STOP),
        ("START", Word.START),
        ("unstop", Word.START),
        ("Help", Word.HELP),
        ("info", Word.HELP),
    ],
)
def test_words_are_kept(body: str, word: Word) -> None:
    assert read_text(body) is word


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("", texts.NOT_UNDERSTOOD),
        ("hello", texts.NOT_UNDERSTOOD),
        ("stop bidding", texts.NOT_UNDERSTOOD),
        ("17 250 300", texts.NOT_UNDERSTOOD),
        ("17 2 50", texts.NOT_UNDERSTOOD),
        ("17 250 please", texts.NOT_UNDERSTOOD),
        ("17", texts.NO_LOT),
        ("BID seventeen", texts.NOT_UNDERSTOOD),
        ("BID seventeen 250", texts.NOT_UNDERSTOOD),
        ("\u0661\u0667 \u0662\u0665\u0660", texts.NOT_UNDERSTOOD),
        ("17 \u0662\u0665\u0660", texts.NOT_UNDERSTOOD),
        ("\u0661\u0667 250", texts.NOT_UNDERSTOOD),
        ("\uff11\uff17 \uff12\uff15\uff10", texts.NOT_UNDERSTOOD),
        ("-17 250", texts.NOT_UNDERSTOOD),
        ("17.5 250", texts.NOT_UNDERSTOOD),
        (" \n\t ", texts.NOT_UNDERSTOOD),
        ("x" * 2_000, texts.NOT_UNDERSTOOD),
        ("17 250 " * 280, texts.NOT_UNDERSTOOD),
        ("17 two hundred", texts.NOT_UNDERSTOOD),
        ("250", texts.NO_LOT),
        ("$250", texts.NO_LOT),
        ("0 250", texts.NO_LOT),
        ("bid 17", texts.NO_AMOUNT),
        ("lot 17", texts.NO_AMOUNT),
        ("1234567 250", texts.NOT_UNDERSTOOD),
        ("17 " + "9" * 400, texts.NOT_UNDERSTOOD),
        ("17 250\0", texts.NOT_UNDERSTOOD),
    ],
)
def test_other_texts_bid_nothing(body: str, answer: str) -> None:
    assert read_text(body) == Unclear(answer)


BID = TextBid(17, "250")
ACK = {"price": 25_000, "min_next": 27_500, "leading": True}


@pytest.mark.parametrize(
    ("ack", "said"),
    [
        (ACK, "Your bid of USD 250 leads lot 17. Thank you!"),
        (
            {**ACK, "price": 27_500, "min_next": 30_000, "leading": False},
            "Your bid of USD 250 on lot 17 was taken, but another bidder is ahead at USD 275. "
            "The next bid is USD 300.",
        ),
        ({**ACK, "units": 1}, "Lot 17 is yours for USD 250. Congratulations!"),
    ],
)
def test_a_bid_that_was_taken_is_told_how_it_stands(ack: dict[str, object], said: str) -> None:
    assert accepted(ack, BID, 25_000, "USD") == said


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("BID_TOO_LOW", "Not enough: the next bid on lot 17 is USD 275."),
        ("STALE_ASK", "Not enough: the next bid on lot 17 is USD 275."),
        ("LOT_CLOSED", "Lot 17 has ended. Your bid was not taken."),
        ("LOT_NOT_OPEN", "Lot 17 is not open yet."),
        ("UNKNOWN_LOT", "There is no lot 17."),
        ("OUTCOME_UNKNOWN", texts.NOT_KNOWN),
        ("WHO_KNOWS", "Your bid was not taken: of old age."),
    ],
)
def test_a_bid_that_was_not_taken_is_told_why(code: str, said: str) -> None:
    assert refused(code, {"min_next": 27_500}, "of old age", BID, "USD") == said


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        (25_000, "USD", "USD 250"),
        (25_050, "USD", "USD 250.50"),
        (123_456_705, "EUR", "EUR 1,234,567.05"),
        (1_250, "JPY", "JPY 1,250"),
        (1_250, "KWD", "KWD 1.250"),
        (5, "USD", "USD 0.05"),
    ],
)
def test_amounts_have_the_decimals_of_their_currency(
    amount: int, currency: str, written: str
) -> None:
    assert money(amount, currency) == written


def test_a_long_title_is_cut_and_stands_on_one_line() -> None:
    assert short("A\nquilt \t of  silk") == "A quilt of silk"
    assert len(short("x" * 500)) == 48
