"""A full room: sockets that watch, and bids that leave by the clock.

Owns: what became of each bid. Invariant: bids leave by the clock, whatever the answers do, and each
latency counts from the moment at which the bid should have left, so that a stall is counted for
every bid that it held up; a bid that does not reach every screen fails the measure. A bid that
another socket's higher one overtook on its way is lawfully refused, and counted apart.
Source: PROTOCOL 3 and 4.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

import attrs

from bench import BenchFailed
from bench.histogram import Histogram
from bench.load import Client, Load
from bench.sale import Sale, bid, feed_end, speaks

LOTS = 40
STRIDE = 7  # the next bidder sits so many sockets on: the leads change hands
QUIET_S = 1.0
SETTLE_S = 30.0


class Screens:
    """When each seq had reached the last of the screens. Screens are numbered clients."""

    def __init__(self, shown: list[int]) -> None:
        self.shown = shown
        self.complete_at: dict[int, float] = {}
        self._at: dict[int, int] = {}
        for seq in shown:
            self._at[seq] = self._at.get(seq, 0) + 1
        self._least = min(shown, default=0)
        self._steps = deque(sorted(set(shown)))

    def show(self, screen: int, seq: int, now: float) -> None:
        """Say that a screen has everything up to a seq."""
        before = self.shown[screen]
        if seq <= before:
            return
        self.shown[screen] = seq
        self._at[before] -= 1
        if seq in self._at:
            self._at[seq] += 1
        else:
            self._at[seq] = 1
            self._steps.append(seq)
        if not self._at[self._steps[0]]:
            self._advance(now)

    def _advance(self, now: float) -> None:
        """Complete what the slowest screens have just been shown."""
        while not self._at[self._steps[0]]:
            del self._at[self._steps.popleft()]
        for seq in range(self._least + 1, self._steps[0] + 1):
            self.complete_at[seq] = now
        self._least = self._steps[0]


@attrs.frozen
class Latencies:
    """Of the bids of one window: to the last screen, and to the bidder's own answer."""

    to_screens: Histogram
    to_answer: Histogram


@attrs.define
class Room:
    """The sockets, and what became of each bid."""

    load: Load
    sale: Sale
    clients: Sequence[Client] = ()
    frames: int = 0
    overtaken: int = 0
    screens: Screens = attrs.field(factory=lambda: Screens([]))
    _sent: int = 0
    _due: dict[int, float] = attrs.field(factory=dict)
    _answered: dict[int, tuple[float, int | None]] = attrs.field(factory=dict)
    _last_feed: bytes = b""
    _last_seq: int = 0

    def enter(self, hellos: Sequence[bytes]) -> None:
        """Fill the room; from here on every screen is followed."""
        self.clients = self.load.connect(speaks(self.sale.event), hellos, _ignore)
        self.load.poll(time.perf_counter() + QUIET_S)
        start = max(client.seq for client in self.clients)
        self.screens = Screens([start] * len(self.clients))
        for client in self.clients:
            client.hear = self._hear

    def run(self, seconds: float, bids_per_s: float) -> Latencies:
        """Bid by the clock, and wait until every bid is on every screen."""
        first, begin = self._sent, time.perf_counter()
        for number in range(int(seconds * bids_per_s)):
            due = begin + number / bids_per_s
            self.load.poll(due)
            self._bid(due)
        self.load.poll(begin + seconds)
        wanted = deque(range(first, self._sent))

        def are_done() -> bool:
            while wanted and self._is_done(wanted[0]):
                wanted.popleft()
            return not wanted

        self.load.poll_until(are_done, SETTLE_S, "bids on all screens")
        return self._latencies(range(first, self._sent))

    def _latencies(self, numbers: range) -> Latencies:
        latencies = Latencies(Histogram(), Histogram())
        for number in numbers:
            due = self._due[number]
            answered, seq = self._answered[number]
            latencies.to_answer.record(answered - due)
            if seq is not None:
                latencies.to_screens.record(self.screens.complete_at[seq] - due)
        return latencies

    def _bid(self, due: float) -> None:
        number = self._sent
        self._sent += 1
        self._due[number] = due
        client = self.clients[number * STRIDE % len(self.clients)]
        client.send(bid(number, number % LOTS + 1, number // LOTS + 1))

    def _is_done(self, number: int) -> bool:
        if number not in self._answered:
            return False
        _, seq = self._answered[number]
        return seq is None or seq in self.screens.complete_at

    def _hear(self, client: Client, message: bytes, now: float) -> None:
        self.frames += 1
        if message is self._last_feed:
            self.screens.show(client.index, self._last_seq, now)
            return
        seq = feed_end(message)
        if seq is not None:
            self._last_feed, self._last_seq = message, seq
            self.screens.show(client.index, seq, now)
        elif b'"re":' in message:
            for answer in json.loads(message):
                self._take_answer(answer, now)

    def _take_answer(self, answer: dict[str, Any], now: float) -> None:
        if answer["type"] == "ack":
            self._answered[int(answer["re"])] = now, answer["seq"]
        elif answer["type"] == "nack" and answer["code"] == "BID_TOO_LOW":
            self.overtaken += 1
            self._answered[int(answer["re"])] = now, None
        elif answer["type"] == "nack":
            raise BenchFailed(f"a bid was refused: {answer}")


def _ignore(client: Client, message: bytes, now: float) -> None:
    """Let pass what comes before the room is full, but keep the place in the feed."""
    client.seq = feed_end(message) or client.seq
