"""Uploads: nothing is read before it is admitted, and no more than is asked for (I6)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import attrs
import orjson
import pytest
import trio
from trio.testing import MockClock

from saleroom.http.requests.uploads import AT_ONCE_MAX, READ_S, SLOT_WAIT_S
from tests.http.forms import BOUNDARY, multipart
from tests.http.house import House, open_house

Message = dict[str, Any]
TABLE = b"Title,Mode,Opening bid\nA quilt,live,5\n"


@attrs.define
class Sender:
    """A client that speaks ASGI itself, piece by piece."""

    house: House
    path: str
    who: str = "admin"
    length: int | None = None
    asked: int = 0
    status: int = 0
    body: bytes = b""

    async def run(self, next_message: Callable[[], Awaitable[Message]]) -> None:
        kind = f"multipart/form-data; boundary={BOUNDARY}".encode()
        headers = [(b"authorization", f"Bearer {self.who}".encode()), (b"content-type", kind)]
        if self.length is not None:
            headers.append((b"content-length", str(self.length).encode()))
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": self.path,
            "raw_path": self.path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "extensions": {},
        }

        async def receive() -> Message:
            self.asked += 1
            return await next_message()

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
            else:
                self.body += message.get("body", b"")

        app: Any = self.house.app
        await app(scope, receive, send)

    @property
    def code(self) -> str:
        code: str = orjson.loads(self.body)["code"]
        return code


def pieces(data: bytes, size: int) -> Callable[[], Awaitable[Message]]:
    """Give a body in pieces, and then nothing more until the app has answered."""
    parts = [data[place : place + size] for place in range(0, len(data), size)]

    async def following() -> Message:
        await trio.lowlevel.checkpoint()
        if not parts:
            await trio.sleep_forever()
        part = parts.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(parts)}

    return following


async def never() -> Message:
    await trio.sleep_forever()
    raise AssertionError


async def imports(house: House) -> str:
    return f"/api/v1/events/{await house.event(draft=True)}/imports"


@pytest.mark.parametrize("size", [1, 7, 64, 100_000])
async def test_a_body_is_read_in_whatever_pieces_it_comes(
    autojump_clock: MockClock, size: int
) -> None:
    async with open_house() as house:
        body = multipart(TABLE, {"kind": "lots"})
        sender = Sender(house, await imports(house))
        await sender.run(pieces(body, size))
        assert sender.status == 201
        assert orjson.loads(sender.body)["additions"] == 1


@pytest.mark.parametrize(
    ("who", "length", "status"),
    [("ann", None, 403), ("nobody", None, 401), ("admin", 6 * 1024**2, 413)],
)
async def test_what_is_refused_early_is_not_read(
    autojump_clock: MockClock, who: str, length: int | None, status: int
) -> None:
    async with open_house() as house:
        sender = Sender(house, await imports(house), who, length)
        await sender.run(never)
        assert (sender.status, sender.asked) == (status, 0)


async def test_a_body_that_grows_too_large_is_read_no_further(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        sender = Sender(house, await imports(house))
        await sender.run(pieces(multipart(b"x" * 8 * 1024**2), 1024**2))
        assert (sender.status, sender.code, sender.asked) == (413, "TOO_LARGE", 6)


async def test_a_sender_who_leaves_leaves_room(autojump_clock: MockClock) -> None:
    async with open_house() as house:
        path = await imports(house)
        for _ in range(AT_ONCE_MAX + 1):
            left = iter([{"type": "http.request", "body": b"--", "more_body": True}])

            async def leaving(left: Any = left) -> Message:
                await trio.lowlevel.checkpoint()
                return next(left, {"type": "http.disconnect"})

            sender = Sender(house, path)
            await sender.run(leaving)
            assert sender.status in (0, 400)
        sender = Sender(house, path)
        await sender.run(pieces(multipart(TABLE, {"kind": "lots"}), 100_000))
        assert sender.status == 201


async def test_so_many_at_once_and_each_within_its_time(autojump_clock: MockClock) -> None:
    async with open_house(guard_s=2 * READ_S) as house:
        path = await imports(house)
        slow = [Sender(house, path) for _ in range(AT_ONCE_MAX)]
        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            for sender in slow:
                nursery.start_soon(sender.run, never)
            await trio.testing.wait_all_tasks_blocked()
            late = Sender(house, path)
            await late.run(never)
            assert (late.status, late.code, late.asked) == (503, "OVERLOADED", 0)
            assert trio.current_time() - began == pytest.approx(SLOT_WAIT_S)
        assert [(sender.status, sender.code) for sender in slow] == [
            (408, "REQUEST_TIMEOUT")
        ] * AT_ONCE_MAX
        assert trio.current_time() - began == pytest.approx(READ_S)
