"""The load's framing, held against wsproto and our own server's frames."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.frame_protocol import FrameProtocol, Opcode

from bench import BenchFailed
from bench.load import CLOSE, PING, TEXT, Client, Splitter, client_frame, server_frames
from bench.sale import feed_end, speaks
from saleroom.protocol.frames import close_frame, ping_frame, text_frame

PAYLOADS = st.lists(st.binary(max_size=70_000), max_size=6)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 16_000, 65_535])
def test_a_server_reads_what_a_client_frames(size: int) -> None:
    protocol = FrameProtocol(client=False, extensions=[])
    protocol.receive_bytes(client_frame(TEXT, b"x" * size))
    (frame,) = protocol.received_frames()
    assert (frame.opcode, frame.payload) == (Opcode.TEXT, "x" * size)
    assert frame.message_finished


@given(PAYLOADS, st.integers(1, 50_000))
def test_frames_are_found_however_they_are_cut(payloads: list[bytes], step: int) -> None:
    data = b"".join(text_frame(payload) for payload in payloads)
    found: list[tuple[int, bytes]] = []
    rest = b""
    for start in range(0, len(data), step):
        frames, rest = server_frames(rest + data[start : start + step])
        found += frames
    assert found == [(TEXT, payload) for payload in payloads]
    assert rest == b""


def test_a_frame_cut_within_its_head_waits_for_the_rest() -> None:
    data = text_frame(b"x" * 70_000)
    for cut in range(12):
        assert server_frames(data[:cut]) == ([], data[:cut])


def test_control_frames_are_told_apart() -> None:
    frames, _ = server_frames(ping_frame(b"p") + close_frame(4201, "SLOW"))
    assert [opcode for opcode, _ in frames] == [PING, CLOSE]


@pytest.mark.parametrize(
    ("message", "end"),
    [
        (b'[{"type":"feed","from":7,"to":19,"events":[{"seq":19,"to":3}]}]', 19),
        (b'[{"type":"ack","re":"1","seq":4}]', None),
        (b'[{"type":"heartbeat","server_time":1}]', None),
    ],
)
def test_the_end_of_a_feed_is_found_without_parsing(message: bytes, end: int | None) -> None:
    assert feed_end(message) == end


class Peer:
    """A client on one end of a socket pair, the test on the other."""

    def __init__(self) -> None:
        ours, self.server = socket.socketpair()
        ours.setblocking(False)
        self.server.settimeout(5)
        self.heard: list[bytes] = []
        self.client = Client(
            ours,
            0,
            lambda client, message, now: self.heard.append(message),
            speaks("gala"),
            Splitter(),
        )

    def say(self, data: bytes) -> None:
        self.server.sendall(data)
        self.client.read()


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.client.connection.close()
    made.server.close()


WELCOME = text_frame(json.dumps([{"type": "welcome", "seq": 41}]).encode())


def test_the_welcome_is_taken_and_the_rest_is_heard(peer: Peer) -> None:
    peer.say(WELCOME + text_frame(b"[1]") + text_frame(b"[2]"))
    assert peer.client.seq == 41
    assert peer.heard == [b"[1]", b"[2]"]


def test_a_ping_is_answered(peer: Peer) -> None:
    peer.say(WELCOME + ping_frame(b"still there?"))
    assert peer.server.recv(100) == client_frame(0xA, b"still there?")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (close_frame(4100, "OVERLOADED"), "OVERLOADED"),
        (text_frame(b'[{"type":"nack"}]'), "no welcome"),
    ],
)
def test_an_unwelcome_end_fails_the_measure(peer: Peer, data: bytes, words: str) -> None:
    with pytest.raises(BenchFailed, match=words):
        peer.say(data)


def test_a_lost_connection_fails_the_measure(peer: Peer) -> None:
    peer.server.shutdown(socket.SHUT_RDWR)
    with pytest.raises(BenchFailed, match="ended"):
        peer.client.read()


def test_a_server_that_reads_no_more_fails_the_measure(peer: Peer) -> None:
    with pytest.raises(BenchFailed, match="stopped reading"):
        peer.client.send(*[b"x" * 60_000] * 1_000)
