"""The parts of the measures against a real server, as small as they come."""

from __future__ import annotations

import pytest

from bench.commit import IN_FLIGHT, Bidders
from bench.host import BENCH_SERVE, HOST, running_server
from bench.load import Load
from bench.room import Room
from bench.sale import open_sale, tokens
from bench.usage import Cores, resident_bytes, usage_between

CORES = Cores(None, None)
BIDS = 200


def test_bids_are_counted_once_and_reach_every_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.room.BIDS_PER_S", 1_000)
    with running_server((*BENCH_SERVE, "--lift-command-rate"), CORES) as host:
        sale = open_sale(host, lots=20, users=3)
        before = host.usage()
        load = Load(HOST, host.port)
        try:
            bidders = Bidders(load, sale)
            bidders.enter(tokens(host, sale, 3))
            first = bidders.clients[0].seq
            bidders.begin()
            load.poll_until(lambda: bidders.acked >= BIDS, 30, "bids")
            bidders.end()
            (spectator,) = load.connect(sale.event, [None], lambda client, message, now: None)
            assert spectator.seq - first == bidders.acked
            assert bidders.acked >= BIDS + 2 * IN_FLIGHT
        finally:
            load.close()

        fresh = open_sale(host, lots=20, users=4)
        load = Load(HOST, host.port)
        try:
            room = Room(load, fresh)
            room.enter(tokens(host, fresh, 4))
            to_screens, to_answer = room.run(0.1)
            assert (to_screens.count, to_answer.count) == (100, 100)
        finally:
            load.close()

        host.trim()
        assert resident_bytes(host.process.pid) > 0
        assert usage_between(before, host.usage(), CORES).server_cpu_s > 0
