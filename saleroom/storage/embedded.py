"""A PostgreSQL server of our own, for a deployment that names none.

Owns: the server process, from initdb to its last signal. Invariant: no server outlives its
launcher, an interrupted initdb is never taken for a database, and one folder has one launcher.
Must not know: what the database holds. Source: ARCHITECTURE section 5 (embedded PostgreSQL).

Linux ends the server when the thread that started it ends (PDEATHSIG), so it is started from the
main thread. Elsewhere a server left behind by a killed launcher is ended by the next launcher.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import trio

from saleroom.storage.embedded_home import SUPERUSER, EmbeddedPostgresFailed, Home, home_in

INITDB_LIMIT_S = 120.0
START_LIMIT_S = 300.0  # recovery after a power cut replays the log
LEFTOVER_LIMIT_S = 15.0  # an earlier server, or its launcher, may take this long to end
STOP_LIMIT_S = 20.0  # after SIGINT; then SIGQUIT, and the next start recovers
QUIT_LIMIT_S = 5.0  # after SIGQUIT; then SIGKILL
POLL_S = 0.05  # between two looks at a process that starts or stops
WATCH_S = 0.25  # between two looks at the one that runs
LOG_LINES_SHOWN = 20
LOG_TAIL_BYTES = 16_384

PR_SET_PDEATHSIG = 1

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "40",
    "shared_buffers": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_compression": "on",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "log_min_messages": "warning",
    "cluster_name": "saleroom",
    "timezone": "UTC",
}
if sys.platform == "linux":
    # After a crash, one call syncs the whole file system instead of one for each of its files.
    _SETTINGS["recovery_init_sync_method"] = "syncfs"
_HELD_BY_ANOTHER = ("lock file", "pre-existing shared memory block")  # as the server says it


class EmbeddedPostgres:
    """The server in `folder`; `run` starts it, keeps it and stops it."""

    def __init__(self, folder: Path) -> None:
        self._home = home_in(folder)

    @property
    def dsn(self) -> str:
        """The address of the database, the same at every start."""
        return self._home.dsn

    @property
    def has_database(self) -> bool:
        """Whether a server has ever run here."""
        return self._home.database.exists()

    def is_running(self) -> bool:
        """Say whether a launcher is at work in this folder."""
        try:
            file = self._home.lock.open("rb")
        except FileNotFoundError:
            return False
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

    def programs(self) -> Path:
        """Give the folder of the server's own client programs. Raises EmbeddedPostgresFailed."""
        return self._home.programs()

    @asynccontextmanager
    async def held(self) -> AsyncIterator[str]:
        """Hold the server for the length of the block and give its DSN; start it unless it runs.

        Raises EmbeddedPostgresFailed, in a group as the block's own errors are when it is started.
        """
        if self.is_running():
            yield self.dsn
            return
        stopping, ready = trio.Event(), trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.run, lambda dsn: ready.set(), stopping)
            await ready.wait()
            try:
                yield self.dsn
            finally:
                stopping.set()

    async def run(self, on_ready: Callable[[str], None], stopping: trio.Event) -> None:
        """Run the server until `stopping` is set; call `on_ready(dsn)` once it takes connections.

        Raises EmbeddedPostgresFailed when it cannot start or ends by itself. Cancellation: the
        server is stopped in order all the same; bounded by STOP_LIMIT_S and QUIT_LIMIT_S.
        """
        home = self._home
        home.prepare()
        with await _only_launcher(home):
            programs = await trio.to_thread.run_sync(home.programs)
            if not home.database.exists():
                await _initialise(home, programs)
            process = await _start(home, programs)
            try:
                on_ready(self.dsn)
                while not stopping.is_set():
                    _require_alive(home, process)
                    with trio.move_on_after(WATCH_S):
                        await stopping.wait()
            finally:
                await _stop(process)


async def _only_launcher(home: Home) -> AbstractContextManager[object]:
    """Wait until no other launcher works in this folder; the context given keeps it so."""
    with trio.move_on_after(LEFTOVER_LIMIT_S):
        while True:
            file = home.lock.open("ab")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
            else:
                return file
            await trio.sleep(POLL_S)
    raise EmbeddedPostgresFailed(f"another Saleroom uses {home.folder}")


async def _initialise(home: Home, programs: Path) -> None:
    """Make the database beside its place, and move it there when it is complete."""
    shutil.rmtree(home.unfinished, ignore_errors=True)
    home.make_private(home.unfinished)
    command = [
        str(programs / "initdb"),
        f"--pgdata={home.unfinished}",
        f"--username={SUPERUSER}",
        "--auth=trust",  # only the owner and root come to the socket
        "--encoding=UTF8",
        "--locale=C",
    ]
    with trio.fail_after(INITDB_LIMIT_S):
        done = await trio.run_process(
            command,
            capture_stdout=True,
            stderr=subprocess.STDOUT,
            check=False,
            **_as_owner(home),
        )
    if done.returncode != 0:
        raise EmbeddedPostgresFailed(f"initdb failed:\n{_last_lines(done.stdout)}")
    home.unfinished.rename(home.database)
    folder = os.open(home.folder, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


async def _start(home: Home, programs: Path) -> subprocess.Popen[bytes]:
    """Start the server and wait until it takes connections, past a leftover one if there is."""
    deadline = trio.current_time() + LEFTOVER_LIMIT_S
    while True:
        process = _spawn(home, programs)
        try:
            await _until_ready_or_ended(home, process)
        except BaseException:
            await _stop(process)
            raise
        if process.poll() is None:
            return process
        said = _log_tail(home)
        if trio.current_time() > deadline or not any(words in said for words in _HELD_BY_ANOTHER):
            raise EmbeddedPostgresFailed(f"PostgreSQL did not start:\n{said}")
        _deal_with_leftover(home)
        await trio.sleep(POLL_S)


def _spawn(home: Home, programs: Path) -> subprocess.Popen[bytes]:
    """Start the server process, from this very thread."""
    assert threading.current_thread() is threading.main_thread(), "see PDEATHSIG"
    command = [str(programs / "postgres"), "-D", str(home.database)]
    for name, value in {**_SETTINGS, "unix_socket_directories": str(home.sockets)}.items():
        command += ["-c", f"{name}={value}"]
    if home.log.exists():
        home.log.replace(home.log.with_name(f"{home.log.name}.1"))
    with home.log.open("wb") as log:
        return subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=_end_with_launcher(),
            start_new_session=True,  # the terminal's ^C is for the launcher alone
            **_as_owner(home),
        )


def _end_with_launcher() -> Callable[[], None] | None:
    """Give what the child does before it becomes the server: ask to be stopped with us.

    It runs after the change of user, which would clear the request.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    launcher = os.getpid()

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != launcher:
            os._exit(1)

    return ask


def _as_owner(home: Home) -> dict[str, Any]:
    """Give the arguments of Popen under which a process runs as the owner, with nothing of ours."""
    common: dict[str, Any] = {"cwd": "/", "env": {"LC_ALL": "C", "PATH": os.defpath}}
    if not home.owner.is_other:
        return common
    return {**common, "user": home.owner.uid, "group": home.owner.gid, "extra_groups": []}


async def _until_ready_or_ended(home: Home, process: subprocess.Popen[bytes]) -> None:
    """Wait for the word "ready" in the server's own pid file, as pg_ctl does."""
    with trio.fail_after(START_LIMIT_S):
        while process.poll() is None:
            lines = _pid_file_lines(home)
            if len(lines) > 7 and lines[0] == str(process.pid) and lines[7].strip() == "ready":
                return
            await trio.sleep(POLL_S)


def _require_alive(home: Home, process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        raise EmbeddedPostgresFailed(
            f"PostgreSQL ended by itself ({process.returncode}):\n{_log_tail(home)}"
        )


async def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server, ever less gently. Shielded, as it is bounded."""
    for number, limit_s in (
        (signal.SIGINT, STOP_LIMIT_S),
        (signal.SIGQUIT, QUIT_LIMIT_S),
        (signal.SIGKILL, QUIT_LIMIT_S),
    ):
        process.send_signal(number)
        with trio.CancelScope(shield=True, deadline=trio.current_time() + limit_s):
            while True:
                if process.poll() is not None:
                    return
                await trio.sleep(POLL_S)


def _deal_with_leftover(home: Home) -> None:
    """Clear what keeps a server from starting, where that is safe: we hold the launcher's lock.

    A process of another kind with the number in the pid file means that the file is stale (after
    a reboot, or in a container started anew). A server without its launcher is told to stop; on
    Linux it was already.
    """
    lines = _pid_file_lines(home)
    if not lines or not lines[0].isdigit():
        return
    number = int(lines[0])
    if "postgres" not in _process_name(number):
        home.pid_file.unlink(missing_ok=True)
    elif sys.platform != "linux":
        os.kill(number, signal.SIGINT)


def _process_name(number: int) -> str:
    """Say what program a process runs; empty if there is no such process."""
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{number}/comm").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return ""
    command = ["/bin/ps", "-p", str(number), "-o", "comm="]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603


def _pid_file_lines(home: Home) -> list[str]:
    try:
        return home.pid_file.read_text().splitlines()
    except FileNotFoundError:
        return []


def _log_tail(home: Home) -> str:
    with home.log.open("rb") as log:
        size = log.seek(0, os.SEEK_END)
        log.seek(max(0, size - LOG_TAIL_BYTES))
        return _last_lines(log.read())


def _last_lines(text: bytes) -> str:
    return "\n".join(text.decode(errors="replace").splitlines()[-LOG_LINES_SHOWN:])
