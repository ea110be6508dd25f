"""The client against servers that follow a script: it comes back, resumes, and asks again.

Source: PROTOCOL 2 to 5.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from saleroom import client as client_module
from saleroom.client import Client, Message, NoAnswer, SaleClosed, _back_off, event_url, open_client
from tests.scripted_server import GUARD_S, Line, Stage, closing, feed, on_stage, welcome


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Have the client note how long it would back off, instead of waiting."""
    noted: list[float] = []

    async def note(delay_s: float) -> None:
        noted.append(delay_s)
        await trio.lowlevel.checkpoint()

    monkeypatch.setattr(client_module, "_back_off", note)
    return noted


async def end_of(stage: Stage, **fields: Any) -> SaleClosed:
    """Run a client until the server wants it back no more."""
    client = Client(stage.url, **fields)
    with pytest.raises(SaleClosed) as closed:
        await client.run()
    return closed.value


async def cut(line: Line) -> None:
    await line.welcome()
    await line.cut()


# Connecting


async def test_it_says_hello_with_token_and_feed(waits: list[float]) -> None:
    async with on_stage(waits, closing(1000)) as stage:
        await end_of(stage, token="t", feed="full")
    (line,) = stage.lines
    assert line.hello == {"type": "hello", "token": "t", "feed": "full"}
    assert line.path == "/ws/v1/events/gala"


async def test_messages_reach_the_one_who_listens_in_order(waits: list[float]) -> None:
    heard: list[Message] = []
    sent = [welcome(4), feed(5, 6), {"type": "heartbeat"}, feed(7, 7), {"type": "won", "lot": 1}]

    async def script(line: Line) -> None:
        await line.say(*sent)
        await line.socket.aclose(1000)

    async with on_stage(waits, script) as stage:
        await end_of(stage, on_message=heard.append)
    assert heard == sent


async def test_open_client_gives_a_welcomed_client(waits: list[float]) -> None:
    async def script(line: Line) -> None:
        await line.welcome(7)
        await line.stay()

    async with on_stage(waits, script) as stage, open_client(stage.url, "t") as client:
        assert client.welcome is not None
        assert (client.seq, client.epoch, client.connections) == (7, "e1", 1)
        client_ready = await client.ready()
        assert client_ready is client.welcome


# Coming back


async def test_it_resumes_after_a_cut_where_it_was(waits: list[float]) -> None:
    heard: list[int] = []

    def hear(message: Message) -> None:
        if message["type"] == "feed":
            heard.extend(fact["seq"] for fact in message["events"])

    async def first(line: Line) -> None:
        await line.say(welcome(10), feed(11, 12))
        await line.cut()

    async def second(line: Line) -> None:
        await line.say(welcome(15, recovered=True), feed(13, 15))
        await line.socket.aclose(1000)

    async with on_stage(waits, first, second) as stage:
        await end_of(stage, on_message=hear)
    assert "resume" not in stage.lines[0].hello
    assert stage.lines[1].hello["resume"] == {"epoch": "e1", "seq": 12}
    assert heard == [11, 12, 13, 14, 15]


async def test_what_cannot_be_resumed_starts_from_the_new_snapshot(waits: list[float]) -> None:
    async def first(line: Line) -> None:
        await line.welcome(10)
        await line.cut()

    async def second(line: Line) -> None:
        await line.say(welcome(3, epoch="e2"), feed(4, 4))
        await line.cut()

    async with on_stage(waits, first, second, closing(1000)) as stage:
        await end_of(stage)
    assert stage.lines[2].hello["resume"] == {"epoch": "e2", "seq": 4}


@pytest.mark.parametrize(("first", "last"), [(13, 13), (11, 11), (10, 12)])
async def test_a_gap_or_repeat_in_the_feed_is_not_told(
    waits: list[float], first: int, last: int
) -> None:
    heard: list[Message] = []

    async def broken(line: Line) -> None:
        await line.say(welcome(10), feed(11, 11), feed(first, last))
        await line.stay()

    async with on_stage(waits, broken, closing(1000)) as stage:
        await end_of(stage, on_message=heard.append)
    assert stage.lines[1].hello["resume"] == {"epoch": "e1", "seq": 11}
    assert [m["to"] for m in heard if m["type"] == "feed"] == [11]


@pytest.mark.parametrize("code", [4200, 4201, 4202, 4203])
async def test_42xx_brings_it_back_at_once(waits: list[float], code: int) -> None:
    async with on_stage(waits, closing(code), closing(1000)) as stage:
        await end_of(stage)
    assert waits == []


@pytest.mark.parametrize("code", [1001, 1011, 1012, 4100, 4101])
async def test_other_codes_make_it_wait_at_least_a_second(waits: list[float], code: int) -> None:
    async with on_stage(waits, closing(code), closing(1000)) as stage:
        await end_of(stage)
    assert waits == [1.0]


async def test_a_server_that_drains_newcomers_is_not_stormed(waits: list[float]) -> None:
    drained = closing(4200, welcomed=False)
    async with on_stage(waits, closing(4200), drained, drained, closing(1000)) as stage:
        await end_of(stage)
    assert waits == [1.0, 2.0]


async def test_waits_grow_up_to_a_bound_and_a_welcome_resets_them(waits: list[float]) -> None:
    refused = closing(4100, welcomed=False)
    scripts = [*[refused] * 6, closing(4100), refused, closing(1000)]
    async with on_stage(waits, *scripts) as stage:
        await end_of(stage)
    assert waits == [1, 2, 4, 8, 15, 15, 1, 2]


async def test_a_wait_is_never_shorter_and_at_most_half_as_long_again(
    autojump_clock: MockClock,
) -> None:
    ends = []
    for _ in range(200):
        began = trio.current_time()
        await _back_off(2.0)
        ends.append(trio.current_time() - began)
    assert 2.0 <= min(ends) < 2.2
    assert 2.8 < max(ends) <= 3.0


async def test_a_connection_lost_without_a_close_is_waited_for(waits: list[float]) -> None:
    async with on_stage(waits, cut, closing(1000)) as stage:
        await end_of(stage)
    assert len(waits) == 1


@pytest.mark.parametrize("code", [1000, 1003, 1009, 4000, 4001, 4002, 4003, 4004, 4005, 4006])
async def test_codes_that_do_not_want_it_back_end_it(waits: list[float], code: int) -> None:
    async with on_stage(waits, closing(code)) as stage:
        closed = await end_of(stage)
    assert closed.code == code
    assert str(closed) == f"the server closed the connection for good: {code} REASON"


async def test_open_client_ends_with_the_sale(waits: list[float]) -> None:
    async with on_stage(waits, closing(4003, welcomed=False)) as stage:
        with pytest.raises(ExceptionGroup) as group:
            async with open_client(stage.url):
                pytest.fail("nobody was welcomed")
    assert group.group_contains(SaleClosed, match="4003")


async def test_a_refused_connection_is_tried_again(waits: list[float]) -> None:
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listener.socket.getsockname()[1]
    await listener.aclose()
    client = Client(event_url(f"http://127.0.0.1:{port}", "gala"))
    with trio.fail_after(GUARD_S):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.run)
            while len(waits) < 3:
                await trio.lowlevel.checkpoint()
            nursery.cancel_scope.cancel()
    assert client.connections == 0


async def test_a_handshake_that_is_refused_is_tried_again(waits: list[float]) -> None:
    answers: list[bytes] = []
    tried = trio.Event()

    async def refuse(stream: trio.SocketStream) -> None:
        answers.append(await stream.receive_some())
        await stream.send_all(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
        if len(answers) == 2:
            tried.set()

    with trio.fail_after(GUARD_S):
        async with trio.open_nursery() as nursery:
            (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
            port = listener.socket.getsockname()[1]
            nursery.start_soon(trio.serve_listeners, refuse, [listener])
            nursery.start_soon(Client(event_url(f"http://127.0.0.1:{port}", "gala")).run)
            await tried.wait()
            nursery.cancel_scope.cancel()
    assert waits
    assert f"Host: 127.0.0.1:{port}".encode() in answers[0]


async def test_tls_spoken_to_a_plain_server_is_tried_again(
    waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "CONNECT_S", 0.5)
    accepted: list[bytes] = []
    tried = trio.Event()

    async def answer_plainly(stream: trio.SocketStream) -> None:
        accepted.append(await stream.receive_some())
        with suppress(trio.BrokenResourceError):  # it may have left already
            await stream.send_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        if len(accepted) == 2:
            tried.set()

    with trio.fail_after(GUARD_S):
        async with trio.open_nursery() as nursery:
            (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
            port = listener.socket.getsockname()[1]
            nursery.start_soon(trio.serve_listeners, answer_plainly, [listener])
            nursery.start_soon(Client(event_url(f"https://127.0.0.1:{port}", "gala")).run)
            await tried.wait()
            nursery.cancel_scope.cancel()
    assert accepted[0][:1] == b"\x16", "a TLS handshake"
    assert waits


async def test_a_silent_server_is_left(waits: list[float]) -> None:
    async def mute(line: Line) -> None:
        await line.welcome(heartbeat_ms=10)
        await line.stay()

    async with on_stage(waits, mute, closing(1000)) as stage:
        await end_of(stage)
    assert len(waits) == 1


async def test_a_server_that_never_welcomes_is_left(
    waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "WELCOME_S", 0.03)

    async with on_stage(waits, Line.stay, closing(1000)) as stage:
        await end_of(stage)
    assert len(waits) == 1


# Asking


def ack(message: Message, **fields: Any) -> Message:
    return {"type": "ack", "re": message["id"], **fields}


async def test_an_answer_is_the_one_to_its_command(waits: list[float]) -> None:
    async def script(line: Line) -> None:
        await line.welcome()
        asked = {m["lot"]: m for m in [await line.hear(), await line.hear()]}
        nack = {"type": "nack", "re": asked[2]["id"], "code": "LOT_CLOSED"}
        await line.say({"type": "nack", "re": None, "code": "MALFORMED"}, nack, ack(asked[1]))
        await line.stay()

    answers: dict[int, Message] = {}

    async def ask(client: Client, lot: int) -> None:
        answers[lot] = await client.ask("place_bid", lot=lot, amount=5)

    async with (
        on_stage(waits, script) as stage,
        open_client(stage.url) as client,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(ask, client, 1)
        nursery.start_soon(ask, client, 2)
    assert answers[1]["type"] == "ack"
    assert answers[2]["code"] == "LOT_CLOSED"


async def test_a_command_goes_out_as_it_was_asked(waits: list[float]) -> None:
    async def script(line: Line) -> None:
        await line.welcome()
        await line.say(ack(await line.hear(), heard=True))
        await line.say(ack(await line.hear()))
        await line.stay()

    async with on_stage(waits, script) as stage, open_client(stage.url) as client:
        answer = await client.ask("place_bid", id="mine", lot=1, amount=5)
        assert answer == {"type": "ack", "re": "mine", "heard": True}
        assert (await client.ask("announce", text="x"))["re"] not in ("mine", None, "")


async def test_an_unanswered_command_is_sent_again_with_its_id(waits: list[float]) -> None:
    heard: list[Message] = []

    async def first(line: Line) -> None:
        await line.welcome()
        heard.append(await line.hear())
        await line.cut()

    async def second(line: Line) -> None:
        await line.welcome()
        heard.append(await line.hear())
        await line.socket.aclose(4201)

    async def third(line: Line) -> None:
        await line.welcome()
        heard.append(await line.hear())
        await line.say(ack(heard[-1]))
        await line.stay()

    async with on_stage(waits, first, second, third) as stage, open_client(stage.url) as client:
        assert (await client.ask("place_bid", lot=1, amount=5))["type"] == "ack"
    assert len(heard) == 3
    assert heard[0] == heard[1] == heard[2]


async def test_an_unknown_outcome_is_asked_again_with_its_id(waits: list[float]) -> None:
    heard: list[Message] = []

    async def script(line: Line) -> None:
        await line.welcome()
        heard.append(await line.hear())
        await line.say({"type": "nack", "re": heard[0]["id"], "code": "OUTCOME_UNKNOWN"})
        heard.append(await line.hear())
        await line.say(ack(heard[1]))
        await line.stay()

    async with on_stage(waits, script) as stage, open_client(stage.url) as client:
        assert (await client.ask("place_bid", lot=1, amount=5))["type"] == "ack"
    assert heard[0] == heard[1]


async def test_a_command_without_an_answer_in_time_is_an_error(
    waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "ANSWER_S", 0.03)

    async def script(line: Line) -> None:
        await line.welcome()
        await line.hear()
        await line.stay()

    async with on_stage(waits, script) as stage, open_client(stage.url) as client:
        with pytest.raises(NoAnswer, match="place_bid mine: no answer"):
            await client.ask("place_bid", id="mine", lot=1, amount=5)


async def test_a_command_in_flight_hears_that_the_sale_is_closed(waits: list[float]) -> None:
    async def script(line: Line) -> None:
        await line.welcome()
        await line.hear()
        await line.socket.aclose(4004)

    async with on_stage(waits, script) as stage:
        client = Client(stage.url)
        codes: list[int] = []

        async def ask() -> None:
            await client.ready()
            with pytest.raises(SaleClosed) as closed:
                await client.ask("place_bid", lot=1, amount=5)
            codes.append(closed.value.code)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            with pytest.raises(SaleClosed):
                await client.run()
        with pytest.raises(SaleClosed):
            await client.ask("place_bid", lot=1, amount=6)
    assert codes == [4004]


# Addresses


@pytest.mark.parametrize(
    ("server", "url"),
    [
        ("http://127.0.0.1:8080", "ws://127.0.0.1:8080/ws/v1/events/gala"),
        ("http://127.0.0.1:8080/", "ws://127.0.0.1:8080/ws/v1/events/gala"),
        ("https://sale.example", "wss://sale.example/ws/v1/events/gala"),
        ("https://sale.example/house/", "wss://sale.example/house/ws/v1/events/gala"),
        ("http://[::1]:8080", "ws://[::1]:8080/ws/v1/events/gala"),
    ],
)
def test_an_event_has_its_address_on_a_server(server: str, url: str) -> None:
    assert event_url(server, "gala") == url


def test_an_event_is_quoted_in_its_address() -> None:
    assert event_url("http://h", "a b?c") == "ws://h/ws/v1/events/a%20b%3Fc"


async def test_it_knocks_often_where_it_was_told_to_come_back_at_once(
    waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client("ws://127.0.0.1:1/ws/v1/events/gala")
    ends = iter([(4200, True), (None, False), (None, False), (4100, False), (1000, False)])

    async def connect_once(self: Client) -> tuple[int | None, str | None]:
        code, self._is_welcome = next(ends)
        return code, None

    monkeypatch.setattr(Client, "_connect_once", connect_once)
    with pytest.raises(SaleClosed):
        await client.run()
    assert waits == [0.25, 0.25, 1.0]
