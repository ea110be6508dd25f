"""`room`: how long a bid takes to every screen of a full room.

Owns: the measure. Invariant: bids leave by the clock, whatever the answers do, and each latency
counts from the moment at which the bid should have left, so that a stall is counted for every bid
that it held up. Source: PROTOCOL 3 and 4.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

import attrs

from bench import BenchFailed
from bench.histogram import Histogram
from bench.host import HOST, SERVE, running_server
from bench.load import Client, Load, feed_end
from bench.report import Goal, Result
from bench.sale import Sale, bid, open_sale, tokens
from bench.usage import Cores, usage_between

SOCKETS, LOTS, BIDS_PER_S = 500, 20, 50
WARM_S, WINDOW_S, WINDOWS = 2.0, 5.0, 3
STRIDE = 7  # the next bidder sits so many sockets on: the leads change hands
SETTLE_S = 5.0
GOAL = Goal("<", 50.0)


@attrs.define
class Screens:
    """When each seq had reached the last of the screens. Screens are numbered clients."""

    shown: list[int]
    complete_at: dict[int, float] = attrs.field(init=False, factory=dict)
    _owed: dict[int, int] = attrs.field(init=False, factory=dict)

    def show(self, screen: int, seq: int, now: float) -> None:
        """Say that a screen has everything up to a seq."""
        for each in range(self.shown[screen] + 1, seq + 1):
            left = self._owed.get(each, len(self.shown)) - 1
            self._owed[each] = left
            if not left:
                del self._owed[each]
                self.complete_at[each] = now
        self.shown[screen] = max(seq, self.shown[screen])


@attrs.define
class Room:
    """The sockets, and what became of each bid."""

    load: Load
    sale: Sale
    clients: Sequence[Client] = ()
    screens: Screens = attrs.field(factory=lambda: Screens([]))
    _sent: int = 0
    _due: dict[int, float] = attrs.field(factory=dict)
    _acked: dict[int, tuple[float, int]] = attrs.field(factory=dict)

    def enter(self, signed: Sequence[str]) -> None:
        """Fill the room; from here on every screen is followed."""
        self.clients = self.load.connect(self.sale.event, signed, _ignore)
        self.load.poll(time.perf_counter() + 1.0)
        start = max(client.seq for client in self.clients)
        self.screens = Screens([start] * len(self.clients))
        for client in self.clients:
            client.hear = self._hear

    def run(self, seconds: float) -> tuple[Histogram, Histogram]:
        """Bid by the clock; give the latencies to the last screen and to the answer."""
        first, begin = self._sent, time.perf_counter()
        for number in range(int(seconds * BIDS_PER_S)):
            due = begin + number / BIDS_PER_S
            self.load.poll(due)
            self._bid(due)
        wanted = range(first, self._sent)
        self.load.poll_until(
            lambda: all(self._is_done(number) for number in wanted), SETTLE_S, "bids on all screens"
        )
        to_screens, to_answer = Histogram(), Histogram()
        for number in wanted:
            due = self._due[number]
            answered, seq = self._acked[number]
            to_answer.record(answered - due)
            to_screens.record(self.screens.complete_at[seq] - due)
        return to_screens, to_answer

    def _bid(self, due: float) -> None:
        number = self._sent
        self._sent += 1
        self._due[number] = due
        client = self.clients[number * STRIDE % len(self.clients)]
        client.send(bid(number, number % LOTS + 1, number // LOTS + 1))

    def _is_done(self, number: int) -> bool:
        return number in self._acked and self._acked[number][1] in self.screens.complete_at

    def _hear(self, client: Client, message: bytes, now: float) -> None:
        seq = feed_end(message)
        if seq is not None:
            self.screens.show(client.index, seq, now)
        elif b'"re":' in message:
            for answer in json.loads(message):
                self._take_answer(answer, now)

    def _take_answer(self, answer: dict[str, object], now: float) -> None:
        if answer["type"] == "nack":
            raise BenchFailed(f"a bid was refused: {answer}")
        if answer["type"] == "ack":
            self._acked[int(str(answer["re"]))] = now, int(str(answer["seq"]))


def measure_room(cores: Cores) -> Result:
    """Take the measure."""
    with running_server(SERVE, cores) as host:
        sale = open_sale(host, lots=LOTS, users=SOCKETS)
        load = Load(HOST, host.port)
        room = Room(load, sale)
        try:
            room.enter(tokens(host, sale, SOCKETS))
            room.run(WARM_S)
            before = host.usage()
            windows = [room.run(WINDOW_S) for _ in range(WINDOWS)]
            usage = usage_between(before, host.usage(), cores)
        finally:
            load.close()
    to_screens, to_answer = Histogram(), Histogram()
    for screens, answers in windows:
        to_screens.add(screens)
        to_answer.add(answers)
    return Result(
        measure="room",
        conditions=f"{SOCKETS} sockets, {BIDS_PER_S} bids/s by the clock, {LOTS} contested lots, "
        f"{to_screens.count} bids; latency from when a bid should have left",
        figure="bid to every screen, p99",
        value=to_screens.quantile_ms(0.99),
        unit="ms",
        goal=GOAL,
        usage=usage,
        spread=[screens.quantile_ms(0.99) for screens, _ in windows],
        found=[
            f"bid to every screen  {_shown(to_screens)}",
            f"bid to its answer    {_shown(to_answer)}",
        ],
        details={
            "to_every_screen_ms": to_screens.summary_ms(),
            "to_answer_ms": to_answer.summary_ms(),
        },
    )


def _ignore(client: Client, message: bytes, now: float) -> None:
    """Let pass what comes before the room is full, but keep the place in the feed."""
    client.seq = feed_end(message) or client.seq


def _shown(latencies: Histogram) -> str:
    summary = latencies.summary_ms().items()
    return "  ".join(f"{name} {value:.2f}" for name, value in summary) + " ms"
