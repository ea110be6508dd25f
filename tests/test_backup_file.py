"""The file of a backup: whole and private, and any change in it is found."""

from __future__ import annotations

import os
import resource
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import ZipFile

import orjson
import pytest

from saleroom.backup_file import (
    DATA,
    DATABASE,
    FORMAT,
    MANIFEST,
    RELEASE,
    BackupRefused,
    Manifest,
    reading,
    writing,
)
from saleroom.storage.pg_programs import ProgramFailed
from saleroom.storage.pg_survey import Standing
from tests.e2e.server import ROOT

MADE_AT = "2026-05-01T20:15:00+00:00"
KEY = b"k" * 64
STANDING = Standing("gala", "0a", 3, "ff" * 32)


def write_small(path: Path) -> Manifest:
    with writing(path) as writer:
        with writer.part(DATABASE, is_packed=True) as write:
            write(b"SELECT 1;\n")
            write(b"SELECT 2;\n")
        with writer.part(f"{DATA}signing-key", is_packed=False) as write:
            write(KEY)
        return writer.finish(MADE_AT, 18, {"0001_journal.sql": "c0"}, (STANDING,))


def contents(path: Path) -> dict[str, bytes]:
    with reading(path) as reader:
        return {part.name: b"".join(reader.blocks(part.name)) for part in reader.manifest.parts}


def test_a_file_gives_back_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "a.backup"
    written = write_small(path)
    with reading(path) as reader:
        assert reader.manifest == written
    assert written.events == (STANDING,)
    assert contents(path) == {DATABASE: b"SELECT 1;\nSELECT 2;\n", f"{DATA}signing-key": KEY}
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["a.backup"]


def test_every_flipped_byte_is_found_or_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.backup"
    written = write_small(path)
    whole, expected = path.read_bytes(), contents(path)
    refused = 0
    for index in range(len(whole)):
        path.write_bytes(whole[:index] + bytes([whole[index] ^ 0x55]) + whole[index + 1 :])
        try:
            with reading(path) as reader:
                assert reader.manifest == written, index
            assert contents(path) == expected, index
        except BackupRefused:
            refused += 1
    assert refused > len(whole) / 2


def test_every_shortened_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.backup"
    write_small(path)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(BackupRefused, match=r"damaged or cut short|not a backup"):
            contents(path)


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04", b"PK\x05\x06" + bytes(18)])
def test_another_file_is_not_a_backup(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(BackupRefused, match="not a backup of Saleroom"):
        contents(path)


def write_manifest(path: Path, **fields: object) -> None:
    """Write a whole archive whose manifest says something else; None leaves a field out."""
    write_small(path)
    with ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    told = orjson.loads(members[MANIFEST]) | fields
    members[MANIFEST] = orjson.dumps({k: v for k, v in told.items() if v is not None})
    with ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


PART = {"name": "data/signing-key", "size": 64, "sha256": ""}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"release": "0.1.1"}, r"release 0.1.1, which is newer than this one \(0.1.0\)"),
        ({"release": "0.10"}, "newer"),
        ({"saleroom_backup": FORMAT + 1, "release": "9", "events": 1}, "release 9"),
        ({"saleroom_backup": None}, "not a backup"),
        ({"events": None}, "its manifest is incomplete"),
        ({"events": [{"event": "gala"}]}, "its manifest is incomplete"),
        ({"parts": [PART | {"name": "data/../../etc/passwd"}]}, "names other files"),
        ({"parts": [PART | {"name": "/etc/passwd"}]}, "names other files"),
        ({"parts": [PART | {"name": "data//etc/passwd"}]}, "names other files"),
        ({"parts": [PART | {"name": "other.sql"}]}, "names other files"),
    ],
)
def test_a_manifest_that_is_not_ours_is_refused(
    tmp_path: Path, fields: dict[str, object], reason: str
) -> None:
    write_manifest(tmp_path / "a.backup", **fields)
    with pytest.raises(BackupRefused, match=reason), reading(tmp_path / "a.backup"):
        pass


def test_an_older_release_s_backup_is_read(tmp_path: Path) -> None:
    write_manifest(tmp_path / "a.backup", release="0.0.9")
    with reading(tmp_path / "a.backup") as reader:
        assert reader.manifest.release == "0.0.9"


def test_a_failed_backup_leaves_the_one_before_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.backup"
    write_small(path)
    before = path.read_bytes()
    with pytest.raises(ProgramFailed), writing(path) as writer, writer.part("x", is_packed=True):
        raise ProgramFailed("the server went away")
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.backup"]


@contextmanager
def small_files(size: int) -> Iterator[None]:
    """Refuse to let any file grow past a size, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    def write_much() -> None:
        with (
            writing(tmp_path / "a.backup") as writer,
            writer.part(DATABASE, is_packed=False) as write,
        ):
            for _ in range(10):
                write(bytes(50_000))

    with small_files(100_000), pytest.raises(OSError, match="too large"):
        write_much()
    assert os.listdir(tmp_path) == []


def test_the_release_is_the_project_s() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["version"] == RELEASE
