"""Fan-out, side by side: what a frame to a socket costs Saleroom and a peer, in turns.

Owns: the pairs. Invariant: both servers are up with all their listeners the whole time and measured
A B A B, so that what others do to the machine meets both alike; a ratio is of two neighbours in
time, and the figure is the median of the pairs. The cost is the CPU time of the whole server
process above its idle rate, by the frames that listeners read. For Saleroom that includes deciding
and committing the bids, of which its peers do nothing. Source: ARCHITECTURE 5 ("Direct broadcast").
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import attrs

from bench.host import BENCH_SERVE, HOST, running_server
from bench.listeners import Crowd, Heard, listening
from bench.load import Load
from bench.peer import FAN_OUT, NCHAN, NODE_SOCKETIO, Peer, PeerMissing, running_peer
from bench.report import Goal, Missing, Result
from bench.sale import bid, hello, hellos, open_sale, speaks
from bench.setting import Setting
from bench.stores import Addresses
from bench.usage import Cores, Usage, read_usage, usage_between

PAIRS, FEW_PAIRS, BRIEF_PAIRS = 5, 2, 1
"""Five against a peer that a goal speaks of, fewer against the others."""
BIDDERS = 10
IDLE_S = 1.0
SETTLE_S, SETTLED_S = 10.0, 0.25
GOALS = {NCHAN.name: Goal("<=", 1.15), NODE_SOCKETIO.name: Goal("<=", 0.6)}
MESSAGE = (
    b'[{"type":"feed","from":1043,"to":1043,"events":[{"seq":1043,"type":"bid_placed","at":'
    b'1795160749184,"lot":17,"paddle":214,"bidder":214,"amount":12500,"min_next":13000,'
    b'"bid_count":18,"bids":1,"source":"online","reserve_met":true,"ends_at":1795164349184}]}]'
)
"""What a peer is given to fan out: a feed of one bid, byte for byte as long as Saleroom's."""


@attrs.frozen
class Size:
    """How many listen, and what they are sent, by which peers."""

    sockets: int
    messages_per_s: float
    seconds: float
    peers: Sequence[Peer]


SIZES = (
    Size(1_000, 50, 1.5, FAN_OUT),
    Size(10_000, 4, 2.0, [peer for peer in FAN_OUT if peer.name in GOALS]),
)


@attrs.define
class Side:
    """One server with its listeners."""

    pid: int
    cores: Cores
    crowd: Crowd
    publish: Callable[[], None]
    idle_share: float = 0.0

    def rest(self) -> None:
        """Learn what the server costs while nothing is sent."""
        before = read_usage(self.pid, self.cores)
        time.sleep(IDLE_S)
        self.idle_share = usage_between(
            before, read_usage(self.pid, self.cores), self.cores
        ).server_share

    def cost_us(self, size: Size) -> tuple[float, float, Usage]:
        """Send for a while; give the CPU of a frame in µs, its bytes, and the usage."""
        heard = self.crowd.heard()
        before, begin = read_usage(self.pid, self.cores), time.perf_counter()
        for number in range(int(size.seconds * size.messages_per_s)):
            time.sleep(max(0.0, begin + number / size.messages_per_s - time.perf_counter()))
            self.publish()
        last = self._settled(heard)
        usage = usage_between(before, read_usage(self.pid, self.cores), self.cores)
        frames = last.frames - heard.frames
        spent = usage.server_cpu_s - self.idle_share * usage.elapsed_s
        return spent / frames * 1e6, (last.bytes - heard.bytes) / frames, usage

    def _settled(self, heard: Heard) -> Heard:
        """Wait until nothing more comes."""
        deadline = time.perf_counter() + SETTLE_S
        while time.perf_counter() < deadline:
            time.sleep(SETTLED_S)
            before, heard = heard, self.crowd.heard()
            if heard.frames == before.frames:
                break
        return heard


def measure_relay(setting: Setting, stores: Addresses) -> list[Result | Missing]:
    """Take the measures of every size against every peer."""
    found: list[Result | Missing] = []
    for size in SIZES:
        with _saleroom(setting, stores, size) as ours:
            ours.rest()
            for peer in size.peers:
                try:
                    with _peer(setting, peer, size) as theirs:
                        theirs.rest()
                        found.append(_compare(setting, size, ours, theirs, peer))
                except PeerMissing as missing:
                    found.append(Missing(_name(size, peer), str(missing)))
    return found


def _compare(setting: Setting, size: Size, ours: Side, theirs: Side, peer: Peer) -> Result:
    pairs: list[tuple[float, float]] = []
    lengths: tuple[float, float] = (0.0, 0.0)
    usages: list[Usage] = []
    for _ in range(setting.count(PAIRS if peer.name in GOALS else FEW_PAIRS, BRIEF_PAIRS)):
        (our_cost, our_bytes, usage), (their_cost, their_bytes, _) = (
            ours.cost_us(size),
            theirs.cost_us(size),
        )
        pairs.append((our_cost, their_cost))
        lengths = our_bytes, their_bytes
        usages.append(usage)
    ratios = [mine / other for mine, other in pairs]
    ours_us, theirs_us = (statistics.median(column) for column in zip(*pairs, strict=True))
    details: dict[str, Any] = {
        "sockets": size.sockets,
        "peer": peer.name,
        "pairs_us": pairs,
        "bytes_per_frame": lengths,
    }
    return Result(
        measure=_name(size, peer),
        conditions=f"{size.sockets:,} listeners on each side, {size.messages_per_s:g} messages/s, "
        f"{len(pairs)} pairs of {size.seconds:g} s in turns",
        figure=f"CPU of a frame, Saleroom against {peer.name}",
        value=statistics.median(ratios),
        unit="x",
        goal=GOALS.get(peer.name),
        usage=usages[-1],
        spread=ratios,
        found=[
            f"Saleroom {ours_us:.2f} µs, {lengths[0]:.0f} bytes; "
            f"{peer.name} {theirs_us:.2f} µs, {lengths[1]:.0f} bytes"
        ],
        details=details,
    )


def _name(size: Size, peer: Peer) -> str:
    return f"fanout {size.sockets} / {peer.name}"


@contextmanager
def _saleroom(setting: Setting, stores: Addresses, size: Size) -> Iterator[Side]:
    with running_server(BENCH_SERVE, setting.cores, stores.settings()) as host:
        sale = open_sale(host, lots=BIDDERS, users=BIDDERS)
        path, spectator = speaks(sale.event).path, hello(None).decode()
        with listening(host.port, size.sockets, path, spectator) as crowd:
            load = Load(HOST, host.port)
            try:
                bidders = load.connect(
                    speaks(sale.event), hellos(host, sale, BIDDERS), lambda *heard: None
                )
                sent = 0

                def publish() -> None:
                    nonlocal sent
                    load.poll(time.perf_counter())
                    bidders[sent % BIDDERS].send(bid(sent, sent % BIDDERS + 1, sent // BIDDERS + 1))
                    sent += 1

                yield Side(host.process.pid, setting.cores, crowd, publish)
            finally:
                load.close()


@contextmanager
def _peer(setting: Setting, peer: Peer, size: Size) -> Iterator[Side]:
    with (
        running_peer(peer, setting.cores) as running,
        listening(running.port, size.sockets, peer.path, peer.hello) as crowd,
    ):
        publish, close = peer.open_publisher(running.port)
        try:
            yield Side(running.process.pid, setting.cores, crowd, lambda: publish(MESSAGE))
        finally:
            close()
