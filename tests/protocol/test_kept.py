"""What stays in memory takes no more than its size: the limits of a tail count bytes."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import orjson
import pytest

from saleroom.auction import facts as f
from saleroom.auction.state import Entry
from saleroom.protocol.kept import kept_json
from saleroom.protocol.wire_facts import wire_fact

COUNT = 100
HEAD_BYTES = 64  # of a bytes object, and what the allocator rounds up
TEXT = "\N{BELL}" * 500
LOT = {"lot": 17, "title": "A quilt", "state": "open"}


def encoded_fact(fact: f.Fact) -> bytes:
    return wire_fact(Entry(1, 1, 0, "gus", None, None, fact)).body


@pytest.mark.parametrize(
    "encode",
    [
        lambda: kept_json(LOT),
        lambda: encoded_fact(f.EventOpened()),
        lambda: encoded_fact(f.LotWarned(17, "fair_warning")),
        lambda: encoded_fact(f.Announcement(TEXT)),
        lambda: encoded_fact(f.LotExtended(17, 1, 1, "soft_close")),
    ],
    ids=["a lot", "a short fact", "a lot's fact", "a long text", "a counted fact"],
)
def test_kept_bytes_hold_nothing_else(encode: Callable[[], bytes]) -> None:
    kept: list[bytes] = [b""] * COUNT
    length = len(encode())
    tracemalloc.start()
    try:
        for number in range(COUNT):
            kept[number] = encode()
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size / COUNT <= length + HEAD_BYTES


def test_they_are_what_the_encoder_gives() -> None:
    assert kept_json({**LOT, "title": TEXT}) == orjson.dumps({**LOT, "title": TEXT})
