"""Real servers for tests: PostgreSQL from the embedded programs, and redis-server.

Owns: their processes and folders, from start to end. Invariant: sockets are Unix sockets in a
folder of the test's own; a server ends with the test process, whatever ends that. Must not know:
what is tested. As a program, `python -m tests.servers FOLDER [shared]` keeps a PostgreSQL until its
standard input ends. Source: STYLE, "Tests".
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import trio
from redis.asyncio import Redis

from saleroom.storage import embedded
from saleroom.storage.bridge import open_bridge
from saleroom.storage.embedded import EmbeddedPostgres
from saleroom.storage.migrate import migrate
from saleroom.storage.stores import open_pool

STOP_LIMIT_S = 30.0
TEMPLATE = "saleroom_template"
SHARED = "shared"

_ROOT = Path(__file__).parent.parent


class RealPostgres:
    """A PostgreSQL server under a launcher process of its own, in `folder`.

    is_shared: serves many tests, with a migrated database as their template; it leaves it to the
    system when to write to the disk, so that only a loss of the machine could lose anything.
    spare, shape: the databases that are clear, and what they look like.
    """

    def __init__(self, folder: Path, *, is_shared: bool = False) -> None:
        self.folder = folder
        self.dsn = ""
        self.spare: list[str] = []
        self.shape = ""
        self._is_shared = is_shared
        self._launcher: subprocess.Popen[str] | None = None

    @property
    def launcher(self) -> subprocess.Popen[str]:
        assert self._launcher is not None, "the server is not started"
        return self._launcher

    def start(self) -> None:
        """Start it, or start it again on the same folder; returns when it takes connections."""
        self._launcher = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.servers", str(self.folder)),
                *([SHARED] if self._is_shared else []),
            ],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.launcher.stdout is not None
        self.dsn = self.launcher.stdout.readline().strip()
        assert self.dsn, "the launcher ended before PostgreSQL was ready: see its traceback above"

    def stop(self) -> None:
        """Stop it in order."""
        launcher, self._launcher = self.launcher, None
        launcher.communicate(timeout=STOP_LIMIT_S)
        assert launcher.returncode == 0, launcher.returncode

    def kill_launcher(self) -> None:
        """End the launcher without a chance to stop the server."""
        launcher, self._launcher = self.launcher, None
        launcher.send_signal(signal.SIGKILL)
        launcher.communicate(timeout=STOP_LIMIT_S)

    def dsn_of(self, database: str) -> str:
        return self.dsn.replace("/postgres?", f"/{database}?")


@contextmanager
def short_folder() -> Iterator[Path]:
    """Give a folder that an unprivileged server may pass to, under a path fit for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="saleroom-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def real_postgres() -> Iterator[RealPostgres]:
    """Run a shared PostgreSQL for the length of the block."""
    with short_folder() as folder:
        server = RealPostgres(folder, is_shared=True)
        server.start()
        try:
            yield server
        finally:
            if server._launcher is not None:
                server.stop()


@contextmanager
def real_redis(folder: Path) -> Iterator[str]:
    """Run a redis-server for the length of the block, and give its URL."""
    program = shutil.which("redis-server")
    assert program, "these tests need a Redis: apt-get install redis-server"
    socket = folder / "redis.sock"
    process = subprocess.Popen(
        [program, "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        ready = any("accept connections" in line for line in process.stdout)
        assert ready, f"redis-server ended with {process.wait()}"
        yield f"unix://{socket}"
    finally:
        process.terminate()
        process.communicate(timeout=STOP_LIMIT_S)


async def execute(dsn: str, sql: str) -> None:
    """Run one statement on a connection of its own. To be run over the bridge."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


async def redis_emptied(url: str) -> None:
    """Drop every key. To be run over the bridge."""
    async with Redis.from_url(url) as redis:
        await redis.flushall()


async def _serve(folder: Path, *options: str) -> None:
    """Run PostgreSQL in `folder` until standard input ends; print its DSN when ready."""
    is_shared = SHARED in options
    if is_shared:
        embedded._SETTINGS.update(fsync="off", full_page_writes="off", wal_compression="off")
    postgres = EmbeddedPostgres(folder)
    ready, stopping = trio.Event(), trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(postgres.run, lambda dsn: ready.set(), stopping)
        await ready.wait()
        if is_shared:
            await _make_template(trio.Path(folder, "template-made"), postgres.dsn)
        print(postgres.dsn, flush=True)
        await trio.lowlevel.wait_readable(sys.stdin)
        stopping.set()


async def _make_template(marker: trio.Path, dsn: str) -> None:
    """Make the database that those of tests are copies of, once for a folder."""
    if await marker.exists():
        return
    async with open_bridge() as bridge:
        await bridge.run(execute, dsn, f"CREATE DATABASE {TEMPLATE}")
        async with open_pool(bridge, dsn.replace("/postgres?", f"/{TEMPLATE}?")) as pool:
            await migrate(pool)
    await marker.touch()


if __name__ == "__main__":
    trio.run(_serve, Path(sys.argv[1]), *sys.argv[2:])
