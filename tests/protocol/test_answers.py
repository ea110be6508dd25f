"""Answers, notices and close codes, field by field.

Source: PROTOCOL sections 3, 4 and 5.
"""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from saleroom.auction import commands as c
from saleroom.auction.refusal import Code, Refusal
from saleroom.protocol import notices
from saleroom.protocol.answers import MESSAGES, ack, nack, plain_nack, pong
from saleroom.protocol.close import Close, may_return, returns_at_once
from tests.auction.book import play, sale, silent


def test_an_ack_is_a_receipt_and_says_what_stands() -> None:
    made = sale(silent())
    answer = made.as_donor("A", c.SetMaxBid(1, 50000)).answer
    assert answer is not None
    assert orjson.loads(ack("x", answer)) == {
        "type": "ack",
        "re": "x",
        "seq": 3,
        "as_of": 3,
        "hash": made.book.head.hex(),
        "lot": 1,
        "price": 10000,
        "leader": 101,
        "min_next": 11000,
        "leading": True,
    }


def test_an_ack_without_a_public_fact_has_no_seq() -> None:
    made = play("A max 50000 => 10000 A", silent())
    answer = made.as_donor("A", c.SetMaxBid(1, 60000)).answer
    assert answer is not None
    message = orjson.loads(ack("x", answer))
    assert "seq" not in message
    assert message["as_of"] == 3
    assert message["leading"] is True


def test_a_nack_says_why_and_what_stands() -> None:
    made = play("A bids 10000 => 10000 A", silent())
    refusal = made.as_donor("B", c.PlaceBid(1, 10001)).refusal
    assert refusal is not None
    assert orjson.loads(nack("x", refusal, 3, 99)) == {
        "type": "nack",
        "re": "x",
        "code": "BID_TOO_LOW",
        "message": Code.BID_TOO_LOW.value,
        "temporary": False,
        "server_time": 99,
        "as_of": 3,
        "lot": 1,
        "price": 10000,
        "leader": 101,
        "min_next": 11000,
    }


def test_a_nack_of_no_id_says_null() -> None:
    message = orjson.loads(nack(None, Refusal(Code.MALFORMED, detail="why"), 0, 0))
    assert (message["re"], message["message"]) == (None, "why")


@pytest.mark.parametrize(
    ("code", "temporary"),
    [
        ("RATE_LIMITED", True),
        ("OVERLOADED", True),
        ("OUTCOME_UNKNOWN", True),
        ("INTERNAL", False),
        ("BID_TOO_LOW", False),
        ("ID_REUSED", False),
        ("MALFORMED", False),
    ],
)
def test_which_refusals_are_temporary(code: str, temporary: bool) -> None:
    message = orjson.loads(plain_nack("x", code, 1, 2))
    assert (message["code"], message["temporary"]) == (code, temporary)
    assert message["message"] == (MESSAGES.get(code) or Code[code].value)


def test_a_retry_is_told_when() -> None:
    limited = Refusal(Code.RATE_LIMITED, {"retry_after_ms": 51})
    assert orjson.loads(nack("x", limited, 0, 0))["retry_after_ms"] == 51


def test_a_pong_gives_back_the_clients_own_time() -> None:
    assert pong("x", 12.5, 99) == b'{"type":"pong","re":"x","t0":12.5,"server_time":99}'
    assert pong(None, 12, 99) == b'{"type":"pong","re":null,"t0":12,"server_time":99}'


NOTICES: list[tuple[bytes, dict[str, Any]]] = [
    (notices.outbid(1, 500, 600), {"type": "outbid", "lot": 1, "price": 500, "min_next": 600}),
    (notices.won(1, 500), {"type": "won", "lot": 1, "amount": 500}),
    (notices.max_changed(1, None), {"type": "max_changed", "lot": 1, "max": None}),
    (
        notices.leaderboard_update([{"paddle": 101, "total": 5, "standing": 0}], 5),
        {
            "type": "leaderboard_update",
            "top": [{"paddle": 101, "total": 5, "standing": 0}],
            "raised": 5,
        },
    ),
    (notices.presence(2, 3), {"type": "presence", "bidders": 2, "spectators": 3}),
    (
        notices.presence(2, 3, [101]),
        {"type": "presence", "bidders": 2, "spectators": 3, "paddles": [101]},
    ),
    (notices.heartbeat(99), {"type": "heartbeat", "server_time": 99}),
]


@pytest.mark.parametrize(("encoded", "fields"), NOTICES)
def test_notices(encoded: bytes, fields: dict[str, Any]) -> None:
    assert orjson.loads(encoded) == fields


CODES: list[tuple[int, str, bool, bool]] = [
    # code, name, may return, at once
    (1000, "DONE", False, False),
    (1003, "NOT_TEXT", False, False),
    (1009, "TOO_BIG", False, False),
    (1011, "OUR_FAULT", True, False),
    (4000, "HELLO_TIMEOUT", False, False),
    (4001, "UNAUTHENTICATED", False, False),
    (4002, "FORBIDDEN", False, False),
    (4003, "UNKNOWN_EVENT", False, False),
    (4004, "BANNED", False, False),
    (4005, "PROTOCOL", False, False),
    (4006, "REPLACED", False, False),
    (4100, "OVERLOADED", True, False),
    (4101, "TOO_MANY_CONNECTIONS", True, False),
    (4200, "DRAINING", True, True),
    (4201, "SLOW", True, True),
    (4202, "TOKEN_EXPIRED", True, True),
    (4203, "SILENT", True, True),
]


def test_every_close_code_is_in_the_table() -> None:
    assert {(code.value, code.name) for code in Close} == {row[:2] for row in CODES}


@pytest.mark.parametrize(("code", "name", "returns", "at_once"), CODES)
def test_a_codes_range_tells_what_to_do(code: int, name: str, returns: bool, at_once: bool) -> None:
    assert Close[name] == code
    assert (may_return(code), returns_at_once(code)) == (returns, at_once)


@pytest.mark.parametrize("code", [1006, 4199, 4299])
def test_an_unknown_code_is_judged_by_its_range(code: int) -> None:
    assert may_return(code)
    assert returns_at_once(code) is (code == 4299)
