"""The strict codec: what a frame is, and every shape that is none.

Source: PROTOCOL sections 2 and 3, RULES "Amounts", trap 6.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from saleroom.auction import commands as c
from saleroom.auction.refusal import Code, Refusal
from saleroom.protocol.answers import nack
from saleroom.protocol.codec import (
    OUT_OF_BOUNDS,
    Malformed,
    decode_command,
    decode_frame,
    decode_object,
)
from saleroom.protocol.messages import COMMANDS, Ask, Hello, Ping, Refresh, Resume

FRAMES: list[tuple[dict[str, Any], object]] = [
    ({"type": "hello"}, Hello()),
    ({"type": "hello", "token": None, "resume": None}, Hello()),
    (
        {"type": "hello", "token": "t", "resume": {"epoch": "e", "seq": 7}, "feed": "full"},
        Hello("t", Resume("e", 7), "full"),
    ),
    ({"type": "ping", "t0": 12}, Ping(12)),
    ({"type": "ping", "t0": 12.5, "id": "x"}, Ping(12.5, "x")),
    ({"type": "refresh", "token": "t"}, Refresh("t")),
    ({"type": "hello", "token": ""}, Hello("")),
    ({"type": "hello", "token": "x" * 9000}, Hello("x" * 9000)),
    ({"type": "refresh", "token": "", "id": "r"}, Refresh("", "r")),
    ({"type": "ping", "t0": 1795178985799000123}, Ping(1795178985799000123)),
    ({"type": "ping", "t0": -1795178985799000123}, Ping(-1795178985799000123)),
]

COMMAND_FORMS: list[tuple[dict[str, Any], c.Command]] = [
    ({"type": "place_bid", "lot": 1, "amount": 5}, c.PlaceBid(1, 5)),
    ({"type": "place_bid", "lot": 1, "amount": 5, "paddle": 9}, c.PlaceBid(1, 5, 9)),
    ({"type": "place_bid", "lot": 1, "amount": 0}, c.PlaceBid(1, 0)),
    ({"type": "place_bid", "lot": 1, "amount": -5}, c.PlaceBid(1, -5)),
    ({"type": "place_bid", "lot": 1, "amount": 10**30}, c.PlaceBid(1, OUT_OF_BOUNDS)),
    ({"type": "place_bid", "lot": 1, "amount": -(10**30)}, c.PlaceBid(1, -OUT_OF_BOUNDS)),
    ({"type": "set_max_bid", "lot": 1, "max": 5}, c.SetMaxBid(1, 5)),
    ({"type": "buy", "lot": 1}, c.Buy(1)),
    ({"type": "buy", "lot": 1, "units": 2, "price": 3}, c.Buy(1, 2, 3)),
    ({"type": "floor_bid", "lot": 1}, c.FloorBid(1)),
    ({"type": "floor_bid", "lot": 1, "paddle": None}, c.FloorBid(1)),
    ({"type": "set_ask", "lot": 1, "ask": 5, "step": 2}, c.SetAsk(1, 5, 2)),
    ({"type": "sell_lot", "lot": 1, "expect_amount": 5}, c.SellLot(1, None, 5)),
    ({"type": "sell_lot", "lot": 1, "override_reserve": True}, c.SellLot(1, None, None, True)),
    ({"type": "reopen_lot", "lot": 1, "reason": "x"}, c.ReopenLot(1, "x")),
    ({"type": "undo", "lot": 1, "expect_seq": 4}, c.Undo(1, 4)),
    ({"type": "lock_remote", "lot": 1, "on": False}, c.LockRemote(1, on=False)),
    ({"type": "lock_paddle", "paddle": 1, "reason": "x"}, c.LockPaddle(1, "x")),
    ({"type": "announce", "text": "\u00e9\U0001f37e"}, c.Announce("\u00e9\U0001f37e")),
    ({"type": "open_event"}, c.OpenEvent()),
    ({"type": "extend_lot", "lot": 1, "ends_at": 9}, c.ExtendLot(1, 9)),
    ({"type": "add_paddle", "user": "ann", "limit": 5}, c.AddPaddle(user="ann", limit=5)),
    ({"type": "change_paddle", "paddle": 1, "new_paddle": 2}, c.ChangePaddle(1, new_paddle=2)),
    (
        {"type": "set_soft_close", "window": 1, "extension": 2, "cap": None, "from": "end"},
        c.SetSoftClose(1, 2, None, "end"),
    ),
    (
        {"type": "add_lot", "title": "t", "mode": "live", "opening": 5, "reserve": None},
        c.AddLot(None, {"title": "t", "mode": "live", "opening": 5, "reserve": None}),
    ),
    ({"type": "change_lot", "lot": 1, "title": "t"}, c.ChangeLot(1, {"title": "t"})),
]


@pytest.mark.parametrize(("raw", "frame"), FRAMES)
def test_frames(raw: dict[str, Any], frame: object) -> None:
    assert decode_frame(json.dumps(raw)) == frame


@pytest.mark.parametrize(("raw", "command"), COMMAND_FORMS)
def test_commands(raw: dict[str, Any], command: c.Command) -> None:
    frame = decode_frame(json.dumps({**raw, "id": "x"}))
    assert isinstance(frame, Ask)
    assert (frame.id, frame.command) == ("x", command)
    assert frame == decode_command(decode_object(json.dumps(raw)), "x")


def test_equal_bodies_have_equal_digests_and_others_do_not() -> None:
    digests = {
        frame.digest
        for raw, _ in COMMAND_FORMS
        for id in ("x", "y")
        if isinstance(frame := decode_frame(json.dumps({**raw, "id": id})), Ask)
    }
    distinct = {json.dumps(raw) for raw, _ in COMMAND_FORMS}
    assert len(digests) == len(distinct) - 1  # a null paddle is an absent one


BID = '{"type":"place_bid","id":"x","lot":1,"amount":%s}'
DEEP = "[" * 100_000
AMOUNTS = ["1.0", "1.5", "1e3", "true", "false", '"5"', "null", "[]", "{}", "NaN", "Infinity"]
SHAPES = [
    "",
    " ",
    "x",
    "1",
    "null",
    '"hello"',
    "[]",
    '[{"type":"hello"}]',
    "{}",
    '{"type":null}',
    '{"type":["ping"]}',
    '{"type":"nonsense","id":"x"}',
    '{"type":"nonsense"}',
    '{"type":"event_opened","id":"x"}',
    '{"type":"PlaceBid","id":"x","lot":1,"amount":5}',
    '{"type":"command","id":"x"}',
    '{"type":"place_bid","lot":1,"amount":5}',
    '{"type":"place_bid","id":null,"lot":1,"amount":5}',
    '{"type":"place_bid","id":7,"lot":1,"amount":5}',
    '{"type":"place_bid","id":"","lot":1,"amount":5}',
    '{"type":"place_bid","id":"%s","lot":1,"amount":5}' % ("x" * 65),
    '{"type":"place_bid","id":"\\ud800","lot":1,"amount":5}',
    '{"type":"place_bid","id":"a\\u0000","lot":1,"amount":5}',
    '{"type":"place_bid","id":"x","amount":5}',
    '{"type":"place_bid","id":"x","lot":1}',
    '{"type":"place_bid","id":"x","lot":"1","amount":5}',
    '{"type":"place_bid","id":"x","lot":1.0,"amount":5}',
    '{"type":"place_bid","id":"x","lot":true,"amount":5}',
    '{"type":"place_bid","id":"x","lot":null,"amount":5}',
    '{"type":"place_bid","id":"x","lot":1,"amount":5,"paddle":"9"}',
    '{"type":"place_bid","id":"x","lot":1,"amount":5,"paddle":true}',
    '{"type":"place_bid","id":"x","lot":1,"amount":5,"tip":1}',
    '{"type":"place_bid","id":"x","lot":1,"amount":5,"\\ud800":1}',
    '{"type":"place_bid","id":"x","lot":1,"amount":5,"amount":6}',
    '{"type":"place_bid","type":"place_bid","id":"x","lot":1,"amount":5}',
    '{"type":"buy","id":"x","lot":1,"units":0}',
    '{"type":"buy","id":"x","lot":1,"units":1.0}',
    '{"type":"buy","id":"x","lot":1,"units":null}',
    '{"type":"buy","id":"x","lot":1,"price":null}',
    '{"type":"floor_bid","id":"x","lot":1,"amount":null}',
    '{"type":"set_ask","id":"x","lot":1,"ask":5,"step":null}',
    '{"type":"lock_remote","id":"x","lot":1,"on":1}',
    '{"type":"lock_remote","id":"x","lot":1,"on":"yes"}',
    '{"type":"lock_paddle","id":"x","paddle":1,"reason":"x","ban":0}',
    '{"type":"announce","id":"x","text":""}',
    '{"type":"announce","id":"x","text":"%s"}' % ("x" * 501),
    '{"type":"announce","id":"x","text":5}',
    '{"type":"announce","id":"x","text":["x"]}',
    '{"type":"announce","id":"x","text":"\\udc00"}',
    '{"type":"announce","id":"x","text":"\\u0000"}',
    '{"type":"pause_event","id":"x"}',
    '{"type":"open_event","id":"x","now":true}',
    '{"type":"undo","id":"x","lot":1,"expect_seq":1.0}',
    '{"type":"set_soft_close","id":"x","window":1,"extension":2,"start_from":"end"}',
    '{"type":"set_soft_close","id":"x","window":1.0,"extension":2}',
    '{"type":"add_lot","id":"x","mode":"live","opening":5}',
    '{"type":"add_lot","id":"x","title":"t","mode":"live","opening":5.0}',
    '{"type":"add_lot","id":"x","title":"t","mode":"live","opening":true}',
    '{"type":"add_lot","id":"x","title":"t","mode":"live","opening":null}',
    '{"type":"change_lot","id":"x","lot":1,"opening":null}',
    '{"type":"add_lot","id":"x","title":"t","mode":"live","opening":5,"colour":1}',
    '{"type":"add_lot","id":"x","title":"t","mode":"live","opening":5,"\\ud800":1}',
    '{"type":"add_lot","id":"x","title":"\\ud800","mode":"live","opening":5}',
    '{"type":"add_lot","id":"x","title":"t","mode":"live","opening":5,"levels":%s}'
    % ("[" * 400 + "]" * 400),
    '{"type":"add_lot","id":"x","lot":"1","title":"t","mode":"live","opening":5}',
    '{"type":"change_lot","id":"x","title":"t"}',
    '{"type":"change_lot","id":"x","lot":1.0,"title":"t"}',
    '{"type":"hello","tokens":"t"}',
    '{"type":"hello","token":5}',
    '{"type":"hello","feed":"raw"}',
    '{"type":"hello","feed":["full"]}',
    '{"type":"hello","resume":7}',
    '{"type":"hello","resume":{"epoch":"e"}}',
    '{"type":"hello","resume":{"epoch":"e","seq":"7"}}',
    '{"type":"hello","resume":{"epoch":"e","seq":7.0}}',
    '{"type":"hello","resume":{"epoch":"e","seq":7,"at":1}}',
    '{"type":"ping"}',
    '{"type":"ping","t0":null}',
    '{"type":"ping","t0":"1"}',
    '{"type":"ping","t0":true}',
    '{"type":"ping","t0":1e999}',
    '{"type":"ping","t0":1,"\\ud800":1}',
    '{"type":"refresh"}',
    '{"type":"ping","t0":9223372036854775807}',
    '{"type":"ping","t0":-1%s}' % ("0" * 400),
    '{"type":"refresh","token":null}',
    '{"type":"refresh","token":7}',
    '{"type":"refresh","token":"t","at":1}',
    '{"type":"refresh","token":"t","id":""}',
    '{"a":' + DEEP,
    DEEP,
    '{"type":"hello"} x',
    '{"type":"hello",}',
    "{'type':'hello'}",
    "\ufeff{}",
    "1" * 10_000,
    *(BID % amount for amount in AMOUNTS),
    BID % "5" + BID % "5",
    BID % "05",
    BID % "-",
]


@pytest.mark.parametrize("text", SHAPES, ids=lambda text: text[:60])
def test_what_is_no_frame_is_malformed(text: str) -> None:
    with pytest.raises(Malformed) as caught:
        decode_frame(text)
    assert caught.value.reason
    assert nack(caught.value.re, Refusal(Code.MALFORMED, detail=caught.value.reason), 0, 0)


@pytest.mark.parametrize(
    ("text", "re"),
    [
        (BID % "true", "x"),
        ('{"type":"nonsense","id":"x"}', "x"),
        ('{"type":"ping","id":"x"}', "x"),
        ('{"type":"place_bid","id":7}', None),
        ('{"type":"place_bid","id":"%s"}' % ("x" * 65), None),
        ("{", None),
    ],
)
def test_a_malformed_frame_is_answered_to_its_id_where_that_can_be_read(
    text: str, re: str | None
) -> None:
    with pytest.raises(Malformed) as caught:
        decode_frame(text)
    assert caught.value.re == re


def test_longer_integers_cost_nothing_and_stay_out_of_bounds() -> None:
    frame = decode_frame(BID % ("9" * 100_000))
    assert isinstance(frame, Ask)
    assert frame.command == c.PlaceBid(1, OUT_OF_BOUNDS)


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-5, 5)
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["end", "\ud800", "x" * 501])
)
values = scalars | st.lists(scalars, max_size=2) | st.dictionaries(st.text(), scalars, max_size=2)
NAMES = sorted({name for raw, _ in COMMAND_FORMS for name in raw} | {"id", "token", "t0"})
TYPES = [*sorted(COMMANDS), "hello", "ping", "refresh", "nonsense"]
near_frames = st.builds(
    lambda name, fields, rest: json.dumps({"type": name, **fields, **rest}),
    st.sampled_from(TYPES),
    st.fixed_dictionaries({"id": st.just("x"), "lot": st.just(1)}) | st.just({}),
    st.dictionaries(st.sampled_from(NAMES), values, max_size=6),
)


@settings(max_examples=600, deadline=None)
@given(st.text() | near_frames)
@example('{"type":"add_lot","id":"x","title":"t","mode":"live","opening":5,"fmv":1e999}')
def test_any_text_leaves_as_a_frame_or_as_malformed(text: str) -> None:
    try:
        frame = decode_frame(text)
    except Malformed as error:
        nack(error.re, Refusal(Code.MALFORMED, detail=error.reason), 0, 0)
    else:
        assert isinstance(frame, Hello | Ping | Refresh | Ask)
        assert decode_frame(text) == frame


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_leave_as_an_object_or_as_malformed(raw: bytes) -> None:
    with suppress(Malformed):
        assert isinstance(decode_object(raw), dict)
