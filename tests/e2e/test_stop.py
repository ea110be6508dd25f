"""A signal stops a server in order, and leaves nothing behind."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
import trio

from tests.e2e.server import ServerProcess, end_of, running_server

SILENT = {"lot": 1, "title": "A quilt", "mode": "silent", "opening": 10_000}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_first_signal_tells_everyone_to_come_back_and_ends_well(
    number: signal.Signals,
) -> None:
    async with running_server() as (server, _):
        event = await server.create_event([SILENT], [])
        async with server.websocket(event) as one, server.websocket(event) as two:
            assert server.process is not None
            server.process.send_signal(number)
            with trio.fail_after(30):
                for socket in (one, two):
                    assert await end_of(socket) == 4200
                assert await server.process.wait() == 0
        assert b"Traceback" not in server.log
        assert left_behind(server) == []


async def test_the_second_signal_stops_at_once() -> None:
    async with running_server() as (server, _):
        event = await server.create_event([SILENT], [])
        async with server.websocket(event) as socket:
            assert server.process is not None
            server.process.send_signal(signal.SIGTERM)
            with trio.fail_after(30):
                assert await end_of(socket) == 4200
                server.process.send_signal(signal.SIGTERM)
                assert await server.process.wait() == 0
        assert b"Traceback" not in server.log
        assert left_behind(server) == []


def left_behind(server: ServerProcess) -> list[str]:
    """Name what a server must not leave: its sockets, PostgreSQL's pid file, a process."""
    home = server.folder
    files = [*home.glob("run/.s.*"), *home.glob("postgres/postmaster.pid")]
    needle = str(home).encode()
    processes = [
        path.parent.name
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if needle in _content(path)
    ]
    return [str(file) for file in files] + processes


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
