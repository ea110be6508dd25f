"""Readers: a program that reads one address over kept-alive connections, by the clock or flat out.

Owns: its connections and what each request waited. Invariant: by the clock, a request counts from
the moment at which it should have left, whatever the answers do; every answer is read whole, and
any that is not 200 ends the program. `python -m bench.readers PORT PATH RATE SECONDS` prints one
JSON object; a rate of 0 asks again as soon as it is answered. Source: RFC 9112.
"""

from __future__ import annotations

import json
import re
import selectors
import socket
import sys
import time
from collections import deque
from collections.abc import Sequence

from bench.histogram import Histogram
from bench.load import CONNECT_S, SPIN_S

HOST = "127.0.0.1"
READERS = 8
RECEIVE_BYTES = 256 * 1024

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


class UnexpectedAnswer(Exception):
    """The server answered otherwise than with the whole of what was asked for."""


class Reader:
    """One connection; requests that are due while it waits for an answer queue here."""

    def __init__(self, port: int, path: str, waits: Histogram) -> None:
        self.connection = socket.create_connection((HOST, port), CONNECT_S)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.answers = 0
        self.body_bytes = 0
        self._waits = waits
        self._request = (
            f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nAccept: */*\r\n\r\n"
        ).encode()
        self._due: deque[float] = deque()
        self._data = bytearray()
        self._wanted = 0

    def ask(self, due: float) -> None:
        """Send a request, or queue it behind the one under way."""
        self._due.append(due)
        if len(self._due) == 1:
            self.connection.sendall(self._request)

    def read(self) -> bool:
        """Read what came; say whether an answer is whole. Raises UnexpectedAnswer."""
        data = self.connection.recv(RECEIVE_BYTES)
        if not data:
            raise UnexpectedAnswer("the server ended a connection")
        self._data += data
        if not self._wanted:
            self._read_head()
        if not self._wanted or len(self._data) < self._wanted:
            return False
        self._waits.record(time.perf_counter() - self._due.popleft())
        self.answers += 1
        self._data.clear()
        self._wanted = 0
        if self._due:
            self.connection.sendall(self._request)
        return True

    def _read_head(self) -> None:
        end = self._data.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._data[: end + 2])
        length = _LENGTH.search(head)
        if not head.startswith(b"HTTP/1.1 200 ") or length is None:
            raise UnexpectedAnswer(repr(head[:200]))
        self.body_bytes = int(length[1])
        self._wanted = end + 4 + self.body_bytes


def read_for(port: int, path: str, rate: float, seconds: float) -> dict[str, object]:
    """Read for so long; give the latencies and how many answers came."""
    waits = Histogram()
    readers = [Reader(port, path, waits) for _ in range(READERS)]
    begin = time.perf_counter()
    end, asked = begin + seconds, 0
    with selectors.DefaultSelector() as selector:
        for reader in readers:
            selector.register(reader.connection, selectors.EVENT_READ, reader)
            if not rate:
                reader.ask(begin)
        while (now := time.perf_counter()) < end:
            while rate and begin + asked / rate <= now:
                readers[asked % READERS].ask(begin + asked / rate)
                asked += 1
            left = (begin + asked / rate if rate else end) - now
            for key, _ in selector.select(left if left > SPIN_S else 0):
                is_answered = key.data.read()
                if is_answered and not rate:
                    key.data.ask(time.perf_counter())
    answers = sum(reader.answers for reader in readers)
    for reader in readers:
        reader.connection.close()
    return {
        "answers_per_s": answers / (time.perf_counter() - begin),
        "body_bytes": readers[0].body_bytes,
        "waits_ms": dict(waits.summary_ms()),
        "p99_ms": waits.quantile_ms(0.99),
    }


def main(arguments: Sequence[str]) -> int:
    """Read, and print what was found."""
    port, path, rate, seconds = arguments
    print(json.dumps(read_for(int(port), path, float(rate), float(seconds))), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
