"""The fuzzer: malformed messages, frames and heads, against a real server.

    python -m tests.hostile.fuzz --frames 1000000

Owns: what is sent to whom, and what each must be answered. Invariant: a run is told by its seed;
every malformed message has its one nack, in order, and the tenth ends the connection with 4005;
no other input is answered but by whole frames, at most one Close and then the end. Nothing that is
sent can lawfully reach the journal: staff send nothing that the codec takes, the others have no
paddle. Source: PROTOCOL 1, 3 and 5, RFC 6455 7, RFC 9112.
"""

from __future__ import annotations

import argparse
import json
import secrets
import struct
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random

import attrs
import trio

from bench.load import server_frames
from saleroom.auction.roles import Role
from saleroom.protocol.close import Close
from saleroom.protocol.codec import Malformed, decode_frame
from saleroom.protocol.messages import Hello
from tests.hostile.house import House, Scene, running_house, unharmed
from tests.hostile.intruder import Intruder, intruder, websocket
from tests.hostile.mutate import (
    FRAME_BYTES_MAX,
    frame,
    spoiled_frames,
    spoiled_head,
    spoiled_message,
)
from tests.hostile.report import write_section
from tests.http.wire import CLOSE, TEXT

MALFORMED_MAX = 10
WORKERS = 12
FRAMES_SPOILED = 4  # at most in one go, for the first breach is the last that is read
OUR_CODES = {1002, 1003, 1007, 1009, Close.HELLO_TIMEOUT, Close.UNAUTHENTICATED, Close.PROTOCOL}
ECHOED = {*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)}  # what a client may send
FAILURES = (AssertionError, EOFError, OSError, trio.BrokenResourceError, trio.TooSlowError)
ROLES = (None, None, Role.DONOR, Role.ADMIN)
PROGRESS_EVERY = 10_000


@attrs.define
class Fuzz:
    """One run. sent: what was sent, by kind. answered: what came back, by kind and code."""

    scene: Scene
    seed: str
    frames: int
    sent: Counter[str] = attrs.field(factory=Counter)
    answered: Counter[str] = attrs.field(factory=Counter)
    memory_peak: int = 0
    _next: int = 0
    _told: int = 0

    async def run(self) -> None:
        """Send until so many frames were sent. Raises with the seed and number of what failed."""
        async with trio.open_nursery() as nursery:
            for worker in range(WORKERS):
                nursery.start_soon(self._work, f"fuzz.{worker}")

    async def _work(self, user: str) -> None:
        while self.sent.total() < self.frames:
            number, self._next = self._next, self._next + 1
            random = Random(f"{self.seed}/{number}")
            try:
                await self._visit(random, user)
            except FAILURES as error:
                error.add_note(f"visit {number} of seed {self.seed}")
                raise
            if self.sent.total() >= self._told + PROGRESS_EVERY:
                self._told = self.sent.total()
                memory = self.scene.house.resident_bytes()
                self.memory_peak = max(self.memory_peak, memory)
                told = f"{self._told:,} sent, the server takes {memory / 2**20:.0f} MiB"
                print(told, file=sys.stderr, flush=True)

    async def _visit(self, random: Random, user: str) -> None:
        kind = random.random()
        if kind < 0.6:
            await self._send_messages(random, user)
        elif kind < 0.9:
            await self._send_frames(random)
        else:
            await self._send_head(random)

    async def _send_messages(self, random: Random, user: str) -> None:
        """Send malformed messages until the tenth ends it, well-formed ones among them."""
        role = random.choice(ROLES)
        texts, expected, code = _conversation(random, is_staff=role is Role.ADMIN)
        async with websocket(self.scene.house, self.scene.event) as peer:
            token = None if role is None else self.scene.token(user, role)
            await peer.hello(token)
            await peer.send(b"".join([frame(random, TEXT, text.encode()) for text in texts]))
            self.sent["messages"] += len(texts)
            heard, closed = await _malformed_until_close(peer)
        assert (heard, closed) == (expected, code), (texts, role)
        self.answered["nack MALFORMED"] += len(heard)
        self.answered[f"Close {code}"] += 1

    async def _send_frames(self, random: Random) -> None:
        """Send spoiled bytes after a handshake, then end our side."""
        count = random.randrange(1, FRAMES_SPOILED)
        async with websocket(self.scene.house, self.scene.event) as peer:
            hello = frame(random, TEXT, b'{"type":"hello"}')
            await peer.drip(hello + spoiled_frames(random, count))
            self.sent["frames"] += count
            data = await _all_of(peer)
        frames, rest = server_frames(data)
        assert rest == b"", "the last frame is cut"
        closes = [number for number, (opcode, _) in enumerate(frames) if opcode == CLOSE]
        assert closes in ([], [len(frames) - 1]), "something follows the Close"
        self.answered[_close_of(frames[-1][1]) if closes else "the end alone"] += 1

    async def _send_head(self, random: Random) -> None:
        """Send a spoiled head, then end our side."""
        async with intruder(self.scene.house) as peer:
            await peer.drip(spoiled_head(random))
            self.sent["heads"] += 1
            data = await _all_of(peer)
        status = data[:12].decode("ascii") or "the end alone"
        assert status.startswith(("HTTP/1.1 1", "HTTP/1.1 2", "HTTP/1.1 4", "the end")) or (
            status in ("HTTP/1.1 501", "HTTP/1.1 505", "HTTP/1.1 308")
        ), data
        self.answered[status] += 1


def _conversation(random: Random, *, is_staff: bool) -> tuple[list[str], list[str | None], int]:
    """Make up what to send; give it with the `re` of each nack, and the code of the Close."""
    texts: list[str] = []
    expected: list[str | None] = []
    while True:
        text = spoiled_message(random)
        if len(text.encode(errors="surrogatepass")) > FRAME_BYTES_MAX:
            return [*texts, text], expected, Close.TOO_BIG
        try:
            is_malformed, re = isinstance(decode_frame(text), Hello), None
        except Malformed as breach:
            is_malformed, re = True, breach.re
        if not is_malformed and is_staff:
            continue
        texts.append(text)
        if is_malformed:
            if len(expected) == MALFORMED_MAX - 1:
                return texts, expected, Close.PROTOCOL
            expected.append(re)


async def _malformed_until_close(peer: Intruder) -> tuple[list[str | None], int]:
    heard: list[str | None] = []
    while True:
        opcode, payload = await peer.frame()
        if opcode == CLOSE:
            return heard, int.from_bytes(payload[:2], "big")
        for message in json.loads(payload):
            if message.get("code") == "MALFORMED":
                heard.append(message["re"])


async def _all_of(peer: Intruder) -> bytes:
    """End our side and read to the end."""
    data = [peer.buffer]
    try:
        await peer.stream.send_eof()
        while chunk := await peer.stream.receive_some():
            data.append(chunk)
    except trio.BrokenResourceError:
        peer.stream.socket.close()
    return b"".join(data)


def _close_of(payload: bytes) -> str:
    if not payload:
        return "Close without a code"
    (code,) = struct.unpack("!H", payload[:2])
    assert code in OUR_CODES or code in ECHOED, code
    return f"Close {code}" if code in OUR_CODES else "Close, echoed"


async def _fuzz(frames: int, seed: str) -> list[str]:
    """Run the long run; give its part of the report."""
    with running_house() as house:
        began = time.perf_counter()
        before = house.resident_bytes()
        async with unharmed(house) as scene:
            fuzz = Fuzz(scene, seed, frames)
            await fuzz.run()
            bids = len(scene.honest.seconds)
        return list(_lines(fuzz, bids, house, before, time.perf_counter() - began))


def _lines(fuzz: Fuzz, bids: int, house: House, before: int, seconds: float) -> Iterator[str]:
    sent = ", ".join(f"{count:,} {kind}" for kind, count in fuzz.sent.items())
    memory = [size / 2**20 for size in (before, fuzz.memory_peak, house.resident_bytes())]
    yield f"Seed `{fuzz.seed}`, {seconds:,.0f} s. Sent: {sent}. Ann's bids meanwhile: {bids:,}."
    yield "Memory of the server: {:.0f} MiB before, {:.0f} at most, {:.0f} after.".format(*memory)
    yield from ("", "| answer | times |", "|---|---|")
    yield from (f"| {answer} | {count:,} |" for answer, count in sorted(fuzz.answered.items()))


def main(argv: Sequence[str] | None = None) -> None:
    """Run the fuzzer as a program."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.fuzz", description=main.__doc__)
    parser.add_argument("--frames", type=int, default=1_000_000, help="how many to send")
    parser.add_argument("--seed", default=secrets.token_hex(4), help="to repeat a run")
    arguments = parser.parse_args(argv)
    print(f"seed {arguments.seed}", file=sys.stderr, flush=True)
    write_section("fuzz", trio.run(_fuzz, arguments.frames, arguments.seed))


if __name__ == "__main__":
    main()
