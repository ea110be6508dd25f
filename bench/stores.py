"""The stores that all peers of a run share: one PostgreSQL, one Redis.

Owns: both servers, `python -m bench.stores FOLDER`, which prints their addresses and ends with its
standard input. Invariant: PostgreSQL is the embedded one with the settings that Saleroom gives it;
Redis keeps an append-only file, written through once a second. Nothing outlives the block.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import attrs
import trio

from bench import BenchFailed
from bench.host import CHECKOUT
from bench.usage import Cores, pin
from saleroom.storage.embedded import EmbeddedPostgres

REDIS = "redis-server"
START_S, STOP_S = 10.0, 30.0
POLL_S = 0.01


@attrs.frozen
class Addresses:
    """Where the stores are: unix sockets both. pid: of the process that holds them."""

    postgres: str
    redis_socket: str
    pid: int

    def environment(self) -> dict[str, str]:
        """Give the addresses as the peers read them."""
        parts = urlsplit(self.postgres)
        return {
            "POSTGRES_URL": self.postgres,
            "PGHOST": parse_qs(parts.query)["host"][0],
            "PGUSER": parts.username or "",
            "PGDATABASE": parts.path.removeprefix("/"),
            "REDIS_URL": f"unix://{self.redis_socket}",
            "REDIS_SOCKET": self.redis_socket,
        }

    def settings(self) -> dict[str, str]:
        """Give the addresses as Saleroom reads them."""
        return {
            "SALEROOM_DATABASE_URL": self.postgres,
            "SALEROOM_REDIS_URL": f"unix://{self.redis_socket}",
        }


@contextmanager
def running_stores(cores: Cores) -> Iterator[Addresses]:
    """Run both stores on the server's core. Raises BenchFailed."""
    if shutil.which(REDIS) is None:
        raise BenchFailed(f"{REDIS} is not installed: apt-get install redis-server")
    with tempfile.TemporaryDirectory(prefix="saleroom-bench-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)  # the database runs as another user where this one is root
        command = [sys.executable, "-m", "bench.stores", name]
        process = subprocess.Popen(
            command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            pin(process.pid, cores.server)
            assert process.stdout is not None
            said = process.stdout.readline()
            if not said:
                raise BenchFailed("the stores did not start; their last words stand above")
            postgres, redis = json.loads(said)
            yield Addresses(postgres, redis, process.pid)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(STOP_S)


async def _hold(folder: Path) -> None:
    socket = folder / "redis.sock"
    options = ["--port", "0", "--unixsocket", str(socket), "--dir", str(folder)]
    options += ["--appendonly", "yes", "--save", "", "--loglevel", "warning"]
    async with EmbeddedPostgres(folder / "data").held() as dsn:
        redis = await trio.lowlevel.open_process([REDIS, *options], stdout=subprocess.DEVNULL)
        try:
            await trio.to_thread.run_sync(_await_file, socket)
            print(json.dumps([dsn, str(socket)]), flush=True)
            await trio.to_thread.run_sync(sys.stdin.read)
        finally:
            redis.terminate()
            with trio.CancelScope(shield=True), trio.move_on_after(STOP_S):
                await redis.wait()


def _await_file(path: Path) -> None:
    deadline = time.monotonic() + START_S
    while not path.exists():
        if time.monotonic() >= deadline:
            raise SystemExit(f"{REDIS} did not start within {START_S:g} s")
        time.sleep(POLL_S)


if __name__ == "__main__":
    trio.run(_hold, Path(sys.argv[1]))
