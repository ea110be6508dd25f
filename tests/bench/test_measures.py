"""The parts of the measures against a real server, as small as they come."""

from __future__ import annotations

from bench.commit import IN_FLIGHT, Buyers
from bench.host import BENCH_SERVE, HOST, running_server
from bench.load import Load
from bench.room import LOTS, Room
from bench.sale import current_seq, hellos, open_sale
from bench.usage import Cores, resident_bytes, usage_between

CORES = Cores(None, None)
PURCHASES = 200


def test_commands_are_counted_once_and_bids_reach_every_screen() -> None:
    with running_server((*BENCH_SERVE, "--lift-command-rate"), CORES) as host:
        sale = open_sale(host, lots=1, users=3, mode="sale")
        before, first = host.usage(), current_seq(host, sale)
        load = Load(HOST, host.port)
        try:
            buyers = Buyers(load, sale)
            buyers.enter(hellos(host, sale, 3))
            buyers.begin()
            load.poll_until(lambda: buyers.acked >= PURCHASES, 30, "purchases")
            buyers.end()
            assert current_seq(host, sale) - first == buyers.acked
            assert buyers.acked >= PURCHASES + 2 * IN_FLIGHT
        finally:
            load.close()

        fresh = open_sale(host, lots=LOTS, users=4)
        load = Load(HOST, host.port)
        try:
            room = Room(load, fresh)
            room.enter(hellos(host, fresh, 4))
            with host.sampled() as busiest:
                latencies = room.run(0.1, 1_000)
            assert latencies.to_answer.count == 100
            assert latencies.to_screens.count == 100 - room.overtaken
            assert sum(busiest.values()) <= 1.0001
        finally:
            load.close()

        host.trim()
        assert host.loop()["lag_max_ms"] >= 0
        assert resident_bytes(host.process.pid) > 0
        assert usage_between(before, host.usage(), CORES).server_cpu_s > 0
