"""A crowd in a process of its own, a peer that fans out, and a race on one lot."""

from __future__ import annotations

import time

from bench.host import BENCH_SERVE, HOST, running_server
from bench.listeners import listening
from bench.load import Load
from bench.peer import WEBSOCKETS, running_peer
from bench.race import SocketRace, judge_ours
from bench.relay import MESSAGE
from bench.sale import bid, hellos, open_sale, speaks
from bench.usage import Cores

CORES = Cores(None, None)
LISTENERS, MESSAGES, ACCEPTED = 5, 3, 50
WAIT_S = 20.0


def test_every_listener_of_a_peer_hears_every_message_once() -> None:
    with (
        running_peer(WEBSOCKETS, CORES) as peer,
        listening(peer.port, LISTENERS, WEBSOCKETS.path, WEBSOCKETS.hello) as crowd,
    ):
        publish, close = WEBSOCKETS.open_publisher(peer.port)
        for _ in range(MESSAGES):
            publish(MESSAGE)
        deadline = time.monotonic() + WAIT_S
        while (heard := crowd.heard()).frames < LISTENERS * MESSAGES:
            assert time.monotonic() < deadline, heard
        close()
        assert heard.frames == LISTENERS * MESSAGES
        assert heard.bytes == LISTENERS * MESSAGES * len(MESSAGE)


def test_a_race_counts_what_is_accepted_and_what_is_overtaken() -> None:
    with running_server((*BENCH_SERVE, "--lift-command-rate"), CORES) as host:
        sale = open_sale(host, lots=1, users=3)
        load = Load(HOST, host.port)

        def write(number: int, bidder: int, amount: int) -> bytes:
            return bid(number, 1, amount)

        race = SocketRace(load, host.process.pid, write, judge_ours)
        try:
            race.begin(speaks(sale.event), hellos(host, sale, 3))
            load.poll_until(lambda: race.score.accepted >= ACCEPTED, WAIT_S, "bids")
        finally:
            load.close()
        assert race.score.accepted + race.score.refused <= race.score.amount
