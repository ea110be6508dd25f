"""The canonical form of records: round trips, older versions, and what is no record.

Source: ARCHITECTURE I5.
"""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from saleroom.auction import facts as f
from saleroom.auction.record import (
    GENESIS,
    UPCASTERS,
    RecordDamaged,
    decode_entry,
    encode_entry,
    next_head,
)
from saleroom.auction.state import Entry


def record(**fields: Any) -> bytes:
    plain = {"type": "announcement", "v": 1, "position": 2, "seq": 1, "at": 5, "text": "Dinner"}
    return orjson.dumps({**plain, **fields})


def test_an_entry_has_one_encoding_and_comes_back() -> None:
    entry = Entry(2, 1, 5, "ann", "c1", "d1", f.Announcement("Dinner"))
    body = encode_entry(entry)
    assert body == (
        b'{"at":5,"by":"ann","command":"c1","digest":"d1","position":2,"seq":1,'
        b'"text":"Dinner","type":"announcement","v":1}'
    )
    assert decode_entry(body) == entry
    once = next_head(GENESIS, body, b"key")
    assert once != next_head(once, body, b"key")
    assert once != next_head(GENESIS, body, b"another key")


def test_an_older_version_is_raised_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = []

    def renamed(fields: dict[str, Any]) -> dict[str, Any]:
        steps.append("renamed")
        return {"words": fields.pop("says"), **fields}

    def worded(fields: dict[str, Any]) -> dict[str, Any]:
        steps.append("worded")
        return {"text": fields.pop("words") + "!", **fields}

    monkeypatch.setitem(UPCASTERS, ("announcement", -1), renamed)
    monkeypatch.setitem(UPCASTERS, ("announcement", 0), worded)
    old = {"type": "announcement", "v": -1, "position": 2, "seq": 1, "at": 5, "says": "Dinner"}
    assert decode_entry(orjson.dumps(old)).fact == f.Announcement("Dinner!")
    assert steps == ["renamed", "worded"]
    assert decode_entry(record()).fact == f.Announcement("Dinner")
    assert len(steps) == 2


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        record(v=2),
        record(v=0),
        record(v="1"),
        record(v=None),
        record(type="nothing"),
        record(type=7),
        record(text2="x"),
        orjson.dumps({"type": "announcement", "v": 1, "position": 2, "seq": 1, "at": 5}),
    ],
)
def test_what_is_no_record_is_damaged(body: bytes) -> None:
    with pytest.raises(RecordDamaged):
        decode_entry(body)
