"""A crowd that only listens, in a process of its own: `python -m bench.listeners`.

Owns: the sockets of one server's listeners. Invariant: a whole text frame read by a socket counts
once. Two crowds of 10 000 are more sockets than one process may hold, hence the process.
It reads a line and answers with one: `frames bytes seconds-of-CPU`; it ends with its input.
"""

from __future__ import annotations

import argparse
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import attrs

from bench import BenchFailed
from bench.host import CHECKOUT
from bench.limits import raise_open_files
from bench.load import Client, Dialect, Load

TURN_S = 0.005
STOP_S = 20.0
PINGS = {b"2": b"3"}
"""Engine.IO's heartbeat and its answer."""


@attrs.frozen
class Heard:
    """frames, bytes: read so far by all listeners. cpu_s: of their process."""

    frames: int
    bytes: int
    cpu_s: float


@attrs.frozen
class Crowd:
    """The listeners of one server."""

    process: subprocess.Popen[str]

    def heard(self) -> Heard:
        """Ask how much was heard so far. Raises BenchFailed when the listeners have failed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise BenchFailed("the listeners failed; their last words stand above") from None
        return self.read()

    def read(self) -> Heard:
        """Read one answer."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline().split()
        if not line:
            raise BenchFailed("the listeners failed; their last words stand above")
        return Heard(int(line[0]), int(line[1]), float(line[2]))


@contextmanager
def listening(port: int, count: int, path: str, hello: str | None) -> Iterator[Crowd]:
    """Have so many sockets listen for the length of the block; on this process's cores."""
    command = [sys.executable, "-m", "bench.listeners", str(port), str(count), path]
    if hello is not None:
        command += ["--hello", hello]
    process = subprocess.Popen(
        command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    crowd = Crowd(process)
    try:
        crowd.read()
        yield crowd
    finally:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.wait(STOP_S)
        process.stdout.close()


def main() -> None:
    """Listen until the input ends."""
    parser = argparse.ArgumentParser(prog="python -m bench.listeners", description=main.__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("path")
    parser.add_argument("--hello")
    arguments = parser.parse_args()
    frames = size = 0

    def hear(client: Client, message: bytes, now: float) -> None:
        nonlocal frames, size
        frames += 1
        size += len(message)

    raise_open_files()
    load = Load("127.0.0.1", arguments.port)
    hello = None if arguments.hello is None else arguments.hello.encode()
    greet = None if hello is None else _is_greeted
    dialect = Dialect(
        arguments.path, greet, PINGS if arguments.path.startswith("/socket.io") else {}
    )
    load.connect(dialect, [hello] * arguments.count, hear)
    print(0, 0, time.process_time(), flush=True)
    waiting = select.poll()
    waiting.register(sys.stdin, select.POLLIN)
    while True:
        load.poll(time.perf_counter() + TURN_S)
        if waiting.poll(0):
            if not os.read(sys.stdin.fileno(), 1):
                break
            print(frames, size, time.process_time(), flush=True)
    load.close()


def _is_greeted(client: Client, payload: bytes) -> bool:
    """Take the first message of Saleroom, and the second of Socket.IO, for the welcome."""
    return payload.startswith((b'[{"type":"welcome"', b"40"))


if __name__ == "__main__":
    main()
