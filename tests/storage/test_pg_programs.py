"""PostgreSQL's programs: which are used, what they are told, and what is told of their failures."""

from __future__ import annotations

from pathlib import Path

import pytest

from saleroom.storage.embedded_home import bundled_programs
from saleroom.storage.pg_programs import (
    ProgramFailed,
    Programs,
    address_of,
    complaint,
    find_programs,
    load,
)


def programs_in(folder: Path, version: str) -> Path:
    """Make a folder of programs that tell a version."""
    folder.mkdir()
    for name in ("pg_dump", "psql"):
        program = folder / name
        program.write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
        program.chmod(0o755)
    return folder


@pytest.mark.parametrize(
    ("dsn", "shown", "secrets"),
    [
        ("postgresql://ann@db/x", "postgresql://ann@db/x", {}),
        ("postgresql://ann:s%40me@db:5/x", "postgresql://ann@db:5/x", {"PGPASSWORD": "s@me"}),
        ("postgres://ann:p@a:1,b:2/x", "postgres://ann@a:1,b:2/x", {"PGPASSWORD": "p"}),
        (
            "postgresql://ann@/x?host=/tmp/a&password=a%26b&sslmode=require",
            "postgresql://ann@/x?host=/tmp/a&sslmode=require",
            {"PGPASSWORD": "a&b"},
        ),
        ("postgresql:///x?password=a+b", "postgresql:///x", {"PGPASSWORD": "a+b"}),
    ],
)
def test_an_address_is_shown_without_its_password(
    dsn: str, shown: str, secrets: dict[str, str]
) -> None:
    assert address_of(dsn) == (shown, secrets)


def test_a_passphrase_that_cannot_be_hidden_is_refused() -> None:
    with pytest.raises(ProgramFailed, match="sslpassword") as failed:
        address_of("postgresql://ann@db/x?sslpassword=sesame")
    assert "sesame" not in str(failed.value)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"", "it ended with 3"),
        (b"psql:<stdin>:7: ERROR:  no space left\nDETAIL:  none\n", "no space left"),
        (b"pg_dump: warning: x\npg_dump: error: aborting\n", "aborting"),
        (b"WARNING: odd\nFATAL:  too many clients\n", "too many clients"),
        (b"Segmentation fault\n\n", "Segmentation fault"),
    ],
)
def test_a_complaint_is_one_line(said: bytes, told: str) -> None:
    assert complaint(said, 3) == told


async def test_programs_that_are_new_enough_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundled = programs_in(tmp_path / "bundled", "18.4")
    on_path = programs_in(tmp_path / "path", "19.1 (Debian 19.1-1)")
    monkeypatch.setenv("PATH", f"{on_path}:/usr/bin:/bin")
    assert await find_programs(16, bundled) == Programs(bundled, 18)
    assert await find_programs(18, bundled) == Programs(bundled, 18)
    assert await find_programs(19, bundled) == Programs(on_path, 19)
    assert await find_programs(16, None) == Programs(on_path, 19)
    with pytest.raises(ProgramFailed, match="pg_dump and psql of PostgreSQL 20 or newer"):
        await find_programs(20, bundled)


async def test_without_any_programs_the_version_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProgramFailed, match="PostgreSQL 18 or newer are needed"):
        await find_programs(18, tmp_path)


@pytest.mark.parametrize(("server", "is_kept"), [(16, False), (17, True), (18, True)])
async def test_a_server_without_the_setting_is_not_told_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: int, is_kept: bool
) -> None:
    """Before version 17, `transaction_timeout` is an error, and `pg_dump` always sets it."""
    folder, heard = tmp_path / "programs", tmp_path / "heard"
    folder.mkdir()
    (folder / "psql").write_text(f'#!/bin/sh\necho "$*" >{heard}.args\nexec cat >{heard}\n')
    (folder / "psql").chmod(0o755)
    script = b"--\nSET lock_timeout = 0;\nSET transaction_timeout = 0;\nSET row_security = off;\n"
    dsn = "postgresql://ann:sesame@db/x"
    await load(Programs(folder, 18), dsn, server, ["a", "b"], [script, script], "EPILOGUE;")
    said = heard.read_text()
    assert said.count("SET transaction_timeout") == 1 + is_kept
    assert said.startswith("SET client_min_messages = warning;\nBEGIN;\n")
    assert said.index("DROP TABLE public.a, public.b CASCADE;") < said.index("row_security")
    assert said.endswith("EPILOGUE;\nCOMMIT;\n")
    arguments = heard.with_suffix(".args").read_text()
    assert "--dbname=postgresql://ann@db/x" in arguments
    assert "sesame" not in arguments


async def test_a_server_that_is_not_there_is_told_by_the_program(tmp_path: Path) -> None:
    programs = await find_programs(18, bundled_programs())
    dsn = f"postgresql://saleroom@/postgres?host={tmp_path}"
    with pytest.raises(ProgramFailed, match="psql: connection to server on socket") as failed:
        await load(programs, dsn, 18, [], [b"SELECT 1;\n"] * 100_000, "")
    assert "\n" not in str(failed.value)
