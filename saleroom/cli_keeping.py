"""The commands that keep a deployment: backup and restore.

Owns: what they print and their exit status. Invariant: a failure is one line; a restore that any
audit faults exits 1. Source: docs/keeping.md.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import attrs
import trio

from saleroom import backup
from saleroom.backup_file import BackupRefused, reading
from saleroom.cli_shared import Commands, Failure, add_command, first_error, say
from saleroom.config import Settings, read_settings
from saleroom.storage.bridge import Bridge, open_bridge
from saleroom.storage.embedded import EmbeddedPostgres
from saleroom.storage.embedded_home import (
    EmbeddedPostgresFailed,
    bundled_programs,
    default_data_folder,
)
from saleroom.storage.migrate import MigrationError
from saleroom.storage.pg_programs import ProgramFailed
from saleroom.storage.pg_survey import Standing
from saleroom.storage.ports import StoreError
from saleroom.storage.stores import open_stores

PROGRESS_S = 5.0
MEGABYTE = 1_000_000


def add_commands(commands: Commands) -> None:
    """Describe backup and restore."""
    made = add_command(
        commands,
        "backup",
        _backup,
        "Copy everything into one file, also while a server runs.",
        "backup",
        "backup --output /backups/gala.saleroom",
    )
    made.add_argument(
        "--output", type=Path, metavar="FILE", help="saleroom-TIME.backup here by default"
    )
    restored = add_command(
        commands,
        "restore",
        _restore,
        "Make everything anew from a backup, and audit it.",
        "restore gala.backup",
        "restore gala.backup --yes",
    )
    restored.add_argument("file", type=Path)
    restored.add_argument("--yes", action="store_true", help="replace the events that are here")


def _backup(arguments: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    output: Path = arguments.output or Path(f"saleroom-{now:%Y%m%dT%H%M%SZ}.backup")
    if output.is_dir():
        raise Failure(f"{output} is a folder: name a file in it")
    settings = read_settings(os.environ)
    events: list[Standing] = []

    async def make() -> None:
        async with _place(settings, is_source=True) as place, open_bridge() as bridge:
            manifest = await backup.make_backup(
                bridge, place, output, now.isoformat(timespec="seconds"), _Teller().tell
            )
        for standing in manifest.events:
            print(f"event {standing.event}: {standing.facts} facts, head {standing.head}")
        events.extend(manifest.events)

    _run(make, output)
    print(f"{len(events)} events in {output}, {_megabytes(output.stat().st_size)}")
    return 0


def _restore(arguments: argparse.Namespace) -> int:
    settings = read_settings(os.environ)
    faults: list[str] = []

    async def restore() -> None:
        with reading(arguments.file):
            pass  # before anything is made for a file that is no backup
        async with _place(settings, is_source=False) as place, open_bridge() as bridge:
            faults.extend(await _restore_into(bridge, place, arguments))

    _run(restore, arguments.file)
    return 1 if faults else 0


async def _restore_into(
    bridge: Bridge, place: backup.Place, arguments: argparse.Namespace
) -> list[str]:
    """Restore and audit; print each finding and give the faulty events."""
    manifest = await backup.restore_backup(
        bridge, place, arguments.file, _Teller().tell, replace=arguments.yes
    )
    say(f"restored the backup of {manifest.made_at}; auditing {len(manifest.events)} events")
    faults = []
    async with open_stores(place.dsn, None) as stores:
        for standing in manifest.events:
            finding = await backup.restored_finding(stores, standing)
            if finding.fault is None:
                print(f"event {finding.event}: {finding.facts} facts, seq {finding.seq}, whole")
            else:
                faults.append(finding.event)
                print(f"event {finding.event}: {finding.fault}")
    print(f"{len(manifest.events) - len(faults)} of {len(manifest.events)} events are whole")
    return faults


@asynccontextmanager
async def _place(settings: Settings, *, is_source: bool) -> AsyncIterator[backup.Place]:
    """Hold the configured deployment. Raises Failure, EmbeddedPostgresFailed."""
    folder = settings.data_dir or default_data_folder()
    if settings.database_url is not None:
        yield backup.Place(settings.database_url, folder, bundled_programs())
        return
    postgres = EmbeddedPostgres(folder)
    if is_source and not postgres.has_database:
        raise Failure(f"there is no database in {folder}: set SALEROOM_DATA_DIR to where it is")
    if not is_source and postgres.is_running():
        raise Failure(f"a server runs on {folder}: stop it first, or set another SALEROOM_DATA_DIR")
    async with postgres.held() as dsn:
        yield backup.Place(dsn, folder, postgres.programs())


def _run(body: Callable[[], Awaitable[None]], file: Path) -> None:
    """Run a command's body. Raises Failure in one line."""
    try:
        trio.run(body)
    except* (KeyboardInterrupt, BrokenPipeError, Failure) as group:
        raise first_error(group) from None
    except* BackupRefused as group:
        raise Failure(f"{file}: {first_error(group)}") from None
    except* OSError as group:
        error = first_error(group)
        assert isinstance(error, OSError)
        raise Failure(f"{error.filename or file}: {error.strerror or error}") from None
    except* (
        backup.TargetRefused,
        ProgramFailed,
        StoreError,
        EmbeddedPostgresFailed,
        MigrationError,
    ) as group:
        raise Failure(str(first_error(group)).splitlines()[0]) from None


@attrs.define(eq=False)
class _Teller:
    """Says every PROGRESS_S how far long work has come."""

    _told_at: float = attrs.field(factory=time.monotonic)

    def tell(self, what: str, size: int) -> None:
        """Take the number of bytes done."""
        now = time.monotonic()
        if now - self._told_at >= PROGRESS_S:
            self._told_at = now
            say(f"{what}: {_megabytes(size)}")


def _megabytes(size: int) -> str:
    return f"{size / MEGABYTE:,.1f} MB"
