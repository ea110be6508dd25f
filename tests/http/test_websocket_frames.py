"""The server's frames are, byte for byte, wsproto's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, Pong, TextMessage

from saleroom.protocol.frames import binary_frame, close_frame, ping_frame, pong_frame, text_frame


def by_wsproto(event: Event) -> bytes:
    return bytes(Connection(ConnectionType.SERVER).send(event))


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 100_000])
def test_sizes(size: int) -> None:
    assert text_frame(b"x" * size) == by_wsproto(TextMessage(data="x" * size))
    assert binary_frame(b"x" * size) == by_wsproto(BytesMessage(data=b"x" * size))


@given(st.text(max_size=200))
def test_text(text: str) -> None:
    assert text_frame(text.encode()) == by_wsproto(TextMessage(data=text))


@given(st.binary(max_size=125))
def test_pings_and_pongs(payload: bytes) -> None:
    assert ping_frame(payload) == by_wsproto(Ping(payload=payload))
    assert pong_frame(payload) == by_wsproto(Pong(payload=payload))


@given(st.sampled_from([1000, 1003, 1009, 1011, 4000, 4101, 4201]), st.text(max_size=150))
def test_closes_with_reasons_of_any_length(code: int, reason: str) -> None:
    assert close_frame(code, reason) == by_wsproto(CloseConnection(code=code, reason=reason))


def test_close_without_a_code() -> None:
    assert close_frame(1005, "") == b"\x88\x00"


def test_a_control_frame_has_125_bytes_at_most() -> None:
    with pytest.raises(ValueError, match="125"):
        ping_frame(b"x" * 126)
