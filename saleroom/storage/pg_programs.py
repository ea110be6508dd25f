"""PostgreSQL's own programs: a database as a script of SQL, and back.

Owns: the processes of `pg_dump` and `psql`. Invariant: no password is ever on a command line; a
script that is cut short, by whatever, changes nothing. Must not know: what the script says, or
where it is kept. Source: ARCHITECTURE section 5.

`psql` reads the script within a transaction that only the script's last line commits, so that our
own end, which it sees as the end of its input, rolls everything back. Its own
`--single-transaction` would commit there.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

import attrs
import trio

from saleroom.storage.migrate import MIGRATE_LOCK
from saleroom.storage.pg_survey import APPLICATION

BLOCK_BYTES = 262_144
VERSION_LIMIT_S = 10.0
DUMP_STALL_S = 300.0  # between two blocks of a dump; it waits for locks no longer than LOCK_LIMIT_S
LOAD_STALL_S = 3_600.0  # between two blocks of a load: an index over the whole journal
LOCK_LIMIT_S = 15.0
SAID_BYTES_MAX = 16_384
TRANSACTION_TIMEOUT_SINCE = 17

_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
_COMPLAINT = re.compile(r"\b(?:error|fatal|panic):\s+(.+)", re.IGNORECASE)
_TRANSACTION_TIMEOUT = b"\nSET transaction_timeout = 0;\n"  # pg_dump writes it for any server


class ProgramFailed(Exception):
    """A program is missing, or failed; the text is one line of what it said."""


@attrs.frozen
class Programs:
    """A folder with `pg_dump` and `psql`, and their major version."""

    folder: Path
    major: int

    def path(self, name: str) -> str:
        """Give a program's path."""
        return str(self.folder / name)


async def find_programs(at_least: int, bundled: Path | None) -> Programs:
    """Give programs of a major version or newer: the bundled ones, else those on the PATH.

    Raises ProgramFailed when there are none.
    """
    on_path = shutil.which("pg_dump")
    for folder in (bundled, None if on_path is None else Path(on_path).parent):
        if folder is not None and (folder / "pg_dump").exists() and (folder / "psql").exists():
            major = await _major(folder / "pg_dump")
            if major >= at_least:
                return Programs(folder, major)
    raise ProgramFailed(
        f"pg_dump and psql of PostgreSQL {at_least} or newer are needed: put them on the PATH"
    )


async def _major(program: Path) -> int:
    with trio.fail_after(VERSION_LIMIT_S):
        done = await trio.run_process([str(program), "--version"], capture_stdout=True, check=False)
    found = _VERSION.search(done.stdout.decode(errors="replace"))
    return int(found[1]) if found else 0


def address_of(dsn: str) -> tuple[str, Mapping[str, str]]:
    """Part a DSN into an address that anyone may see, and the variables that hold its password.

    Raises ProgramFailed for `sslpassword`, for which there is no variable.
    """
    parts = urlsplit(dsn)
    user_info, at, hosts = parts.netloc.rpartition("@")
    user, colon, password = user_info.partition(":")
    secrets = {"PGPASSWORD": unquote(password)} if colon else {}
    kept = []
    for option in filter(None, parts.query.split("&")):
        name, _, value = option.partition("=")
        if name == "sslpassword":
            raise ProgramFailed("sslpassword cannot be handed on: use a key without a passphrase")
        if name == "password":
            secrets["PGPASSWORD"] = unquote(value)
        else:
            kept.append(option)
    query = f"?{'&'.join(kept)}" if kept else ""
    return f"{parts.scheme}://{user}{at}{hosts}{parts.path}{query}", secrets


async def dump(
    programs: Programs, dsn: str, snapshot: str, tables: Sequence[str]
) -> AsyncGenerator[bytes, None]:
    """Give the script that makes `tables` anew as `snapshot` has them, block by block.

    Raises ProgramFailed. Whoever stops early closes it.
    """
    options = [
        "--no-owner",
        "--no-privileges",
        "--encoding=UTF8",
        f"--snapshot={snapshot}",
        f"--lock-wait-timeout={LOCK_LIMIT_S:.0f}s",
        *(f"--table=public.{table}" for table in tables),
    ]
    async with _child(programs, "pg_dump", options, dsn, stdout=subprocess.PIPE) as (process, said):
        assert process.stdout is not None
        while True:
            with _patience("pg_dump", DUMP_STALL_S):
                block = await process.stdout.receive_some(BLOCK_BYTES)
            if not block:
                break
            yield bytes(block)
        await _require_success(process, "pg_dump", said, DUMP_STALL_S)


async def load(
    programs: Programs,
    dsn: str,
    server: int,
    drop: Sequence[str],
    script: Iterable[bytes],
    epilogue: str,
) -> None:
    """Drop tables, run a dump's script and an epilogue, all in one transaction.

    server: the database's major version. Servers that start meanwhile wait before they migrate.
    Raises ProgramFailed, and what the script's reading raises; the database is then as it was.
    """
    options = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
    async with _child(
        programs, "psql", options, dsn, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as (process, said):
        assert process.stdin is not None
        try:
            for block in _whole_script(server, drop, script, epilogue):
                with _patience("psql", LOAD_STALL_S):
                    await process.stdin.send_all(block)
            await process.stdin.aclose()
        except trio.BrokenResourceError:
            await _require_success(process, "psql", said, LOAD_STALL_S)
            raise ProgramFailed("psql ended before its script did") from None
        await _require_success(process, "psql", said, LOAD_STALL_S)


def _whole_script(
    server: int, drop: Sequence[str], script: Iterable[bytes], epilogue: str
) -> Iterable[bytes]:
    yield (
        "SET client_min_messages = warning;\n"
        "BEGIN;\n"
        f"SET LOCAL lock_timeout = '{LOCK_LIMIT_S:.0f}s';\n"
        f"SELECT pg_advisory_xact_lock({MIGRATE_LOCK});\n"
    ).encode()
    if drop:
        tables = ", ".join(f"public.{table}" for table in drop)
        yield f"DROP TABLE {tables} CASCADE;\n".encode()
    for number, block in enumerate(script):
        is_first_for_old = number == 0 and server < TRANSACTION_TIMEOUT_SINCE
        yield block.replace(_TRANSACTION_TIMEOUT, b"\n", 1) if is_first_for_old else block
    yield f"\n{epilogue}\nCOMMIT;\n".encode()


@asynccontextmanager
async def _child(
    programs: Programs, name: str, options: Sequence[str], dsn: str, **pipes: int
) -> AsyncIterator[tuple[trio.Process, IO[bytes]]]:
    """Run a program for the length of the block, with what it says on stderr in a file."""
    address, secrets = address_of(dsn)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SALEROOM_")}
    environment |= {"LC_ALL": "C", "PGAPPNAME": APPLICATION, "PGCONNECT_TIMEOUT": "10", **secrets}
    command = [programs.path(name), "--no-password", *options, f"--dbname={address}"]
    settings: dict[str, Any] = {"stdin": subprocess.DEVNULL, **pipes}
    with tempfile.TemporaryFile() as said:
        process = await trio.lowlevel.open_process(
            command, stderr=said, env=environment, **settings
        )
        try:
            yield process, said
        finally:
            with trio.CancelScope(shield=True):
                if process.poll() is None:
                    process.kill()
                await process.wait()
                for pipe in (process.stdin, process.stdout):
                    if pipe is not None:
                        await pipe.aclose()


@contextmanager
def _patience(name: str, limit_s: float) -> Iterator[None]:
    try:
        with trio.fail_after(limit_s):
            yield
    except trio.TooSlowError:
        raise ProgramFailed(f"{name} did nothing for {limit_s:.0f} s") from None


async def _require_success(
    process: trio.Process, name: str, said: IO[bytes], limit_s: float
) -> None:
    with _patience(name, limit_s):
        status = await process.wait()
    if status != 0:
        said.seek(0)
        raise ProgramFailed(f"{name}: {complaint(said.read(SAID_BYTES_MAX), status)}")


def complaint(said: bytes, status: int) -> str:
    """Give, of what a program said, the line that names the error."""
    lines = [line.strip() for line in said.decode(errors="replace").splitlines() if line.strip()]
    for line in lines:
        if found := _COMPLAINT.search(line):
            return found[1]
    return lines[-1] if lines else f"it ended with {status}"
