"""`floor`: what the system itself takes for one small send to a socket on loopback.

Owns: the measure, and the process it is taken in: `python -m bench.floor COUNT SIZE CORE CORE`.
Invariant: nothing but a loop of `socket.send` is timed, on the server's core, to sockets that a
process on the client's core reads in rounds, as the load does. No server in this table can be below
it, and it tells a fast hour of the machine from a slow one. Source: send(2).
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import statistics
import subprocess
import sys
import time

from bench import BenchFailed
from bench.host import CHECKOUT
from bench.limits import require_sockets, source_address
from bench.load import ROUND_S
from bench.report import Result
from bench.setting import Setting
from bench.usage import Usage, pin

SOCKETS = (1_000, 9_000)
FRAME_BYTES = 250  # a feed of one bid
ROUNDS, REST_S = 12, 0.15
BACKLOG, LIMIT_S = 4_096, 60.0


def measure_floor(setting: Setting) -> list[Result]:
    """Take the measure, for each number of sockets."""
    return [_measure(setting, sockets) for sockets in SOCKETS]


def _measure(setting: Setting, sockets: int) -> Result:
    cores = setting.cores
    places = [str(-1 if core is None else core) for core in (cores.server, cores.client)]
    command = [sys.executable, "-m", "bench.floor", str(sockets), str(FRAME_BYTES), *places]
    began = time.perf_counter()
    try:
        done = subprocess.run(
            command, cwd=CHECKOUT, stdout=subprocess.PIPE, timeout=LIMIT_S, check=True
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise BenchFailed(f"floor: {error}") from None
    costs: list[float] = json.loads(done.stdout)
    elapsed = time.perf_counter() - began
    busy = sum(costs) * sockets / 1e6
    return Result(
        measure=f"floor {sockets}",
        conditions=f"{sockets:,} sockets in turn, {FRAME_BYTES} bytes each, {ROUNDS} rounds; a "
        "loop of socket.send and nothing else",
        figure="CPU of a bare send to one socket",
        value=statistics.median(costs),
        unit="µs",
        goal=None,
        usage=Usage(elapsed, busy, busy / elapsed, 0.0, 0.0, None if not cores.are_apart else 0.0),
        spread=costs,
    )


def main() -> None:
    """Send, and print the cost of each round's sends in µs."""
    count, size, own, other = (int(argument) for argument in sys.argv[1:])
    require_sockets(count)
    with socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) as listener:
        reader = os.fork()
        if not reader:
            _read_forever(listener.getsockname(), count, other)
        try:
            pin(0, own if own >= 0 else None)
            print(json.dumps(_costs(listener, count, b"x" * size)))
        finally:
            os.kill(reader, signal.SIGKILL)
            os.waitpid(reader, 0)


def _costs(listener: socket.socket, count: int, frame: bytes) -> list[float]:
    sockets = [listener.accept()[0] for _ in range(count)]
    for each in sockets:
        each.setblocking(False)
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sends = [each.send for each in sockets]
    costs = []
    for _ in range(ROUNDS):
        time.sleep(REST_S)
        began = time.process_time()
        for send in sends:
            send(frame)
        costs.append((time.process_time() - began) / count * 1e6)
    return costs


def _read_forever(address: tuple[str, int], count: int, core: int) -> None:
    """Be the other side of so many sockets, until killed."""
    pin(0, core if core >= 0 else None)
    arrivals, sockets = select.epoll(), {}
    for number in range(count):
        opened = socket.create_connection(address, source_address=(source_address(number), 0))
        opened.setblocking(False)
        sockets[opened.fileno()] = opened
        arrivals.register(opened, select.EPOLLIN)
    while True:
        for descriptor, _ in arrivals.poll(-1, count):
            sockets[descriptor].recv(65_536)
        time.sleep(ROUND_S)


if __name__ == "__main__":
    main()
