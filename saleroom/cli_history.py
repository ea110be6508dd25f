"""The commands about the past and the imagined: replay, audit, export, import, rehearse.

Owns: what they print and their exit status. Invariant: they read what a server wrote, also while
none runs, and only `import` writes. Source: PROTOCOL 9, I5, I10.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import trio
from trio.testing import MockClock

from saleroom import archive, audit, rehearsal, replay
from saleroom.auction.record import RecordDamaged
from saleroom.cli_shared import (
    Commands,
    Failure,
    add_command,
    first_error,
    one_line,
    run_async,
)
from saleroom.config import read_settings
from saleroom.storage.bridge import open_bridge
from saleroom.storage.embedded import EmbeddedPostgres
from saleroom.storage.embedded_home import EmbeddedPostgresFailed, default_data_folder
from saleroom.storage.migrate import MigrationError
from saleroom.storage.ports import Conflict, NotFound, StoreError, Stores, StoreUnavailable
from saleroom.storage.stores import open_pool, open_stores


def add_commands(commands: Commands) -> None:
    """Describe replay, audit, export, import and rehearse."""
    told = add_command(
        commands,
        "replay",
        _replay,
        "Show how an event stood at a moment, or its story lot by lot.",
        "replay gala-1f2e",
        "replay gala-1f2e --to 1040",
        "replay gala-1f2e --to 2026-05-01T20:15:00 --story",
    )
    told.add_argument("event")
    told.add_argument("--to", type=_moment, default=replay.Moment(), metavar="SEQ|TIME")
    told.add_argument("--story", action="store_true", help="tell what happened, lot by lot")
    audited = add_command(
        commands,
        "audit",
        _audit,
        "Prove that an event's journal was not changed, and that it replays.",
        "audit gala-1f2e",
        "audit gala-1f2e --receipt 1043:6f1c...",
        "audit gala-1f2e --receipt ack.json",
    )
    audited.add_argument("event")
    audited.add_argument(
        "--receipt",
        action="append",
        type=_receipt,
        default=[],
        metavar="RECEIPT",
        help="an ack's hash, SEQ:HASH, or a file with the ack; may be repeated",
    )
    exported = add_command(
        commands,
        "export",
        _export,
        "Write an event's facts as JSON Lines.",
        "export gala-1f2e > gala.jsonl",
        "export gala-1f2e --output gala.jsonl",
    )
    exported.add_argument("event")
    exported.add_argument("--output", type=Path, help="a file; standard output by default")
    imported = add_command(
        commands,
        "import",
        _import,
        "Restore an exported event here, under a new epoch.",
        "import gala.jsonl",
    )
    imported.add_argument("file", type=Path)
    rehearse = add_command(
        commands,
        "rehearse",
        _rehearse,
        "Play scenario files in virtual time and check what they expect.",
        "rehearse evening.json",
    )
    rehearse.add_argument("files", nargs="+", type=Path, metavar="FILE")


def _replay(arguments: argparse.Namespace) -> int:
    async def tell(stores: Stores) -> None:
        state, facts = await replay.replay(stores.journal, arguments.event, arguments.to)
        lines = replay.story_lines(state, facts) if arguments.story else replay.state_lines(state)
        for line in lines:
            print(line)

    _with_stores(tell)
    return 0


def _audit(arguments: argparse.Namespace) -> int:
    findings: list[audit.Finding] = []

    async def check(stores: Stores) -> None:
        findings.append(await audit.audit(stores, arguments.event, arguments.receipt))

    _with_stores(check)
    finding = findings[0]
    if finding.fault is not None:
        print(f"event {finding.event}: {finding.fault}")
        return 1
    print(f"event {finding.event}: {finding.facts} facts, seq {finding.seq}, the chain holds")
    print(f"head {finding.head}")
    for receipt in arguments.receipt:
        print(f"receipt {receipt.head[:16]}... is part of it")
    return 0


def _export(arguments: argparse.Namespace) -> int:
    async def write(stores: Stores) -> None:
        lines = [line async for line in archive.export_lines(stores, arguments.event)]
        content = b"\n".join(lines) + b"\n"
        if arguments.output is None:
            sys.stdout.buffer.write(content)
        else:
            await trio.Path(arguments.output).write_bytes(content)
            print(f"{len(lines) - 1} facts in {arguments.output}")

    _with_stores(write)
    return 0


def _import(arguments: argparse.Namespace) -> int:
    try:
        export = archive.read_export(arguments.file.read_bytes().splitlines())
    except (OSError, archive.NotAnExport) as error:
        raise Failure(f"{arguments.file}: {error}") from None

    async def restore(stores: Stores) -> None:
        now = int(time.time() * 1000)
        epoch = await archive.restore_export(stores, export, now)
        print(f"event {export.event}: {len(export.records)} facts, epoch {epoch}")

    _with_stores(restore)
    return 0


def _rehearse(arguments: argparse.Namespace) -> int:
    scenarios = []
    for file in arguments.files:
        try:
            scenarios += rehearsal.read_scenarios(file.read_bytes())
        except (OSError, rehearsal.NotAScenario) as error:
            print(f"saleroom: {file}: {error}", file=sys.stderr)
            return 2
    failed = 0
    for scenario in scenarios:
        clock = MockClock()
        try:
            failures = trio.run(rehearsal.rehearse, scenario, clock, clock=clock)
        except rehearsal.NotAScenario as error:
            print(f"saleroom: {error}", file=sys.stderr)
            return 2
        failed += bool(failures)
        for line in failures:
            print(line)
    print(f"{len(scenarios) - failed} of {len(scenarios)} scenarios hold")
    return 1 if failed else 0


# Stores


def _with_stores(work: Callable[[Stores], Awaitable[None]]) -> None:
    """Do work on the stores of this machine's settings. Raises Failure in one line."""

    async def run() -> None:
        async with _open_own_stores() as stores:
            await work(stores)

    try:
        run_async(run)
    except* BrokenPipeError as group:
        raise first_error(group) from None
    except* NotFound as group:
        raise Failure(str(first_error(group))) from None
    except* Conflict:
        raise Failure("this event exists here already") from None
    except* (
        StoreError,
        RecordDamaged,
        archive.NotAnExport,
        EmbeddedPostgresFailed,
        MigrationError,
        OSError,
    ) as group:
        raise Failure(one_line(first_error(group))) from None


@asynccontextmanager
async def _open_own_stores() -> AsyncIterator[Stores]:
    """Open the configured database; an embedded one is started when no server runs it."""
    settings = read_settings(os.environ)
    if settings.database_url is not None:
        async with open_stores(settings.database_url, None) as stores:
            yield stores
        return
    postgres = EmbeddedPostgres(settings.data_dir or default_data_folder())
    if await _answers(postgres.dsn):
        async with open_stores(postgres.dsn, None) as stores:
            yield stores
        return
    stopping, ready = trio.Event(), trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(postgres.run, lambda dsn: ready.set(), stopping)
        await ready.wait()
        try:
            async with open_stores(postgres.dsn, None) as stores:
                yield stores
        finally:
            stopping.set()


async def _answers(dsn: str) -> bool:
    """Say whether a server keeps the embedded database open."""
    try:
        async with open_bridge() as bridge, open_pool(bridge, dsn):
            return True
    except StoreUnavailable:
        return False


# Arguments


def _moment(text: str) -> replay.Moment:
    try:
        return replay.read_moment(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither a seq nor a time such as 2026-05-01T20:15:00"
        ) from None


def _receipt(text: str) -> audit.Receipt:
    """Read `HASH`, `SEQ:HASH`, or a file that holds an ack."""
    path = Path(text)
    if path.is_file():
        try:
            ack = orjson.loads(path.read_bytes())
            return audit.Receipt(str(ack["hash"]), ack.get("seq"))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise argparse.ArgumentTypeError(f"{text}: no ack is in it") from None
    seq, colon, head = text.rpartition(":")
    is_head = len(head) == 64 and all(digit in "0123456789abcdef" for digit in head)
    if not is_head or (colon and not seq.isdigit()):
        raise argparse.ArgumentTypeError("a receipt is a hash of 64 digits, SEQ:HASH, or a file")
    return audit.Receipt(head, int(seq) if colon else None)
