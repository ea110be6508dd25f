"""The demo's post: a mail server and a stand-in for Twilio, on loopback, that keep what they get.

Owns: two listeners and what came in by them. Invariant: nothing leaves this machine; each peer has
a deadline, and no line or body without a bound is read. Must not know: why anything is sent.
Source: RFC 5321, https://www.twilio.com/docs/messaging/api/message-resource, issue 8.
"""

from __future__ import annotations

import email
import email.policy
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import parse_qs

import attrs
import orjson
import trio

LOOPBACK: Final = "127.0.0.1"
PEER_S: Final = 60.0
LINE_BYTES_MAX: Final = 4_096
LETTER_BYTES_MAX: Final = 8 * 1024**2  # a receipt of many pages, several times
BODY_BYTES_MAX: Final = 64 * 1024
KEPT_MAX: Final = 10_000
RECEIVE_BYTES: Final = 64 * 1024


@attrs.frozen
class KeptLetter:
    """A letter that came in. papers: the names of its attachments."""

    to: str
    subject: str
    text: str
    papers: tuple[str, ...]


@attrs.frozen
class KeptText:
    """A text that came in."""

    to: str
    text: str


@attrs.define(eq=False)
class DemoPost:
    """What came in. tell: prints a line."""

    tell: Callable[[str], None]
    smtp_port: int = 0
    twilio_port: int = 0
    letters: list[KeptLetter] = attrs.field(init=False, factory=list)
    texts: list[KeptText] = attrs.field(init=False, factory=list)

    @property
    def smtp_url(self) -> str:
        return f"smtp://{LOOPBACK}:{self.smtp_port}"

    @property
    def twilio_base(self) -> str:
        return f"http://{LOOPBACK}:{self.twilio_port}"

    def take_letter(self, raw: bytes) -> None:
        """Keep a letter as it came over the wire."""
        parsed = email.message_from_bytes(raw, policy=email.policy.default)
        body = parsed.get_body(("plain",))
        letter = KeptLetter(
            str(parsed["To"]),
            str(parsed["Subject"]),
            "" if body is None else body.get_content(),
            tuple(str(part.get_filename()) for part in parsed.iter_attachments()),
        )
        if len(self.letters) < KEPT_MAX:
            self.letters.append(letter)
        papers = f" with {', '.join(letter.papers)}" if letter.papers else ""
        self.tell(f"        letter to {letter.to}: {letter.subject}{papers}")

    def take_text(self, to: str, text: str) -> None:
        """Keep a text."""
        if len(self.texts) < KEPT_MAX:
            self.texts.append(KeptText(to, text))
        self.tell(f"        text to {to}: {text}")


@asynccontextmanager
async def open_post(tell: Callable[[str], None]) -> AsyncIterator[DemoPost]:
    """Receive letters and texts for the length of the block."""
    post = DemoPost(tell)
    async with trio.open_nursery() as nursery:

        async def listen(serve: Serve) -> int:
            async def one(stream: trio.SocketStream) -> None:
                with trio.move_on_after(PEER_S):
                    try:
                        await serve(_Peer(stream), post)
                    except (_Gone, trio.BrokenResourceError):
                        return

            listeners = await trio.open_tcp_listeners(0, host=LOOPBACK)
            nursery.start_soon(trio.serve_listeners, one, listeners)
            port: int = listeners[0].socket.getsockname()[1]
            return port

        post.smtp_port = await listen(_receive_letters)
        post.twilio_port = await listen(_receive_texts)
        yield post
        nursery.cancel_scope.cancel()


class _Gone(Exception):
    """The peer hung up, or sent more than it may."""


@attrs.define
class _Peer:
    """A connection, read by lines and by lengths."""

    stream: trio.SocketStream
    _received: bytearray = attrs.field(init=False, factory=bytearray)

    async def line(self) -> bytes:
        """Give the next line without its end."""
        return await self.until(b"\r\n", LINE_BYTES_MAX)

    async def until(self, end: bytes, most: int) -> bytes:
        """Give what comes before the next `end`, of at most so many bytes."""
        while (found := self._received.find(end)) < 0:
            if len(self._received) > most:
                raise _Gone
            await self._receive()
        taken = bytes(self._received[:found])
        del self._received[: found + len(end)]
        return taken

    async def exactly(self, size: int) -> bytes:
        """Give the next `size` bytes."""
        while len(self._received) < size:
            await self._receive()
        taken = bytes(self._received[:size])
        del self._received[:size]
        return taken

    async def say(self, line: str) -> None:
        await self.stream.send_all(line.encode() + b"\r\n")

    async def _receive(self) -> None:
        received = await self.stream.receive_some(RECEIVE_BYTES)
        if not received:
            raise _Gone
        self._received += received


Serve = Callable[[_Peer, DemoPost], Awaitable[None]]


async def _receive_letters(peer: _Peer, post: DemoPost) -> None:
    """Be the receiving side of a session of SMTP."""
    await peer.say("220 the demo's mail server")
    while True:
        command = (await peer.line()).partition(b" ")[0].upper()
        if command == b"DATA":
            await peer.say("354 go on")
            raw = await peer.until(b"\r\n.\r\n", LETTER_BYTES_MAX)
            post.take_letter(raw.replace(b"\r\n..", b"\r\n."))
        elif command == b"QUIT":
            await peer.say("221 bye")
            return
        await peer.say("250 ok")


async def _receive_texts(peer: _Peer, post: DemoPost) -> None:
    """Answer `POST .../Messages.json` as Twilio does, and nothing else."""
    while True:
        head = (await peer.until(b"\r\n\r\n", LINE_BYTES_MAX)).decode("latin-1")
        request, *lines = head.split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        length = headers.get("content-length", "")
        if not length.isdecimal() or int(length) > BODY_BYTES_MAX:
            raise _Gone
        fields = parse_qs((await peer.exactly(int(length))).decode())
        body: dict[str, Any]
        is_text = request.startswith("POST ") and "/Messages.json " in request
        if is_text and "To" in fields and "Body" in fields:
            to, text = fields["To"][0], fields["Body"][0]
            post.take_text(to, text)
            sid = f"SM{len(post.texts):032x}"
            status, body = "201 Created", {"sid": sid, "status": "queued", "to": to, "body": text}
        else:
            status, body = "404 Not Found", {"status": 404, "code": 20404, "message": "not found"}
        encoded = orjson.dumps(body)
        await peer.say(
            f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(encoded)}\r\n"
        )
        await peer.stream.send_all(encoded)
