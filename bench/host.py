"""A server process of the benchmark's own, in a fresh folder, on a core of its own.

Owns: the process, its data folder and its secret. Invariant: it listens on loopback on a free port
with the embedded database, and nothing of it outlives the block. Source: PROTOCOL 6.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import selectors
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from bench import BenchFailed
from bench.server import SAMPLED, SAMPLING, TRIMMED
from bench.usage import Cores, Reading, pin, read_usage
from saleroom.auction.roles import Role
from saleroom.http.accounts.tokens import SecretKey, TokenIssuer

CHECKOUT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
START_S, STOP_S, TRIM_S, REQUEST_S = 60.0, 30.0, 10.0, 10.0
TOKEN_S = 3600
SERVING = re.compile(rb"serving on http://127\.0\.0\.1:(\d+)")

SERVE: tuple[str, ...] = ("saleroom", "serve")
BENCH_SERVE: tuple[str, ...] = ("bench.server",)


@attrs.frozen
class Host:
    """A server that serves."""

    process: subprocess.Popen[bytes]
    port: int
    issuer: TokenIssuer
    cores: Cores

    def token(self, user: str, role: Role = Role.DONOR) -> str:
        """Sign a token that this server believes."""
        return self.issuer.issue(user, [role], TOKEN_S)

    def usage(self) -> Reading:
        """Read the clocks of the server and of this process."""
        return read_usage(self.process.pid, self.cores)

    def trim(self) -> None:
        """Have `bench.server` give back what memory it can."""
        self.process.send_signal(signal.SIGUSR1)
        read_until(self.process, re.compile(TRIMMED.encode()), TRIM_S)

    @contextmanager
    def sampled(self) -> Iterator[dict[str, float]]:
        """Have `bench.server` sample itself; at the block's end the shares of its functions."""
        shares: dict[str, float] = {}
        self.process.send_signal(signal.SIGUSR2)
        read_until(self.process, re.compile(SAMPLING.encode()), TRIM_S)
        yield shares
        self.process.send_signal(signal.SIGUSR2)
        said = read_until(self.process, re.compile(SAMPLED.encode() + rb"(\{.*\})\n"), TRIM_S)
        shares.update(json.loads(said[1]))

    def loop(self) -> Mapping[str, float]:
        """Read how late the server's loop ran during the last minute, in ms."""
        request = urllib.request.Request(
            f"http://{HOST}:{self.port}/api/v1/operator/tree",
            headers={"Authorization": f"Bearer {self.token('otto', Role.OPERATOR)}"},
        )
        with urllib.request.urlopen(request, timeout=REQUEST_S) as response:  # noqa: S310 - our own
            stats: Mapping[str, float] = _node(json.load(response), "loop")["stats"]
            return stats


@contextmanager
def running_server(
    module: Sequence[str], cores: Cores, stores: Mapping[str, str] | None = None
) -> Iterator[Host]:
    """Run `python -m MODULE...` for the length of the block. Raises BenchFailed.

    stores: settings that name other stores than the embedded ones.
    """
    secret = secrets.token_hex(32)
    with tempfile.TemporaryDirectory(prefix="saleroom-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # the database runs as another user where this one is root
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SALEROOM_")}
        environment |= {
            "SALEROOM_DATA_DIR": str(folder / "data"),
            "SALEROOM_PORT": "0",
            "SALEROOM_SECRET": secret,
            "SALEROOM_LOG_LEVEL": "warning",
            **(stores or {}),
        }
        process = subprocess.Popen(
            [sys.executable, "-m", *module],
            stdout=subprocess.PIPE,
            env=environment,
            cwd=CHECKOUT,
        )
        try:
            pin(process.pid, cores.server)
            port = int(read_until(process, SERVING, START_S)[1])
            yield Host(process, port, TokenIssuer(SecretKey(secret.encode()), time.time), cores)
        finally:
            stop(process)


def _node(tree: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Find a node of the tree by the last part of its path."""
    found = [tree]
    for node in found:
        if node["path"].rpartition("/")[2] == name:
            return node
        found.extend(node["children"])
    raise BenchFailed(f"the server's tree has no {name}")


def read_until(
    process: subprocess.Popen[bytes], wanted: re.Pattern[bytes], within_s: float
) -> re.Match[bytes]:
    """Read what the server prints until it says what is wanted."""
    assert process.stdout is not None
    deadline, printed = time.monotonic() + within_s, b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not (found := wanted.search(printed)):
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise BenchFailed(f"the server did not say {wanted.pattern!r} in {within_s:g} s")
            chunk = os.read(process.stdout.fileno(), 4096)
            if not chunk:
                raise BenchFailed("the server ended; its last words stand above")
            printed += chunk
    return found


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server in order, or else by force."""
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    assert process.stdout is not None
    process.stdout.close()
