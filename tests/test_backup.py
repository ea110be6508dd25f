"""A backup is one whole instant, restored whole or not at all, and never mistaken for the past."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import trio

from saleroom import backup, cli
from saleroom.backup import Place, TargetRefused, make_backup, restore_backup, restored_finding
from saleroom.backup_file import (
    DATA,
    DATABASE,
    Manifest,
    writing,
)
from saleroom.http.accounts.tokens import load_or_create_secret
from saleroom.storage.bridge import Bridge
from saleroom.storage.embedded_home import bundled_programs
from saleroom.storage.memory import MemoryHotStore
from saleroom.storage.migrate import known_migrations
from saleroom.storage.pg_programs import ProgramFailed, dump, find_programs
from saleroom.storage.pg_survey import Standing, held_survey, our_tables, survey
from saleroom.storage.ports import Batch, EventRow, LotRow, Record, Registration, StoreUnavailable
from saleroom.storage.stores import open_pool, open_stores, postgres_stores
from tests.databases import empty_database, fresh_database
from tests.history import EVENT, evening, records_of
from tests.servers import RealPostgres, execute

LIMIT_S = 60.0
MADE_AT = "2026-05-01T20:15:00+00:00"
KEY = b"k" * 64


def silent_progress(what: str, size: int) -> None:
    """Take no notice."""


async def fetch(bridge: Bridge, dsn: str, sql: str) -> list[Any]:
    """Give the first column of a query."""

    async def ask() -> list[Any]:
        connection = await asyncpg.connect(dsn)
        try:
            return [row[0] for row in await connection.fetch(sql)]
        finally:
            await connection.close()

    return await bridge.run(ask)


@asynccontextmanager
async def sale_database(
    bridge: Bridge, server: RealPostgres, records: list[Record]
) -> AsyncIterator[str]:
    """Give a database in which one event was held, with people and a snapshot."""
    async with fresh_database(bridge, server) as dsn:
        async with open_pool(bridge, dsn) as pool:
            stores = postgres_stores(pool, MemoryHotStore())
            row = EventRow(EVENT, "Spring gala", "USD", "open", True, {}, 0)
            await stores.catalogue.add_event(row)
            await stores.catalogue.add_lot(EVENT, LotRow(1, {"mode": "silent"}, {"text": "Ünï\\t"}))
            await stores.catalogue.put_registration(
                EVENT, Registration(100, "A", "Ann", "ann@example.org", "+49 1")
            )
            await stores.journal.create(EVENT, "0a", records)
        yield dsn


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return records_of(evening())


def place_of(dsn: str, folder: Path) -> Place:
    return Place(dsn, folder, bundled_programs())


async def back_up(bridge: Bridge, dsn: str, folder: Path, file: Path) -> Manifest:
    return await make_backup(bridge, place_of(dsn, folder), file, MADE_AT, silent_progress)


async def restore(
    bridge: Bridge, dsn: str, folder: Path, file: Path, *, replace: bool = False
) -> Manifest:
    with trio.fail_after(LIMIT_S):
        while (await survey(bridge, dsn)).servers:
            pass  # sessions of stores that were just closed
    place = place_of(dsn, folder)
    return await restore_backup(bridge, place, file, silent_progress, replace=replace)


async def test_a_restored_database_is_the_same_under_new_epochs(
    bridge: Bridge, postgres_server: RealPostgres, records: list[Record], tmp_path: Path
) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "media/2").mkdir(parents=True)
    (source / "media/2/lamp.webp").write_bytes(b"a picture")
    (source / "postgres.log").write_text("not ours to keep")
    load_or_create_secret(source)
    file = tmp_path / "a.backup"
    seen: list[tuple[str, int]] = []
    async with (
        sale_database(bridge, postgres_server, records) as dsn,
        empty_database(bridge, postgres_server) as other,
    ):
        place = place_of(dsn, source)
        made = await make_backup(bridge, place, file, MADE_AT, lambda *done: seen.append(done))
        assert made.events == (Standing(EVENT, "0a", len(records), records[-1].head.hex()),)
        assert await restore(bridge, other, target, file) == made
        (epoch,) = await fetch(bridge, other, "SELECT epoch FROM journals")
        assert re.fullmatch("[0-9a-f]{16}", epoch)
        async with open_stores(other, None) as stores:
            assert await stores.journal.read(EVENT, 0, 10_000) == records
            assert (await stores.catalogue.event(EVENT)).title == "Spring gala"
            (lot,) = await stores.catalogue.lots(EVENT)
            assert lot.details == {"text": "Ünï\\t"}
            (ann,) = await stores.catalogue.registrations(EVENT, 0, 10)
            assert ann == Registration(100, "A", "Ann", "ann@example.org", "+49 1")
            finding = await restored_finding(stores, made.events[0])
            assert (finding.fault, finding.facts) == (None, len(records))
    kept = {path.relative_to(target) for path in target.rglob("*") if path.is_file()}
    assert kept == {Path("signing-key"), Path("media/2/lamp.webp")}
    assert (target / "signing-key").read_bytes() == (source / "signing-key").read_bytes()
    assert (target / "signing-key").stat().st_mode & 0o777 == 0o600
    assert (target / "media/2/lamp.webp").read_bytes() == b"a picture"
    assert {what for what, _ in seen} == {"database", "signing-key", "lamp.webp"}


async def test_two_restores_have_different_epochs(
    bridge: Bridge, postgres_server: RealPostgres, records: list[Record], tmp_path: Path
) -> None:
    file, epochs = tmp_path / "a.backup", set()
    async with (
        sale_database(bridge, postgres_server, records) as dsn,
        empty_database(bridge, postgres_server) as other,
    ):
        await back_up(bridge, dsn, tmp_path, file)
        for _ in range(2):
            await restore(bridge, other, tmp_path / "target", file, replace=True)
            epochs.update(await fetch(bridge, other, "SELECT epoch FROM journals"))
    assert len(epochs - {"0a"}) == 2


async def test_a_backup_is_of_the_instant_of_its_survey(
    bridge: Bridge, postgres_server: RealPostgres, records: list[Record]
) -> None:
    """A bid that commits between the survey and the dump is in neither."""
    marker = b"the next bid"
    late = Record(len(records) + 1, None, marker, bytes(32))
    async with (
        sale_database(bridge, postgres_server, records) as dsn,
        open_pool(bridge, dsn) as pool,
        held_survey(bridge, dsn) as (snapshot, found),
    ):
        journal = postgres_stores(pool, MemoryHotStore()).journal
        term = (await journal.take_term(EVENT)).term
        await journal.append(EVENT, term, Batch([late]))
        programs = await find_programs(18, bundled_programs())
        async with aclosing(dump(programs, dsn, snapshot, sorted(found.tables))) as blocks:
            script = b"".join([block async for block in blocks])
        assert found.standings[0].facts == len(records)
    assert records[-1].body.hex().encode() in script
    assert marker.hex().encode() not in script


async def test_snapshots_of_another_past_are_dropped_and_good_ones_kept(
    bridge: Bridge, postgres_server: RealPostgres, records: list[Record], tmp_path: Path
) -> None:
    file = tmp_path / "a.backup"
    good = records[4]
    async with (
        sale_database(bridge, postgres_server, records) as dsn,
        empty_database(bridge, postgres_server) as other,
    ):
        for position, head, chunks in ((5, good.head, 1), (10, bytes(32), 2)):
            async with open_stores(dsn, None) as stores:
                save = stores.snapshots.save
                assert await save(EVENT, position, head, b"body", [b"chunk"], chunks - 1)
        await back_up(bridge, dsn, tmp_path, file)
        await restore(bridge, other, tmp_path / "target", file)
        assert await fetch(bridge, other, "SELECT position FROM snapshots") == [5]
        assert await fetch(bridge, other, "SELECT number FROM snapshot_chunks") == [1]


async def test_a_target_with_events_is_replaced_only_when_told(
    bridge: Bridge, postgres_server: RealPostgres, records: list[Record], tmp_path: Path
) -> None:
    file = tmp_path / "a.backup"
    async with (
        sale_database(bridge, postgres_server, records) as dsn,
        sale_database(bridge, postgres_server, records[:3]) as other,
    ):
        await back_up(bridge, dsn, tmp_path, file)
        with pytest.raises(TargetRefused, match=r"there is 1 event here already.*--yes"):
            await restore(bridge, other, tmp_path / "target", file)
        assert await fetch(bridge, other, "SELECT count(*) FROM journal") == [3]
        await restore(bridge, other, tmp_path / "target", file, replace=True)
        assert await fetch(bridge, other, "SELECT count(*) FROM journal") == [len(records)]


async def test_another_signing_key_is_replaced_only_when_told(
    bridge: Bridge, postgres_server: RealPostgres, records: list[Record], tmp_path: Path
) -> None:
    file, source, target = tmp_path / "a.backup", tmp_path / "source", tmp_path / "target"
    for folder in (source, target):
        folder.mkdir()
        load_or_create_secret(folder)
    async with (
        sale_database(bridge, postgres_server, records) as dsn,
        empty_database(bridge, postgres_server) as other,
    ):
        await back_up(bridge, dsn, source, file)
        with pytest.raises(TargetRefused, match="another signing key"):
            await restore(bridge, other, target, file)
        assert (await survey(bridge, other)).tables == frozenset()
        await restore(bridge, other, target, file, replace=True)
    assert (target / "signing-key").read_bytes() == (source / "signing-key").read_bytes()


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("CREATE TABLE events (id int)", "another program's tables: events"),
        ("CREATE TABLE migrations (id int)", "another program's tables: migrations"),
    ],
)
async def test_another_program_s_database_is_never_touched(
    bridge: Bridge,
    postgres_server: RealPostgres,
    records: list[Record],
    tmp_path: Path,
    statement: str,
    reason: str,
) -> None:
    file = tmp_path / "a.backup"
    async with (
        sale_database(bridge, postgres_server, records) as dsn,
        empty_database(bridge, postgres_server) as other,
    ):
        await back_up(bridge, dsn, tmp_path, file)
        await bridge.run(execute, other, statement)
        with pytest.raises(TargetRefused, match=reason):
            await restore(bridge, other, tmp_path / "target", file, replace=True)
        with pytest.raises(TargetRefused, match="nothing of Saleroom's"):
            await back_up(bridge, other, tmp_path, tmp_path / "b.backup")
    assert not (tmp_path / "b.backup").exists()


async def test_a_newer_release_s_database_is_never_touched(
    bridge: Bridge, postgres_server: RealPostgres, records: list[Record], tmp_path: Path
) -> None:
    file = tmp_path / "a.backup"
    async with sale_database(bridge, postgres_server, records) as dsn:
        await back_up(bridge, dsn, tmp_path, file)
        newer = "INSERT INTO migrations (name, checksum) VALUES ('9999_later.sql', '')"
        await bridge.run(execute, dsn, newer)
        with pytest.raises(TargetRefused, match=r"newer release: it has 9999_later\.sql"):
            await restore(bridge, dsn, tmp_path, file, replace=True)
        with pytest.raises(TargetRefused, match=r"newer release: it has 9999_later\.sql"):
            await back_up(bridge, dsn, tmp_path, tmp_path / "b.backup")


async def test_a_running_server_s_database_is_backed_up_and_never_replaced(
    bridge: Bridge, postgres_server: RealPostgres, records: list[Record], tmp_path: Path
) -> None:
    file = tmp_path / "a.backup"
    async with (
        sale_database(bridge, postgres_server, records) as dsn,
        open_pool(bridge, dsn),
    ):
        await back_up(bridge, dsn, tmp_path, file)
        place = place_of(dsn, tmp_path)
        with pytest.raises(TargetRefused, match="a server runs on the database"):
            await restore_backup(bridge, place, file, silent_progress, replace=True)


async def test_a_script_that_fails_halfway_changes_nothing(
    bridge: Bridge, postgres_server: RealPostgres, records: list[Record], tmp_path: Path
) -> None:
    file, folder = tmp_path / "a.backup", tmp_path / "target"
    with writing(file) as writer:
        with writer.part(DATABASE, is_packed=True) as write:
            write(b"CREATE TABLE public.journals (x int);\nSELECT 1 / 0;\n")
        with writer.part(f"{DATA}signing-key", is_packed=False) as write:
            write(KEY)
        writer.finish(MADE_AT, 18, {}, ())
    async with sale_database(bridge, postgres_server, records) as dsn:
        with pytest.raises(ProgramFailed, match="psql: division by zero"):
            await restore(bridge, dsn, folder, file, replace=True)
        assert await fetch(bridge, dsn, "SELECT epoch FROM journals") == ["0a"]
        assert await fetch(bridge, dsn, "SELECT count(*) FROM journal") == [len(records)]
    assert list(folder.iterdir()) == []


async def test_a_restore_that_is_cut_short_changes_nothing(
    bridge: Bridge, postgres_server: RealPostgres, records: list[Record], tmp_path: Path
) -> None:
    """Its transaction is open when we end, after all that it was given was done."""
    file = tmp_path / "a.backup"

    def interrupted(what: str, size: int) -> None:
        if what == "database":
            raise KeyboardInterrupt

    async with sale_database(bridge, postgres_server, records) as dsn:
        await back_up(bridge, dsn, tmp_path, file)
        assert (await survey(bridge, dsn)).servers == 0
        with pytest.raises(KeyboardInterrupt):
            await restore_backup(bridge, place_of(dsn, tmp_path), file, interrupted, replace=True)
        assert await fetch(bridge, dsn, "SELECT epoch FROM journals") == ["0a"]


async def test_an_audit_of_a_restore_compares_with_the_backup(
    bridge: Bridge, postgres_server: RealPostgres, records: list[Record]
) -> None:
    facts, head = len(records), records[-1].head.hex()
    async with (
        sale_database(bridge, postgres_server, records) as dsn,
        open_stores(dsn, None) as stores,
    ):
        for standing, fault in (
            (Standing(EVENT, "0a", facts, head), None),
            (Standing(EVENT, "0a", 99, head), f"it ends at position {facts}, the backup at 99"),
            (Standing(EVENT, "0a", facts, "00"), "its head is not the backup's"),
            (Standing("nowhere", "0a", 1, head), "event nowhere has no journal"),
        ):
            assert (await restored_finding(stores, standing)).fault == fault


async def test_a_database_that_does_not_answer_is_told(bridge: Bridge, tmp_path: Path) -> None:
    dsn = f"postgresql://saleroom@/postgres?host={tmp_path}"
    with pytest.raises(StoreUnavailable, match="PostgreSQL did not answer"):
        await back_up(bridge, dsn, tmp_path, tmp_path / "a.backup")
    assert os.listdir(tmp_path) == []


def test_the_signing_key_is_the_file_that_a_server_makes(tmp_path: Path) -> None:
    load_or_create_secret(tmp_path)
    assert [path.name for path in backup._kept_files(tmp_path)] == [backup.SIGNING_KEY]


def test_migrations_make_nothing_that_a_backup_would_leave_out() -> None:
    made = [
        kind
        for migration in known_migrations()
        for kind in re.findall(r"^\s*CREATE\s+(?:UNIQUE\s+)?(\w+)", migration.sql, re.MULTILINE)
    ]
    assert set(made) == {"TABLE", "INDEX"}
    assert len(our_tables()) == made.count("TABLE") + 1


# The command line


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["backup"], "there is no database in"),
        (["backup", "--output", "{folder}"], "is a folder: name a file in it"),
    ],
)
def test_a_failed_command_says_why_in_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    reason: str,
) -> None:
    monkeypatch.setenv("SALEROOM_DATA_DIR", str(tmp_path / "data"))
    assert cli.main([part.format(folder=tmp_path) for part in arguments]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert reason in printed.err
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "gala.backup: No such file or directory"), (b"text", "not a backup of Saleroom")],
)
def test_a_file_that_cannot_be_restored_is_told_before_anything_is_made(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    content: bytes | None,
    reason: str,
) -> None:
    file = tmp_path / "gala.backup"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("SALEROOM_DATA_DIR", str(tmp_path / "data"))
    assert cli.main(["restore", str(file)]) == 1
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert reason in printed.err
    assert not (tmp_path / "data").exists()
