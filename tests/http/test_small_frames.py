"""What is read without ceremony is what the whole protocol would have read.

Source: RFC 6455 5.2.
"""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.frame_protocol import FrameProtocol, Opcode

from saleroom.http.door.small_frames import SmallFrames

MASKS = st.binary(min_size=4, max_size=4)


def frame(opcode: int, payload: bytes, mask: bytes = b"\1\2\3\4", *, fin: bool = True) -> bytes:
    size = len(payload)
    length = struct.pack("!B", 0x80 | size) if size <= 125 else struct.pack("!BH", 0xFE, size)
    masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    return bytes([(0x80 if fin else 0) | opcode]) + length + mask + masked


def taken(small: SmallFrames) -> list[str]:
    texts = []
    while (text := small.take()) is not None:
        texts.append(text)
    return texts


def known(data: bytes) -> list[str]:
    """Give the texts that wsproto reads."""
    protocol = FrameProtocol(client=False, extensions=[])
    protocol.receive_bytes(data)
    frames = list(protocol.received_frames())
    return [str(f.payload) for f in frames if f.opcode is Opcode.TEXT]


@given(st.lists(st.tuples(st.text(max_size=40), MASKS), max_size=8))
def test_small_texts_are_read_as_wsproto_reads_them(said: list[tuple[str, bytes]]) -> None:
    small = SmallFrames()
    fits = [(text, mask) for text, mask in said if len(text.encode()) <= 125]
    data = b"".join(frame(0x1, text.encode(), mask) for text, mask in fits)
    assert small.give(data)
    assert taken(small) == known(data) == [text for text, _ in fits]


def test_pongs_are_read_and_say_nothing() -> None:
    small = SmallFrames()
    assert small.give(frame(0xA, b"") + frame(0x1, b"bid") + frame(0xA, b"late"))
    assert taken(small) == ["bid"]


@pytest.mark.parametrize(
    "odd",
    [
        frame(0x1, b"x" * 126),
        frame(0x2, b"binary"),
        frame(0x8, struct.pack("!H", 1000)),
        frame(0x9, b"ping"),
        frame(0x0, b"rest"),
        frame(0x1, b"first", fin=False),
        frame(0x1, b"\xff\xfe"),
        frame(0x1, b"bid")[:-1],
        frame(0x1, b"bid")[:3],
        b"\x81\x03bid",
        b"\xc1" + frame(0x1, b"bid")[1:],
    ],
)
def test_anything_else_is_left_whole(odd: bytes) -> None:
    small = SmallFrames()
    assert not small.give(odd)
    assert not small.give(frame(0x1, b"before") + odd)
    assert taken(small) == []
