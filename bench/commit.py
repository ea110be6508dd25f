"""`commit`: how many bids a second are accepted, made durable and answered.

Owns: the measure. Invariant: a bid counts when its ack has been read, and at the end the event's
seq has moved by exactly the bids acked, so that nothing is counted that is not in the journal.
Source: ARCHITECTURE 2 (step 3), I2.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

import attrs

from bench import BenchFailed
from bench.host import BENCH_SERVE, HOST, Host, running_server
from bench.load import Client, Load
from bench.report import Goal, Result
from bench.sale import Sale, bid, open_sale, tokens
from bench.usage import Cores, usage_between

SOCKETS, IN_FLIGHT = 100, 8
WARM_S, WINDOW_S, WINDOWS = 2.0, 4.0, 3
DRAIN_S = 10.0
GOAL = Goal(">=", 5_000)


@attrs.define
class Bidders:
    """Sockets that raise a lot of their own as fast as they are answered."""

    load: Load
    sale: Sale
    clients: Sequence[Client] = ()
    acked: int = 0
    _sent: int = 0
    _amounts: list[int] = attrs.field(factory=list)
    _is_over: bool = False

    def enter(self, signed: Sequence[str]) -> None:
        """Connect, one socket for each lot."""
        self.clients = self.load.connect(self.sale.event, signed, self._hear)
        self._amounts = [0] * len(self.clients)

    def begin(self) -> None:
        """Have every socket put its bids in flight."""
        for client in self.clients:
            self._raise(client, IN_FLIGHT)

    def run(self, seconds: float) -> float:
        """Go on for a while; give the bids acked a second."""
        begin, acked = time.perf_counter(), self.acked
        self.load.poll(begin + seconds)
        return (self.acked - acked) / (time.perf_counter() - begin)

    def end(self) -> None:
        """Send no more, and wait for the answers that are owed."""
        self._is_over = True
        self.load.poll_until(lambda: self.acked == self._sent, DRAIN_S, "the last answers")

    def _raise(self, client: Client, count: int) -> None:
        first = self._amounts[client.index] + 1
        self._amounts[client.index] += count
        self._sent += count
        lot = client.index + 1
        client.send(*(bid(amount, lot, amount) for amount in range(first, first + count)))

    def _hear(self, client: Client, message: bytes, now: float) -> None:
        # A quote inside a JSON text is escaped, so these find members and nothing else.
        count = message.count(b'"type":"ack"')
        if b'"type":"nack"' in message:
            raise BenchFailed(f"a bid was refused: {message[:300].decode()}")
        self.acked += count
        if count and not self._is_over:
            self._raise(client, count)


def measure_commit(cores: Cores) -> Result:
    """Take the measure."""
    with running_server((*BENCH_SERVE, "--lift-command-rate"), cores) as host:
        sale = open_sale(host, lots=SOCKETS, users=SOCKETS)
        start = _current_seq(host, sale)
        load = Load(HOST, host.port)
        bidders = Bidders(load, sale)
        try:
            bidders.enter(tokens(host, sale, SOCKETS))
            bidders.begin()
            bidders.run(WARM_S)
            before, acked = host.usage(), bidders.acked
            rates = [bidders.run(WINDOW_S) for _ in range(WINDOWS)]
            usage = usage_between(before, host.usage(), cores)
            cost = usage.server_cpu_s / (bidders.acked - acked) * 1e6
            bidders.end()
        finally:
            load.close()
        kept = _current_seq(host, sale) - start
        if kept != bidders.acked:
            raise BenchFailed(f"{bidders.acked} bids were acked, {kept} are published")
    return Result(
        measure="commit",
        conditions=f"{SOCKETS} sockets, each raising a lot of its own, {IN_FLIGHT} bids in flight "
        "each; the donors' command rate is lifted (bench/server.py)",
        figure="accepted durable bids",
        value=statistics.median(rates),
        unit="/s",
        goal=GOAL,
        usage=usage,
        spread=rates,
        found=[
            f"CPU of the server process per bid {cost:.1f} µs",
            f"{bidders.acked:,} bids acked and as many published, warm-up included",
        ],
        details={"acked": bidders.acked, "cpu_per_bid_us": cost},
    )


def _current_seq(host: Host, sale: Sale) -> int:
    """Ask a fresh connection how far the event has come."""
    load = Load(HOST, host.port)
    try:
        (client,) = load.connect(sale.event, [None], lambda client, message, now: None)
        return client.seq
    finally:
        load.close()
