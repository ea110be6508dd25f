"""RFC 6455 by raw frames, in the groups of the public suites, against the echo behind the door.

Each row is sent twice: in one write, and octet by octet. Groups 12 and 13 (compression) do not
apply: it is never negotiated, which tests/http/test_door.py holds.
"""

from __future__ import annotations

import struct
from random import Random

import attrs
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from tests.hostile.mutate import frame
from tests.http.wire import (
    BINARY,
    CLOSE,
    CONTINUATION,
    LIMITS,
    PING,
    PONG,
    TEXT,
    Peer,
    Running,
    client_frame,
    close_payload,
    open_door,
    upgrade,
)
from tests.tools.echo_door import ECHO_PATH, MESSAGE_BYTES_MAX, echo

ECHO_LIMITS = attrs.evolve(LIMITS, message_bytes_max=MESSAGE_BYTES_MAX)
PROTOCOL_ERROR, NOT_UTF8, TOO_BIG = 1002, 1007, 1009
OCTETS_MAX = 1_000  # longer rows are sent in one write only
Frames = list[tuple[int, bytes]]


async def sent_to_echo(data: bytes, expected: Frames, code: int | None, *, at_once: bool) -> None:
    """Expect these frames and then a Close, or with no code that the connection stands."""
    async with open_door(session=echo, limits=ECHO_LIMITS) as running:
        peer = await at_the_echo(running)
        for piece in [data] if at_once else [data[i : i + 1] for i in range(len(data))]:
            await peer.send(piece)
        assert [await peer.frame() for _ in expected] == expected
        if code is None:
            await peer.send(client_frame(CLOSE, close_payload(1000)))
        assert await peer.close_code() == (code or 1000)
        await ended(running, peer)


async def at_the_echo(running: Running) -> Peer:
    peer = await running.connect()
    assert (await peer.exchange(upgrade(ECHO_PATH)))[0] == 101
    return peer


async def ended(running: Running, peer: Peer) -> None:
    assert await peer.at_end()
    await peer.stream.aclose()
    await running.all_gone()


def fin(opcode: int, payload: bytes = b"") -> bytes:
    return client_frame(opcode, payload)


def part(opcode: int, payload: bytes = b"") -> bytes:
    return client_frame(opcode, payload, fin=False)


def both_ways(opcode: int, size: int) -> object:
    payload = b"*" * size
    return pytest.param(
        fin(opcode, payload), [(opcode, payload)], None, id=f"1: {size} bytes, opcode {opcode}"
    )


FRAMING = [
    *[both_ways(opcode, n) for opcode in (TEXT, BINARY) for n in (0, 125, 126, 127, 128, 65_535)],
    *[both_ways(opcode, 65_536) for opcode in (TEXT, BINARY)],
    pytest.param(fin(PING), [(PONG, b"")], None, id="2: empty Ping"),
    pytest.param(fin(PING, b"\x00\xff\xfe"), [(PONG, b"\x00\xff\xfe")], None, id="2: bytes"),
    pytest.param(fin(PING, b"\xfe" * 125), [(PONG, b"\xfe" * 125)], None, id="2: longest Ping"),
    pytest.param(fin(PING, b"\xfe" * 126), [], PROTOCOL_ERROR, id="2: Ping too long"),
    pytest.param(fin(PONG), [], None, id="2: Pong unasked"),
    pytest.param(fin(PONG, b"x") + fin(PING, b"y"), [(PONG, b"y")], None, id="2: Pong, Ping"),
    pytest.param(
        b"".join(fin(PING, b"%d" % n) for n in range(10)),
        [(PONG, b"%d" % n) for n in range(10)],
        None,
        id="2: ten Pings in order",
    ),
    *[
        pytest.param(
            fin(TEXT, b"*") + client_frame(opcode, b"*", rsv=rsv) + fin(PING),
            [(TEXT, b"*")],
            PROTOCOL_ERROR,
            id=f"3: RSV {rsv}, opcode {opcode}",
        )
        for rsv in range(1, 8)
        for opcode in (TEXT, BINARY, PING, PONG, CLOSE)
    ],
    *[
        pytest.param(
            fin(TEXT, b"*") + fin(opcode, payload) + fin(PING),
            [(TEXT, b"*")],
            PROTOCOL_ERROR,
            id=f"4: opcode {opcode}, {len(payload)} bytes",
        )
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
        for payload in (b"", b"reserved")
    ],
    pytest.param(part(PING, b"x"), [], PROTOCOL_ERROR, id="5: Ping in fragments"),
    pytest.param(part(PONG, b"x"), [], PROTOCOL_ERROR, id="5: Pong in fragments"),
    pytest.param(
        part(TEXT, b"a") + fin(CONTINUATION, b"b"), [(TEXT, b"ab")], None, id="5: two fragments"
    ),
    pytest.param(
        part(TEXT, b"a") + fin(PING, b"?") + fin(CONTINUATION, b"b"),
        [(PONG, b"?"), (TEXT, b"ab")],
        None,
        id="5: a Ping between",
    ),
    pytest.param(
        part(BINARY) + part(CONTINUATION) + fin(CONTINUATION),
        [(BINARY, b"")],
        None,
        id="5: empty fragments",
    ),
    pytest.param(fin(CONTINUATION, b"x"), [], PROTOCOL_ERROR, id="5: nothing to continue"),
    pytest.param(part(CONTINUATION, b"x"), [], PROTOCOL_ERROR, id="5: no start"),
    pytest.param(
        part(TEXT, b"a") + fin(CONTINUATION, b"b") + fin(CONTINUATION, b"c"),
        [(TEXT, b"ab")],
        PROTOCOL_ERROR,
        id="5: continued after its end",
    ),
    pytest.param(
        part(TEXT, b"a") + fin(TEXT, b"b"), [], PROTOCOL_ERROR, id="5: text within a message"
    ),
    pytest.param(
        part(TEXT, b"a") + part(BINARY, b"b"), [], PROTOCOL_ERROR, id="5: binary within a message"
    ),
    pytest.param(
        part(TEXT, b"1")
        + fin(PING, b"a")
        + part(CONTINUATION, b"2")
        + fin(PING, b"b")
        + fin(CONTINUATION, b"3")
        + fin(TEXT, b"next"),
        [(PONG, b"a"), (PONG, b"b"), (TEXT, b"123"), (TEXT, b"next")],
        None,
        id="5: Pings between, and the next message",
    ),
    pytest.param(client_frame(TEXT, b"x", masked=False), [], PROTOCOL_ERROR, id="5.1: not masked"),
    pytest.param(b"\x81\xfe\x00\x05" + bytes(9), [], PROTOCOL_ERROR, id="5.2: two bytes for 5"),
    pytest.param(
        b"\x82\xff" + struct.pack("!Q", 126) + bytes(4), [], PROTOCOL_ERROR, id="5.2: eight for 126"
    ),
    pytest.param(
        b"\x82\xff" + struct.pack("!Q", 2**63) + bytes(4), [], PROTOCOL_ERROR, id="5.2: 2^63"
    ),
]

CLOSING = [
    pytest.param(b"", b"", id="7: no code"),
    pytest.param(b"x", close_payload(PROTOCOL_ERROR), id="7: one byte"),
    *[
        pytest.param(close_payload(code, reason), close_payload(code, reason), id=f"7: {code}")
        for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)
        for reason in (b"", b"*" * 123)
    ],
    *[
        pytest.param(close_payload(code), close_payload(PROTOCOL_ERROR), id=f"7: {code}")
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535)
    ],
    pytest.param(
        close_payload(1000, b"*" * 124), close_payload(PROTOCOL_ERROR), id="7: reason too long"
    ),
    pytest.param(
        close_payload(1000, b"\xce\xba\xed\xa0\x80"), close_payload(NOT_UTF8), id="7: bad reason"
    ),
]

VALID_TEXTS = [
    *("hello$world", "hello\u00a2world", "hello\u20acworld", "hello\U00024b62world"),
    "\u03ba\u1f79\u03c3\u03bc\u03b5",
    *map(chr, (0, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFDD0, 0xFFFD, 0xFFFE, 0xFFFF)),
    *[chr(plane << 16 | last) for plane in range(1, 17) for last in (0, 0xFFFE, 0xFFFF)],
]

# What may still become UTF-8, and the byte after which it no longer can: where to fail fast.
BROKEN_TEXTS = [
    *[(b"hello", bytes([byte])) for byte in (0x80, 0xBF, 0xC0, 0xC1, 0xF5, 0xF8, 0xFC, 0xFE, 0xFF)],
    *[(bytes([lead]), b" ") for lead in (0xC2, 0xDF, 0xE1, 0xEF, 0xF1, 0xF4)],
    *[(bytes([lead]), bytes([lead])) for lead in (0xC2, 0xE1, 0xF1)],
    pytest.param(b"\xe0", b"\x9f", id="three bytes for two"),
    pytest.param(b"\xf0", b"\x8f", id="four bytes for three"),
    # The decoder of Python says so with the third byte, where the second would do (RFC 3629 4).
    pytest.param(b"\xed\xa0", b"\x80", id="a surrogate"),
    pytest.param(b"\xf4", b"\x90", id="past U+10FFFF"),
    pytest.param(b"\xce\xba\xe1\xbd\xb9\xf4", b"\x90", id="late, past U+10FFFF"),
    pytest.param(b"\xe2\x82", b"\xe2", id="a letter within a letter"),
    pytest.param(b"\xf0\xa4\xad", b"x", id="three of four"),
]


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "octets"])
@pytest.mark.parametrize(("data", "expected", "code"), FRAMING)
async def test_framing(data: bytes, expected: Frames, code: int | None, at_once: bool) -> None:
    await sent_to_echo(data, expected, code, at_once=at_once or len(data) > OCTETS_MAX)


@pytest.mark.parametrize(("payload", "answer"), CLOSING)
async def test_closing(payload: bytes, answer: bytes) -> None:
    """Group 7: the Close that is answered, before and within a message; nothing follows it."""
    for start in (b"", part(TEXT, b"within")):
        async with open_door(session=echo, limits=ECHO_LIMITS) as running:
            peer = await at_the_echo(running)
            await peer.send(start + fin(CLOSE, payload) + fin(TEXT, b"x") + fin(PING) + fin(CLOSE))
            opcode, answered = await peer.frame()
            assert (opcode, answered[: len(answer)]) == (CLOSE, answer)
            await ended(running, peer)


@pytest.mark.parametrize("text", VALID_TEXTS, ids=ascii)
async def test_unicode_comes_back(text: str) -> None:
    """Group 6: whole, in a fragment for every byte, and octet by octet."""
    data = text.encode()
    pieces = [part(CONTINUATION if at else TEXT, data[at : at + 1]) for at in range(len(data))]
    in_fragments = b"".join([*pieces, fin(CONTINUATION)])
    sent = fin(TEXT, data) + in_fragments
    for at_once in (True, False):
        await sent_to_echo(sent, [(TEXT, data), (TEXT, data)], None, at_once=at_once)


@pytest.mark.parametrize(("possible", "impossible"), BROKEN_TEXTS)
async def test_what_cannot_be_unicode_fails_at_once(possible: bytes, impossible: bytes) -> None:
    """Group 6: not a byte too early, nor one too late, though frame and message go on."""
    size = len(possible) + 100
    head = bytes([0x80 | TEXT, 0x80 | size]) + bytes(4)  # announced and never sent; mask of zeros
    for sent, bad in (
        (part(TEXT, possible), part(CONTINUATION, impossible)),
        (head + possible, impossible),
    ):
        async with open_door(session=echo, limits=ECHO_LIMITS) as running:
            peer = await at_the_echo(running)
            await peer.send(sent)
            if sent[0] == TEXT:
                await peer.send(fin(PING))
                assert await peer.frame() == (PONG, b"")
            else:
                await wait_all_tasks_blocked()
                assert running.door.statistics().connections == 1
            await peer.send(bad)
            assert await peer.close_code() == NOT_UTF8
            await ended(running, peer)


@pytest.mark.parametrize("possible", [b"\xe2", b"\xe2\x82", b"\xf0\xa4\xad"])
async def test_text_that_ends_within_a_letter(possible: bytes) -> None:
    """Group 6: the message's end is where it fails."""
    for sent in (fin(TEXT, possible), part(TEXT, possible) + fin(CONTINUATION)):
        await sent_to_echo(sent, [], NOT_UTF8, at_once=True)


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("fragment", [2**16, 2**20])
async def test_large_messages(opcode: int, fragment: int) -> None:
    """Groups 9 and 10: one message of a mebibyte, in fragments of this size."""
    payload, random = b"*" * 2**20, Random(fragment)
    async with open_door(session=echo, limits=ECHO_LIMITS) as running:
        peer = await at_the_echo(running)
        for at in range(0, len(payload), fragment):
            is_last = at + fragment >= len(payload)
            first = CONTINUATION if at else opcode
            await peer.send(frame(random, first, payload[at : at + fragment], fin=is_last))
        assert await peer.frame() == (opcode, payload)


async def test_the_largest_message_of_the_echo_and_one_byte_more() -> None:
    largest, random = b"*" * MESSAGE_BYTES_MAX, Random(9)
    async with open_door(session=echo, limits=ECHO_LIMITS) as running, trio.open_nursery() as sends:
        peer = await at_the_echo(running)
        sends.start_soon(peer.send, frame(random, BINARY, largest))
        assert await whole_frame(peer) == (BINARY, largest)
        sends.start_soon(peer.send, frame(random, BINARY, largest + b"*"))
        assert await peer.close_code() == TOO_BIG
        sends.cancel_scope.cancel()


async def whole_frame(peer: Peer) -> tuple[int, bytes]:
    """Read one large frame in linear time."""
    first, _ = await peer.take(2)
    size = int.from_bytes(await peer.take(8), "big")
    received = bytearray(peer.buffer)
    peer.buffer = b""
    while len(received) < size:
        received += await peer.stream.receive_some()
    return first & 0x0F, bytes(received)
