"""What readers that stop do to those who read: `python -m tests.hostile.slow_readers`.

Owns: the measure. Windows follow each other in one room, A B A B: in A all screens read, in B three
of ten stop; both are measured on the same other screens. Invariant: bids leave by the clock, and a
latency counts from when its bid should have left to the last of those screens; the time of a frame
is taken after it was read, so that a slow client counts against the server.
Source: I9, PROTOCOL 5.
"""

from __future__ import annotations

import argparse
import json
import re
import selectors
import socket
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

import attrs
import trio

from bench.histogram import Histogram
from bench.load import client_frame, server_frames
from bench.usage import Cores, choose_cores, pin
from saleroom.auction.roles import Role
from tests.hostile.house import House, running_house
from tests.hostile.intruder import SMALL_BUFFER_BYTES
from tests.hostile.report import write_section
from tests.http.wire import PING, PONG, TEXT, upgrade

READING, STOPPING = 700, 300
WINDOW_S, SETTLE_S, LEAVE_S, WAIT_S = 20.0, 3.0, 12.0, 30.0
BIDS_PER_S = 20
BIDDERS = 4  # each with a lot of their own, and within a donor's rate
ANNOUNCEMENT = "\N{BELL}" * 500  # 2 KB, one with each bid: what fills the buffers of the deaf
RECEIVE_BYTES = 64 * 1024
GOAL = 1.5
FEED = re.compile(rb'\[\{"type":"feed","from":(\d+),"to":(\d+),')


class Screen:
    """One websocket. hear: takes each text message and when it had been read."""

    def __init__(self, house: House, event: str, token: str | None) -> None:
        self.hear: Callable[[Screen, bytes, float], None] = lambda screen, message, now: None
        self.connection = socket.socket()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER_BYTES)
        self.connection.settimeout(WAIT_S)
        self.connection.connect(("127.0.0.1", house.port))
        self.connection.sendall(upgrade(f"/ws/v1/events/{event}"))
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += self.connection.recv(1)
        self.say({"type": "hello", "token": token})
        self.connection.setblocking(False)
        self._rest = b""

    def say(self, message: Mapping[str, object]) -> None:
        self.connection.sendall(client_frame(TEXT, json.dumps(message).encode()))

    def read(self) -> bool:
        """Read once; False at the end."""
        try:
            data = self.connection.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            return False
        now = time.perf_counter()
        frames, self._rest = server_frames(self._rest + data)
        for opcode, payload in frames:
            if opcode == TEXT:
                self.hear(self, payload, now)
            elif opcode == PING:
                self.connection.send(client_frame(PONG, payload))
        return bool(data)


@attrs.define
class Room:
    """All sockets, and when each bid had reached the last of the measured screens."""

    house: House
    event: str
    screens: list[Screen] = attrs.field(factory=list)
    bidders: list[Screen] = attrs.field(factory=list)
    announcer: Screen | None = None
    _selector: selectors.BaseSelector = attrs.field(factory=selectors.DefaultSelector)
    _due: list[float] = attrs.field(factory=list)
    _seqs: dict[int, int] = attrs.field(factory=dict)
    _shown: dict[int, int] = attrs.field(factory=dict)
    _complete_at: dict[int, float] = attrs.field(factory=dict)

    def connect(self, token: str | None = None) -> Screen:
        """Open a socket that reads."""
        screen = Screen(self.house, self.event, token)
        self._selector.register(screen.connection, selectors.EVENT_READ, screen)
        return screen

    def stop_reading(self, screen: Screen) -> None:
        self._selector.unregister(screen.connection)

    def poll(self, until: float) -> None:
        """Read what comes until a time (perf_counter)."""
        while (left := until - time.perf_counter()) > 0:
            for key, _ in self._selector.select(left):
                if not key.data.read():
                    raise AssertionError("the server ended a connection that reads")

    def show(self, screen: Screen, message: bytes, now: float) -> None:
        """Follow the feed of a measured screen."""
        if found := FEED.match(message):
            for seq in range(int(found[1]), int(found[2]) + 1):
                self._shown[seq] = self._shown.get(seq, 0) + 1
                if self._shown[seq] == len(self.screens):
                    self._complete_at[seq] = now

    def take_answer(self, screen: Screen, message: bytes, now: float) -> None:
        """Note the seq of a bid that was taken."""
        for answer in json.loads(message) if b'"re":' in message else ():
            assert answer["type"] == "ack", answer
            if answer["re"].startswith("bid-"):
                self._seqs[int(answer["re"][4:])] = answer["seq"]

    def run(self, seconds: float) -> Histogram:
        """Bid and announce by the clock; give the latencies to the last screen."""
        assert self.announcer is not None
        first, begin = len(self._due), time.perf_counter()
        for tick in range(int(seconds * BIDS_PER_S)):
            due = begin + tick / BIDS_PER_S
            self.poll(due)
            number = len(self._due)
            self._due.append(due)
            raised, bidder = divmod(number, BIDDERS)
            bid = {"type": "place_bid", "lot": bidder + 1, "amount": raised + 1}
            self.bidders[bidder].say({**bid, "id": f"bid-{number}"})
            text = {"type": "announce", "id": f"text-{number}", "text": ANNOUNCEMENT}
            self.announcer.say(text)
        wanted, limit = range(first, len(self._due)), time.perf_counter() + WAIT_S
        while not all(self._seqs.get(number) in self._complete_at for number in wanted):
            assert time.perf_counter() < limit, "a bid did not reach every screen"
            self.poll(time.perf_counter() + 0.05)
        latencies = Histogram()
        for number in wanted:
            latencies.record(self._complete_at[self._seqs[number]] - self._due[number])
        return latencies


@attrs.frozen
class Window:
    """What one window found. cut: how many the server cut with 4201."""

    name: str
    latencies: Histogram
    memory: int
    cut: int = 0


@contextmanager
def open_room(house: House) -> Iterator[Room]:
    """Create the event and fill the room with those who read."""
    users = [f"bidder.{number}" for number in range(BIDDERS)]
    lot = {"title": "A lot", "mode": "silent", "opening": 1, "ladder": "flat:1"}
    lots = [{**lot, "lot": number} for number in range(1, BIDDERS + 1)]
    event = trio.run(house.api.create_event, lots, users)
    opening = {"type": "open_event"}
    post = partial(house.api.post, f"/events/{event}/commands", opening, "gus", Role.AUCTIONEER)
    trio.run(post)
    room = Room(house, event)
    room.bidders = [room.connect(house.api.token(user, Role.DONOR)) for user in users]
    room.announcer = room.connect(house.api.token("gus", Role.AUCTIONEER))
    room.screens = [room.connect() for _ in range(READING)]
    for talker in (*room.bidders, room.announcer):
        talker.hear = room.take_answer
    for screen in room.screens:
        screen.hear = room.show
    room.poll(time.perf_counter() + SETTLE_S)
    room.run(SETTLE_S)
    yield room


def measure(house: House, rounds: int) -> tuple[int, list[Window], int]:
    """Take all windows; give them between the memory before the first and after all have left."""
    with open_room(house) as room:
        windows: list[Window] = []
        others = [room.connect() for _ in range(STOPPING)]
        room.poll(time.perf_counter() + SETTLE_S)
        before = house.resident_bytes()
        for number in range(1, rounds + 1):
            print(f"round {number} of {rounds} ...", file=sys.stderr, flush=True)
            windows.append(Window("A", room.run(WINDOW_S), house.resident_bytes()))
            windows.append(_window_of_the_deaf(room, others))
            others = [room.connect() for _ in range(STOPPING)]
            room.poll(time.perf_counter() + SETTLE_S)
        for screen in others:
            room.stop_reading(screen)
            screen.connection.close()
        room.poll(time.perf_counter() + LEAVE_S)
        return before, windows, house.resident_bytes()


def _window_of_the_deaf(room: Room, others: Sequence[Screen]) -> Window:
    cut = _slow_cut(room.house)
    for screen in others:
        room.stop_reading(screen)
    latencies = room.run(WINDOW_S)
    memory = room.house.resident_bytes()
    for screen in others:
        screen.connection.close()
    return Window("B", latencies, memory, _slow_cut(room.house) - cut)


def _slow_cut(house: House) -> int:
    figures = trio.run(house.figures)
    return int(sum(count for (name, _), count in figures.items() if name == "slow_cut_total"))


def report(before: int, windows: Sequence[Window], after: int) -> Iterator[str]:
    """Write the part of the report."""
    p99 = {
        name: statistics.median(w.latencies.quantile_ms(0.99) for w in windows if w.name == name)
        for name in ("A", "B")
    }
    ratio = p99["B"] / p99["A"]
    yield f"{READING + STOPPING:,} sockets with small buffers; {BIDS_PER_S} bids and as many"
    yield f"announcements of 2 KB a second, by the clock. A: all read. B: {STOPPING} stop reading."
    yield f"Bid to the last of the other {READING} screens, medians of the windows' p99:"
    verdict = "met" if ratio <= GOAL else "MISSED"
    yield f"**A {p99['A']:.1f}, B {p99['B']:.1f} ms: {ratio:.2f} times** (goal {GOAL}: {verdict})."
    yield ""
    yield "| window | p50 ms | p99 ms | max ms | memory MiB | cut with 4201 |"
    yield "|---|---|---|---|---|---|"
    for window in windows:
        quantiles = " | ".join(f"{window.latencies.quantile_ms(q):.1f}" for q in (0.5, 0.99, 1.0))
        memory = window.memory / 2**20
        yield f"| {window.name} | {quantiles} | {memory:.0f} | {window.cut} |"
    yield ""
    yield f"Memory of the server: {before / 2**20:.0f} MiB before, {after / 2**20:.0f} at the end."


def main(argv: Sequence[str] | None = None) -> None:
    """Measure what readers that stop do to those who read."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.hostile.slow_readers", description=main.__doc__
    )
    parser.add_argument("--rounds", type=int, default=3, help="how many windows A and B (3)")
    arguments = parser.parse_args(argv)
    cores: Cores = choose_cores()
    with running_house() as house:
        pin(house.process.pid, cores.server)
        pin(0, cores.client)
        found = measure(house, arguments.rounds)
        assert not house.faults(), house.faults()
    write_section("slow readers", list(report(*found)), cores)


if __name__ == "__main__":
    main()
