"""The processes that chaos strikes: the server, PostgreSQL and Redis, each with its signals.

Owns: their start, their end and their pids. Invariant: nothing of them outlives its owner's
`stop`, whatever was done to it. Must not know: why anything is struck. Source: STYLE, "Tests".
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import attrs
import psutil  # type: ignore[import-untyped]
import trio

from tests.e2e.server import ROOT, SECRET, START_S, ServerProcess
from tests.servers import STOP_LIMIT_S, RealPostgres

SERVE: Sequence[str] = ("saleroom", "serve")
POISONED: Sequence[str] = ("tests.chaos.poisoned",)
READY_POLL_S = 0.005
STATE_LINE = 7  # of a postmaster's pid file, counted from 0
HEARD_MAX = 100


@attrs.define(eq=False)
class Server(ServerProcess):
    """A server whose log is kept in a file, and whose lines after the first are heard."""

    module: Sequence[str] = SERVE
    _heard: list[str] = attrs.field(init=False, factory=list)
    _hearing: trio.Event = attrs.field(init=False, factory=trio.Event)

    @property
    def pid(self) -> int:
        """The number of the process."""
        assert self.process is not None
        return self.process.pid

    @property
    def log_file(self) -> Path:
        """What the server said on standard error."""
        return self.folder.with_suffix(".log")

    def environment(self) -> dict[str, str]:
        """Give what a program of this server's deployment is told."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("SALEROOM_")}
        return {
            **kept,
            "SALEROOM_DATA_DIR": str(self.folder),
            "SALEROOM_PORT": self.url.rpartition(":")[2] or "0",
            "SALEROOM_SECRET": SECRET,
            **self.settings,
        }

    async def start(self, nursery: trio.Nursery) -> None:
        """Start the server and return once it serves."""
        with self.log_file.open("ab") as log:
            self.process = await trio.lowlevel.open_process(
                [sys.executable, "-m", *self.module],
                stdout=subprocess.PIPE,
                stderr=log,
                env=self.environment(),
                cwd=ROOT,
            )
        with trio.fail_after(START_S):
            self.url = await self._read_address()
        nursery.start_soon(self._hear, self.process)

    def send(self, number: signal.Signals) -> None:
        """Send the server a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    async def ask(self, number: signal.Signals, word: str, within_s: float) -> str:
        """Send a signal, and give what stands after `word` in the line that answers it."""
        self._heard.clear()
        self.send(number)
        with trio.fail_after(within_s):
            while True:
                for line in self._heard:
                    if line.startswith(word):
                        return line.removeprefix(word).strip()
                self._hearing = trio.Event()
                await self._hearing.wait()

    async def _hear(self, process: trio.Process) -> None:
        assert process.stdout is not None
        rest = b""
        async for chunk in process.stdout:
            *lines, rest = (rest + chunk).split(b"\n")
            self._heard = [*self._heard, *(line.decode() for line in lines)][-HEARD_MAX:]
            self._hearing.set()


@attrs.define(eq=False)
class Postgres:
    """An external PostgreSQL in a folder of its own."""

    folder: Path
    _server: RealPostgres = attrs.field(init=False)
    _is_up: bool = attrs.field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        self._server = RealPostgres(self.folder)

    @property
    def dsn(self) -> str:
        """Its address, the same at every start."""
        return self._server.dsn

    async def start(self) -> None:
        """Start it; return when it takes connections."""
        await trio.to_thread.run_sync(self._server.start)
        self._is_up = True

    async def stop(self) -> None:
        """Stop it in order, unless it does not run."""
        if self._is_up:
            self._is_up = False
            await trio.to_thread.run_sync(self._server.stop)

    async def kill(self) -> None:
        """Kill all of it, with its launcher, which learns nothing of it before."""
        self._server.launcher.send_signal(signal.SIGSTOP)
        signal_postgres(self.folder, signal.SIGKILL)
        await self.bury()

    async def bury(self) -> None:
        """End the launcher of a server that has ended."""
        self._is_up = False
        await trio.to_thread.run_sync(self._server.kill_launcher)


@attrs.define(eq=False)
class RedisServer:
    """A redis-server in a folder of its own; it keeps nothing on disk."""

    folder: Path
    process: trio.Process | None = None

    @property
    def url(self) -> str:
        """Its address, the same at every start."""
        return f"unix://{self.folder / 'redis.sock'}"

    async def start(self) -> None:
        """Start it; return when it takes connections."""
        program = shutil.which("redis-server")
        assert program, "chaos needs a Redis: apt-get install redis-server"
        socket = str(self.folder / "redis.sock")
        self.process = await trio.lowlevel.open_process(
            [program, "--port", "0", "--unixsocket", socket, "--save", "", "--dir", self.folder],
            stdout=subprocess.DEVNULL,
        )
        with trio.fail_after(START_S):
            while not await _takes_connections(socket):
                assert self.process.poll() is None, "redis-server ended at its start"
                await trio.sleep(READY_POLL_S)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it by a signal."""
        assert self.process is not None
        self.send(signal.SIGCONT)
        self.send(number)
        with trio.fail_after(STOP_LIMIT_S):
            await self.process.wait()


def postmaster(folder: Path) -> int:
    """Give the number of the PostgreSQL that runs in a data folder."""
    return int((folder / "postgres" / "postmaster.pid").read_text().split()[0])


def is_ready(folder: Path, *, other_than: int) -> bool:
    """Say whether a PostgreSQL takes connections there that is not the one of this number."""
    try:
        lines = (folder / "postgres" / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > STATE_LINE and int(lines[0]) != other_than and "ready" in lines[STATE_LINE]


def signal_postgres(folder: Path, number: signal.Signals) -> None:
    """Send a signal to every process of the PostgreSQL in a folder; each backend has a group of
    its own.
    """
    main = psutil.Process(postmaster(folder))
    for process in (main, *main.children()):
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


async def _takes_connections(socket: str) -> bool:
    try:
        stream = await trio.open_unix_socket(socket)
    except OSError:
        return False
    await stream.aclose()
    return True
