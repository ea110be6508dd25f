"""Keeping: a deployment copied into one file, and made anew from it.

Owns: the order of the steps. Invariant: a backup is of one instant, whatever is bid meanwhile; a
restore is whole or not at all in the database, and gives every event a new epoch in the very
transaction that brings its journal back, so that no client can mistake the shorter past for the one
that it followed. Must not know: the command line, or whose PostgreSQL it is. Source: I3, I5.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import aclosing
from pathlib import Path

import attrs
import trio

from saleroom.audit import Finding, audit
from saleroom.backup_file import (
    BLOCK_BYTES,
    DATA,
    DATABASE,
    BackupReader,
    BackupRefused,
    BackupWriter,
    Manifest,
    reading,
    writing,
)
from saleroom.storage.bridge import Bridge
from saleroom.storage.pg_programs import dump, find_programs, load
from saleroom.storage.pg_survey import Standing, Survey, held_survey, survey
from saleroom.storage.ports import NotFound, Stores

SIGNING_KEY = "signing-key"
MEDIA = "media"
STAGE = "restore.new"

Progress = Callable[[str, int], None]
"""Told, again and again, what is at work and how many bytes of it are done."""

_EPILOGUE = """
UPDATE public.journals SET epoch = substr(md5(gen_random_uuid()::text), 1, 16);
DELETE FROM public.snapshots AS s WHERE NOT EXISTS (
    SELECT FROM public.journal AS j
    WHERE j.event_id = s.event_id AND j.position = s.position AND j.head = s.head
);
DELETE FROM public.snapshot_chunks AS c WHERE NOT EXISTS (
    SELECT FROM public.snapshots AS s
    WHERE s.event_id = c.event_id AND s.chunk_count >= c.number
);
"""


class TargetRefused(Exception):
    """The database or data folder is not one to back up, or to restore into; one line."""


@attrs.frozen
class Place:
    """A deployment. programs: the folder of its own pg_dump and psql, where it has them."""

    dsn: str
    folder: Path
    programs: Path | None


async def make_backup(
    bridge: Bridge, place: Place, output: Path, made_at: str, progress: Progress
) -> Manifest:
    """Copy a deployment, as it is at this instant, into a file; a server may run meanwhile.

    Raises TargetRefused, OSError, StoreUnavailable, ProgramFailed; the file is then not there.
    """
    async with held_survey(bridge, place.dsn) as (snapshot, found):
        if not found.migrations or "journals" not in found.tables:
            raise TargetRefused("there is nothing of Saleroom's in the database to back up")
        if newer := found.newer_migrations():
            raise TargetRefused(f"the database is of a newer release: it has {newer[0]}")
        programs = await find_programs(found.server, place.programs)
        with writing(output) as backup:
            with backup.part(DATABASE, is_packed=True) as write:
                size = 0
                tables = sorted(found.tables)
                async with aclosing(dump(programs, place.dsn, snapshot, tables)) as script:
                    async for block in script:
                        await trio.to_thread.run_sync(write, block)
                        size += len(block)
                        progress("database", size)
            for file in _kept_files(place.folder):
                await trio.to_thread.run_sync(_copy_in, backup, place.folder, file)
                progress(file.name, backup.parts[-1].size)
            return backup.finish(made_at, programs.major, found.migrations, found.standings)


async def restore_backup(
    bridge: Bridge, place: Place, file: Path, progress: Progress, *, replace: bool
) -> Manifest:
    """Make a deployment anew from a file, in place of what is there if `replace`.

    No server may run on it. Raises BackupRefused, TargetRefused, OSError, StoreUnavailable,
    ProgramFailed; the database is then as it was.
    """
    with reading(file) as backup:
        manifest = backup.manifest
        await trio.to_thread.run_sync(_verify, backup, progress)
        found = await survey(bridge, place.dsn)
        key_differs = _is_another_key(backup, place.folder)
        _require_target(found, replace=replace, key_differs=key_differs)
        programs = await find_programs(manifest.program, place.programs)
        stage = place.folder / STAGE
        try:
            await trio.to_thread.run_sync(_stage_files, backup, stage)
            script = _counted(backup.blocks(DATABASE), progress)
            await load(programs, place.dsn, found.server, sorted(found.tables), script, _EPILOGUE)
            await trio.to_thread.run_sync(_put_in_place, stage, place.folder)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
        return manifest


async def restored_finding(stores: Stores, standing: Standing) -> Finding:
    """Audit an event just restored, also against where its backup says that it ends."""
    try:
        finding = await audit(stores, standing.event)
    except NotFound as error:
        return Finding(standing.event, 0, 0, "", str(error))
    fault = finding.fault
    if fault is None and finding.facts != standing.facts:
        fault = f"it ends at position {finding.facts}, the backup at {standing.facts}"
    elif fault is None and finding.head != standing.head:
        fault = "its head is not the backup's"
    return attrs.evolve(finding, fault=fault)


def _require_target(found: Survey, *, replace: bool, key_differs: bool) -> None:
    if found.servers:
        raise TargetRefused("a server runs on the database: stop it first")
    if found.migrations is None:
        tables = ", ".join(sorted(found.tables))
        raise TargetRefused(f"the database holds another program's tables: {tables}")
    if newer := found.newer_migrations():
        raise TargetRefused(f"the database is of a newer release: it has {newer[0]}")
    events = max(found.catalogued, len(found.standings))
    if (events or key_differs) and not replace:
        held = f"{events} event{'s' * (events != 1)}" if events else "another signing key"
        raise TargetRefused(
            f"there is {held} here already: restore into an empty database and another data "
            "folder, or say --yes to replace it all"
        )


def _verify(backup: BackupReader, progress: Progress) -> None:
    size = 0
    for part in backup.manifest.parts:
        for block in backup.blocks(part.name):
            size += len(block)
            progress("checked", size)
    if DATABASE not in {part.name for part in backup.manifest.parts}:
        raise BackupRefused("it is damaged: there is no database in it")


def _counted(blocks: Iterator[bytes], progress: Progress) -> Iterator[bytes]:
    size = 0
    for block in blocks:
        yield block
        size += len(block)
        progress("database", size)


# The data folder


def _kept_files(folder: Path) -> list[Path]:
    """List what a deployment needs from its data folder beside the database."""
    key = folder / SIGNING_KEY
    media = sorted(path for path in (folder / MEDIA).rglob("*") if path.is_file())
    return [*([key] if key.is_file() else []), *media]


def _copy_in(backup: BackupWriter, folder: Path, file: Path) -> None:
    name = DATA + file.relative_to(folder).as_posix()
    with file.open("rb") as source, backup.part(name, is_packed=False) as write:
        while block := source.read(BLOCK_BYTES):
            write(block)


def _is_another_key(backup: BackupReader, folder: Path) -> bool:
    key, name = folder / SIGNING_KEY, DATA + SIGNING_KEY
    if not key.is_file() or name not in {part.name for part in backup.manifest.parts}:
        return False
    return key.read_bytes() != b"".join(backup.blocks(name))


def _stage_files(backup: BackupReader, stage: Path) -> None:
    """Write the data folder's files beside their places, so that a full disk is found early."""
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(mode=0o700, parents=True)
    for part in backup.manifest.data_parts():
        path = stage / part.name.removeprefix(DATA)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        with path.open("wb") as file:
            for block in backup.blocks(part.name):
                file.write(block)


def _put_in_place(stage: Path, folder: Path) -> None:
    for staged in stage.iterdir():
        place = folder / staged.name
        if place.is_dir():
            shutil.rmtree(place)
        staged.replace(place)
