"""A race on one hot lot, side by side: accepted bids a second, ours and the peers', in turns.

Owns: the racers and the rounds. Invariant: a hundred bidders raise one lot as fast as they are
answered, each amount above all that were sent before, so that only what overtook on its way is
refused; a bid counts when its answer says that it stands. The same PostgreSQL and Redis serve all,
on the server's core. What each promises by its answer stands in bench/peers/*/README.md.
Source: ARCHITECTURE 5 ("Group commit").
"""

from __future__ import annotations

import json
import selectors
import socket
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Protocol

import attrs

from bench import BenchFailed
from bench.host import BENCH_SERVE, HOST, running_server
from bench.limits import source_address
from bench.listeners import PINGS, listening
from bench.load import Client, Dialect, Load
from bench.peer import (
    CONNECT,
    ENGINE_PATH,
    FASTAPI_SOCKETIO,
    NODE_SOCKETIO,
    PeerMissing,
    running_peer,
)
from bench.report import Goal, Missing, Result
from bench.sale import bid, hellos, open_sale, speaks
from bench.setting import Setting
from bench.stores import Addresses
from bench.usage import Usage, read_usage, usage_between

BIDDERS, IN_FLIGHT = 100, 8
PADDLE_FIRST, IDS_PER_LOT = 101, 1_000_000_000
WARM_S, ROUND_S, BRIEF_S, ROUNDS, BRIEF_ROUNDS = 0.5, 2.0, 1.0, 3, 1
RECEIVE_BYTES = 16 * 1024
GOALS = {FASTAPI_SOCKETIO.name: Goal(">=", 20.0), NODE_SOCKETIO.name: Goal(">=", 5.0)}


@attrs.define
class Score:
    """What became of the bids. amount: the highest sent so far."""

    amount: int = 0
    accepted: int = 0
    refused: int = 0

    def next_amount(self) -> int:
        """Give an amount above all before it."""
        self.amount += 1
        return self.amount


class Race(Protocol):
    """A hundred bidders at one server."""

    score: Score
    pid: int

    def go(self, until: float) -> None:
        """Race until a time (perf_counter)."""


Enter = Callable[[int], AbstractContextManager[Race]]
"""Brings a hundred bidders to a server, to race on one lot."""


@attrs.define
class SocketRace:
    """Bidders on websockets; `write` makes a bid's message, `judge` reads answers from one."""

    load: Load
    pid: int
    write: Callable[[int, int, int], bytes]
    judge: Callable[[bytes], tuple[int, int]]
    score: Score = attrs.field(factory=Score)
    _sent: int = 0

    def begin(self, dialect: Dialect, hellos: Sequence[bytes]) -> None:
        """Connect, and put everyone's bids in flight."""
        for client in self.load.connect(dialect, hellos, self._hear):
            self._bid(client, IN_FLIGHT)

    def go(self, until: float) -> None:
        self.load.poll(until)

    def _bid(self, client: Client, count: int) -> None:
        messages = []
        for _ in range(count):
            self._sent += 1
            messages.append(self.write(self._sent, client.index, self.score.next_amount()))
        client.send(*messages)

    def _hear(self, client: Client, message: bytes, now: float) -> None:
        accepted, refused = self.judge(message)
        if accepted or refused:
            self.score.accepted += accepted
            self.score.refused += refused
            self._bid(client, accepted + refused)


@attrs.define
class PostRace:
    """Bidders that post over kept-alive connections, one bid at a time each."""

    pid: int
    port: int
    lot: int
    score: Score = attrs.field(factory=Score)
    _selector: selectors.BaseSelector = attrs.field(factory=selectors.DefaultSelector)
    _paddles: dict[socket.socket, int] = attrs.field(factory=dict)

    def begin(self) -> None:
        """Connect, and post everyone's first bid."""
        for number in range(BIDDERS):
            connection = socket.create_connection(
                (HOST, self.port), source_address=(source_address(number), 0)
            )
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(connection, selectors.EVENT_READ)
            self._paddles[connection] = PADDLE_FIRST + number
            self._post(connection)

    def go(self, until: float) -> None:
        while (left := until - time.perf_counter()) > 0:
            for key, _ in self._selector.select(left):
                assert isinstance(key.fileobj, socket.socket)
                self._hear(key.fileobj)

    def close(self) -> None:
        """End every connection."""
        for connection in self._paddles:
            connection.close()
        self._selector.close()

    def _post(self, connection: socket.socket) -> None:
        bid = {"amount": self.score.next_amount(), "paddle": self._paddles[connection]}
        body = json.dumps(bid).encode()
        head = (
            f"POST /lots/{self.lot}/bids HTTP/1.1\r\nHost: {HOST}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        connection.sendall(head.encode() + body)

    def _hear(self, connection: socket.socket) -> None:
        answer = connection.recv(RECEIVE_BYTES)
        if not answer.startswith(b"HTTP/1.1 200"):
            raise BenchFailed(f"a peer's answer: {answer[:200]!r}")
        if answer.endswith(b"}"):
            self._judge(connection, answer)
        else:
            self._judge(connection, connection.recv(RECEIVE_BYTES))

    def _judge(self, connection: socket.socket, answer: bytes) -> None:
        is_accepted = b'"accepted":true' in answer
        self.score.accepted += is_accepted
        self.score.refused += not is_accepted
        self._post(connection)


def measure_race(setting: Setting, stores: Addresses) -> list[Result | Missing]:
    """Take the measures against both peers."""
    found: list[Result | Missing] = []
    for peer, track in ((FASTAPI_SOCKETIO, _fastapi), (NODE_SOCKETIO, _node)):
        try:
            with track(setting, stores) as theirs, _saleroom(setting, stores) as ours:
                found.append(_compare(setting, ours, theirs, peer.name))
        except PeerMissing as missing:
            found.append(Missing(f"race / {peer.name}", str(missing)))
    return found


@contextmanager
def _saleroom(setting: Setting, stores: Addresses) -> Iterator[Enter]:
    serve = (*BENCH_SERVE, "--lift-command-rate")
    with running_server(serve, setting.cores, stores.settings()) as host:
        sale = open_sale(host, lots=ROUNDS, users=BIDDERS)

        @contextmanager
        def enter(lot: int) -> Iterator[Race]:
            def write(number: int, bidder: int, amount: int) -> bytes:
                return bid(lot * IDS_PER_LOT + number, lot, amount)

            with closing(Load(HOST, host.port)) as load:
                race = SocketRace(load, host.process.pid, write, judge_ours)
                race.begin(speaks(sale.event), hellos(host, sale, BIDDERS))
                yield race

        yield enter


@contextmanager
def _node(setting: Setting, stores: Addresses) -> Iterator[Enter]:
    with running_peer(NODE_SOCKETIO, setting.cores, stores.environment()) as peer:

        @contextmanager
        def enter(lot: int) -> Iterator[Race]:
            def write(number: int, bidder: int, amount: int) -> bytes:
                return b'42%d["bid",%d,%d,%d]' % (number, lot, amount, PADDLE_FIRST + bidder)

            with closing(Load(HOST, peer.port)) as load:
                race = SocketRace(load, peer.process.pid, write, _judge_node)
                dialect = Dialect(ENGINE_PATH, _is_connected, PINGS)
                race.begin(dialect, [CONNECT.encode()] * BIDDERS)
                yield race

        yield enter


@contextmanager
def _fastapi(setting: Setting, stores: Addresses) -> Iterator[Enter]:
    with (
        running_peer(FASTAPI_SOCKETIO, setting.cores, stores.environment()) as peer,
        listening(peer.port, BIDDERS, ENGINE_PATH, CONNECT),
    ):

        @contextmanager
        def enter(lot: int) -> Iterator[Race]:
            with closing(PostRace(peer.process.pid, peer.port, lot)) as race:
                race.begin()
                yield race

        yield enter


def judge_ours(message: bytes) -> tuple[int, int]:
    """Count the bids that one of our messages accepts and refuses. Raises BenchFailed."""
    # A quote inside a JSON text is escaped, so these find members and nothing else.
    refused = message.count(b'"type":"nack"')
    if refused != message.count(b'"code":"BID_TOO_LOW"'):
        raise BenchFailed(f"a bid was refused: {message[:300].decode()}")
    return message.count(b'"type":"ack"'), refused


def _judge_node(message: bytes) -> tuple[int, int]:
    if not message.startswith(b"43"):
        return 0, 0
    is_accepted = b'"accepted":true' in message
    return int(is_accepted), int(not is_accepted)


def _is_connected(client: Client, payload: bytes) -> bool:
    return payload.startswith(CONNECT.encode())


def _compare(
    setting: Setting,
    ours: Enter,
    theirs: Enter,
    name: str,
) -> Result:
    pairs: list[tuple[float, float]] = []
    refused: tuple[float, float] = (0.0, 0.0)
    usage: Usage | None = None
    for lot in range(1, setting.count(ROUNDS, BRIEF_ROUNDS) + 1):
        our_rate, our_refused, usage = _round(setting, ours, lot)
        their_rate, their_refused, _ = _round(setting, theirs, lot)
        pairs.append((our_rate, their_rate))
        refused = our_refused, their_refused
    assert usage is not None
    ratios = [mine / other for mine, other in pairs]
    ours_s, theirs_s = (statistics.median(column) for column in zip(*pairs, strict=True))
    return Result(
        measure=f"race / {name}",
        conditions=f"{BIDDERS} bidders on one lot, in turns of "
        f"{setting.seconds(ROUND_S, BRIEF_S):g} s; {IN_FLIGHT} bids in flight on a websocket, one "
        "on an HTTP connection; refused: overtaken by a higher bid on the way",
        figure=f"accepted bids a second, Saleroom against {name}",
        value=statistics.median(ratios),
        unit="x",
        goal=GOALS[name],
        usage=usage,
        spread=ratios,
        found=[
            f"Saleroom {ours_s:,.0f}/s accepted, {ours_s / (1 - refused[0]):,.0f}/s answered; "
            f"{name} {theirs_s:,.0f}/s accepted, {theirs_s / (1 - refused[1]):,.0f}/s answered"
        ],
        details={"pairs": pairs, "peer": name},
    )


def _round(setting: Setting, enter: Enter, lot: int) -> tuple[float, float, Usage]:
    """Race once; give the accepted bids a second, the share refused, and the usage."""
    with enter(lot) as race:
        race.go(time.perf_counter() + WARM_S)
        score = attrs.evolve(race.score)
        before = read_usage(race.pid, setting.cores)
        race.go(time.perf_counter() + setting.seconds(ROUND_S, BRIEF_S))
        usage = usage_between(before, read_usage(race.pid, setting.cores), setting.cores)
        accepted = race.score.accepted - score.accepted
        refused = race.score.refused - score.refused
    return accepted / usage.elapsed_s, refused / max(1, accepted + refused), usage
