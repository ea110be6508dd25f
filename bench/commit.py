"""`commit`: how many purchases a second are accepted, made durable and answered.

Owns: the measure. Invariant: a purchase counts when its ack has been read, and at the end the
event's seq has moved by exactly the purchases acked, so that nothing is counted that is not in the
journal. Source: ARCHITECTURE 2 (step 3), I2, rule 11.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

import attrs

from bench import BenchFailed
from bench.host import BENCH_SERVE, HOST, running_server
from bench.load import Client, Load
from bench.report import Goal, Result
from bench.sale import Sale, buy, current_seq, hellos, open_sale, speaks
from bench.setting import Setting
from bench.usage import usage_between

SOCKETS, IN_FLIGHT = 100, 16
WARM_S, WINDOW_S, BRIEF_S, WINDOWS = 1.0, 4.0, 1.5, 3
SAMPLED_S = 3.0
DRAIN_S = 10.0
LOT = 1
GOAL = Goal(">=", 10_000)


@attrs.define
class Buyers:
    """Sockets that buy from one lot as fast as they are answered."""

    load: Load
    sale: Sale
    clients: Sequence[Client] = ()
    acked: int = 0
    _sent: int = 0
    _is_over: bool = False

    def enter(self, hellos: Sequence[bytes]) -> None:
        """Connect, a user for each socket."""
        self.clients = self.load.connect(speaks(self.sale.event), hellos, self._hear)

    def begin(self) -> None:
        """Have every socket put its purchases in flight."""
        for client in self.clients:
            self._buy(client, IN_FLIGHT)

    def run(self, seconds: float) -> float:
        """Go on for a while; give the purchases acked a second."""
        begin, acked = time.perf_counter(), self.acked
        self.load.poll(begin + seconds)
        return (self.acked - acked) / (time.perf_counter() - begin)

    def end(self) -> None:
        """Send no more, and wait for the answers that are owed."""
        self._is_over = True
        self.load.poll_until(lambda: self.acked == self._sent, DRAIN_S, "the last answers")

    def _buy(self, client: Client, count: int) -> None:
        first = self._sent
        self._sent += count
        client.send(*(buy(number, LOT) for number in range(first, first + count)))

    def _hear(self, client: Client, message: bytes, now: float) -> None:
        # A quote inside a JSON text is escaped, so these find members and nothing else.
        count = message.count(b'"type":"ack"')
        if b'"type":"nack"' in message:
            raise BenchFailed(f"a purchase was refused: {message[:300].decode()}")
        self.acked += count
        if count and not self._is_over:
            self._buy(client, count)


def measure_commit(setting: Setting) -> list[Result]:
    """Take the measure."""
    with running_server((*BENCH_SERVE, "--lift-command-rate"), setting.cores) as host:
        sale = open_sale(host, lots=1, users=SOCKETS, mode="sale")
        start = current_seq(host, sale)
        load = Load(HOST, host.port)
        buyers = Buyers(load, sale)
        try:
            buyers.enter(hellos(host, sale, SOCKETS))
            buyers.begin()
            buyers.run(WARM_S)
            before, acked = host.usage(), buyers.acked
            rates = [buyers.run(setting.seconds(WINDOW_S, BRIEF_S)) for _ in range(WINDOWS)]
            usage = usage_between(before, host.usage(), setting.cores)
            cost = usage.server_cpu_s / (buyers.acked - acked) * 1e6
            with host.sampled() as busiest:
                buyers.run(setting.seconds(SAMPLED_S, BRIEF_S))
            buyers.end()
        finally:
            load.close()
        kept = current_seq(host, sale) - start
        if kept != buyers.acked:
            raise BenchFailed(f"{buyers.acked} purchases were acked, {kept} are published")
    rate = statistics.median(rates)
    result = Result(
        measure="commit",
        conditions=f"{SOCKETS} sockets buying from one lot without end, {IN_FLIGHT} purchases in "
        "flight each; the donors' command rate is lifted (bench/server.py)",
        figure="durable commands",
        value=rate,
        unit="/s",
        goal=GOAL,
        usage=usage,
        spread=rates,
        found=[
            f"CPU of the server process per purchase {cost:.1f} µs",
            f"the client was busy {usage.client_share:.0%} of its core: "
            f"alone it would do {rate / usage.client_share:,.0f}/s",
            f"{buyers.acked:,} purchases acked and as many published, warm-up included",
        ],
        details={"acked": buyers.acked, "cpu_per_command_us": cost, "busiest": busiest},
    )
    return [result]
