"""Reading and ending a websocket: RFC 6455 sections 5-7, by raw frames over real sockets."""

from __future__ import annotations

import attrs
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from saleroom.http.door.websocket import ConnectionClosed, Websocket, close_frame, text_frame
from tests.http.wire import (
    BINARY,
    CLOSE,
    CONTINUATION,
    LIMITS,
    PING,
    PONG,
    SHORT_S,
    TEXT,
    client_frame,
    close_payload,
    open_door,
)

EURO = "€".encode()
FULL = 16 * 1024


async def test_fragments_with_control_frames_between() -> None:
    async with open_door() as running:
        peer = await running.websocket()
        await peer.send(
            client_frame(TEXT, EURO[:1], fin=False)
            + client_frame(PING, b"between")
            + client_frame(CONTINUATION, b"", fin=False)
            + client_frame(PONG, b"unasked")
            + client_frame(CONTINUATION, EURO[1:])
        )
        assert await peer.frame() == (PONG, b"between")
        assert await peer.frame() == (TEXT, EURO)


async def test_a_frame_in_single_bytes() -> None:
    async with open_door() as running:
        peer = await running.websocket()
        for byte in client_frame(TEXT, "grüß dich".encode()):
            await peer.send(bytes([byte]))
        assert await peer.frame() == (TEXT, "grüß dich".encode())


@pytest.mark.parametrize("payload", [b"", b"x" * 125, bytes(range(20))])
async def test_ping_is_answered_with_its_payload(payload: bytes) -> None:
    async with open_door() as running:
        peer = await running.websocket()
        await peer.send(client_frame(PING, payload))
        assert await peer.frame() == (PONG, payload)


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        pytest.param(client_frame(BINARY, b"x"), 1003, id="binary"),
        pytest.param(client_frame(TEXT, b"x" * (FULL + 1)), 1009, id="too big"),
        pytest.param(client_frame(TEXT, b"x" * 2**20)[: FULL + 2000], 1009, id="early"),
        pytest.param(client_frame(TEXT, EURO * (FULL // 3 + 1)), 1009, id="bytes, not letters"),
        pytest.param(
            client_frame(TEXT, b"x" * FULL, fin=False) + client_frame(CONTINUATION, b"x"),
            1009,
            id="too big in fragments",
        ),
        pytest.param(
            client_frame(TEXT, b"", fin=False)
            + client_frame(CONTINUATION, b"x" * 1024, fin=False) * 17,
            1009,
            id="fragments without an end",
        ),
        pytest.param(client_frame(TEXT, b"\xff"), 1007, id="not UTF-8"),
        pytest.param(client_frame(TEXT, EURO[:2]), 1007, id="cut letter"),
        pytest.param(client_frame(TEXT, b"\xed\xa0\x80"), 1007, id="surrogate"),
        pytest.param(client_frame(TEXT, b"ok\xf5", fin=False), 1007, id="fails fast"),
        pytest.param(client_frame(TEXT, b"x", masked=False), 1002, id="unmasked"),
        pytest.param(client_frame(TEXT, b"x", rsv=4), 1002, id="RSV1"),
        pytest.param(client_frame(TEXT, b"x", rsv=2), 1002, id="RSV2"),
        pytest.param(client_frame(PING, b"x", rsv=1), 1002, id="RSV3"),
        pytest.param(client_frame(0x3), 1002, id="opcode 3"),
        pytest.param(client_frame(0xB), 1002, id="opcode 11"),
        pytest.param(client_frame(PING, b"x", fin=False), 1002, id="fragmented ping"),
        pytest.param(client_frame(PING, b"x" * 126), 1002, id="long ping"),
        pytest.param(client_frame(CONTINUATION, b"x"), 1002, id="continuation of nothing"),
        pytest.param(
            client_frame(TEXT, b"x", fin=False) + client_frame(TEXT, b"y"), 1002, id="no end"
        ),
        pytest.param(client_frame(CLOSE, b"x"), 1002, id="close of one byte"),
        pytest.param(client_frame(CLOSE, close_payload(1005)), 1002, id="close 1005"),
        pytest.param(client_frame(CLOSE, close_payload(1006)), 1002, id="close 1006"),
        pytest.param(client_frame(CLOSE, close_payload(999)), 1002, id="close 999"),
        pytest.param(client_frame(CLOSE, close_payload(2000)), 1002, id="close 2000"),
        pytest.param(client_frame(CLOSE, close_payload(5000)), 1002, id="close 5000"),
        pytest.param(client_frame(CLOSE, close_payload(1000, b"\xff")), 1007, id="close reason"),
    ],
)
async def test_a_breach_is_closed_with_its_code(frames: bytes, code: int) -> None:
    async with open_door() as running:
        peer = await running.websocket()
        await peer.send(frames)
        assert await peer.close_code() == code
        assert await peer.at_end()
        await peer.stream.aclose()
        await running.all_gone()


async def test_what_came_before_a_breach_is_answered() -> None:
    async with open_door() as running:
        peer = await running.websocket()
        await peer.send(client_frame(TEXT, b"good") + client_frame(0x7))
        assert await peer.frame() == (TEXT, b"good")
        assert await peer.close_code() == 1002


@pytest.mark.parametrize("text", ["x" * FULL, "€" * (FULL // 3), ""])
async def test_the_largest_and_the_smallest_message_pass(text: str) -> None:
    async with open_door() as running:
        peer = await running.websocket()
        await peer.send(client_frame(TEXT, text.encode()))
        assert await peer.frame() == (TEXT, text.encode())


async def test_the_largest_message_is_a_parameter_and_binary_can_be_had() -> None:
    async def session(websocket: Websocket) -> None:
        message = await websocket.receive_message()
        websocket.send_nowait(text_frame(b"%d" % len(message)))

    limits = attrs.evolve(LIMITS, message_bytes_max=16 * 2**20)
    async with open_door(session=session, limits=limits) as running:
        peer = await running.websocket()
        await peer.send(client_frame(BINARY, b"x" * 2**20))
        assert await peer.frame() == (TEXT, b"1048576")


@pytest.mark.parametrize(
    ("payload", "seen"),
    [
        (b"", (1005, "")),
        (close_payload(1000), (1000, "")),
        (close_payload(1001, b"bye"), (1001, "bye")),
        (close_payload(4999, b"x" * 123), (4999, "x" * 123)),
    ],
)
async def test_the_peers_close_is_echoed_and_ends_the_session(
    payload: bytes, seen: tuple[int, str]
) -> None:
    ends: list[tuple[int, str]] = []

    async def session(websocket: Websocket) -> None:
        for _ in range(2):  # the end stays the end
            with pytest.raises(ConnectionClosed) as closed:
                await websocket.receive()
            ends.append((closed.value.code, closed.value.reason))

    async with open_door(session=session) as running:
        peer = await running.websocket()
        await peer.send(client_frame(CLOSE, payload) + client_frame(TEXT, b"ignored"))
        assert await peer.frame() == (CLOSE, payload)
        assert await peer.at_end()
        await peer.stream.aclose()
        await running.all_gone()
    assert ends == [seen, seen]


@pytest.mark.parametrize("partial", [b"", client_frame(TEXT, b"hello")[:-1], b"\x81"])
async def test_a_peer_that_hangs_up_is_1006(partial: bytes) -> None:
    codes: list[int] = []

    async def session(websocket: Websocket) -> None:
        with pytest.raises(ConnectionClosed) as closed:
            await websocket.receive()
        codes.append(closed.value.code)

    async with open_door(session=session) as running:
        peer = await running.websocket()
        await peer.send(partial)
        await peer.stream.aclose()
        await running.all_gone()
    assert codes == [1006]


async def test_a_session_that_returns_closes_with_1000_after_its_last_words() -> None:
    async def session(websocket: Websocket) -> None:
        websocket.send_nowait(text_frame(b"x" * 2_000_000))

    async with open_door(session=session) as running:
        peer = await running.websocket()
        assert await peer.frame() == (TEXT, b"x" * 2_000_000)
        assert await peer.close_code() == 1000
        await peer.send(client_frame(TEXT, b"too late") + client_frame(CLOSE, close_payload(1000)))
        assert await peer.at_end()
        await peer.stream.aclose()
        await running.all_gone()


async def test_close_is_bounded_for_a_peer_that_answers_nothing() -> None:
    async def session(websocket: Websocket) -> None:
        await websocket.close(4000, "HELLO_TIMEOUT")

    limits = attrs.evolve(LIMITS, stream=attrs.evolve(LIMITS.stream, finish_s=SHORT_S))
    async with open_door(session=session, limits=limits) as running:
        peer = await running.websocket()
        await running.all_gone()
        assert await peer.close_code() == 4000


async def test_close_is_bounded_for_a_peer_that_reads_nothing() -> None:
    async def session(websocket: Websocket) -> None:
        websocket.send_nowait(b"x" * 50_000_000)
        await websocket.close(1000, "")

    limits = attrs.evolve(LIMITS, stream=attrs.evolve(LIMITS.stream, finish_s=SHORT_S))
    async with open_door(session=session, limits=limits) as running:
        await running.websocket()
        while not running.door.statistics().websockets:
            await wait_all_tasks_blocked()
        await running.all_gone()


async def test_a_cut_from_outside_ends_a_waiting_session() -> None:
    ends: list[int] = []
    sessions: list[Websocket] = []

    async def session(websocket: Websocket) -> None:
        sessions.append(websocket)
        with pytest.raises(ConnectionClosed) as closed:
            await websocket.receive()
        ends.append(closed.value.code)

    async with open_door(session=session) as running:
        peer = await running.websocket()
        await wait_all_tasks_blocked()
        sessions[0].stream.finish_nowait(close_frame(4201, "SLOW"))
        assert await peer.close_code() == 4201
        await peer.send(client_frame(CLOSE, close_payload(4201)))
        assert await peer.at_end()
        await peer.stream.aclose()
        await running.all_gone()
    assert ends == [4201]


async def test_pings_of_a_peer_that_reads_nothing_pile_up_nowhere() -> None:
    sessions: list[Websocket] = []

    async def session(websocket: Websocket) -> None:
        sessions.append(websocket)
        websocket.send_nowait(text_frame(b"x" * 20_000_000))
        await websocket.receive()

    async with open_door(session=session) as running:
        peer = await running.websocket()
        for number in range(1000):
            await peer.send(client_frame(PING, b"%d" % number))
        await peer.send(client_frame(TEXT, b"done"))
        await wait_all_tasks_blocked()
        assert sessions[0].stream.unsent_bytes <= 20_000_010
        assert (await peer.frame())[0] == TEXT
        opcode, payload = await peer.frame()
        assert (opcode, payload) in [(PONG, b"999"), (CLOSE, close_payload(1000))]


async def test_a_ping_that_came_while_the_session_was_busy_is_answered_when_it_reads() -> None:
    go_on = trio.Event()

    async def session(websocket: Websocket) -> None:
        await go_on.wait()
        await websocket.receive()

    async with open_door(session=session) as running:
        peer = await running.websocket()
        await peer.send(client_frame(PING, b"there?"))
        await wait_all_tasks_blocked()
        go_on.set()
        assert await peer.frame() == (PONG, b"there?")


async def test_any_frame_is_a_sign_of_life() -> None:
    sessions: list[Websocket] = []

    async def session(websocket: Websocket) -> None:
        sessions.append(websocket)
        await websocket.receive()

    async with open_door(session=session) as running:
        peer = await running.websocket()
        await wait_all_tasks_blocked()
        first = sessions[0].last_seen
        await peer.send(client_frame(PONG))
        await peer.send(client_frame(PING))
        await peer.frame()
        assert sessions[0].last_seen > first


async def test_a_flood_of_small_frames_lets_others_run() -> None:
    counts = {"flood": 0, "other": 0}

    async def session(websocket: Websocket) -> None:
        while True:
            await websocket.receive()
            counts["flood"] += 1

    async def other() -> None:
        while counts["flood"] < 2000:
            counts["other"] += 1
            await trio.lowlevel.checkpoint()

    async with open_door(session=session) as running:
        peer = await running.websocket()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(other)
            await peer.send(client_frame(TEXT) * 2000)
    assert counts["other"] >= 2000 // 64
