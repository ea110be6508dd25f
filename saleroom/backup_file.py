"""A backup as one file: a zip archive that any tool can look into.

Owns: the form of backups. Invariant: a file with a backup's name is a whole backup (it is written
under another name, brought to disk and renamed), readable by its owner alone; whatever changed in
it since is found before anything of it is used. Must not know: databases. Source:
docs/keeping.md.

    database.sql      the script that makes the tables anew
    data/NAME         what else the data folder holds: the signing key, media
    manifest.json     last: what the backup is of, and the SHA-256 of each part
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import struct
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import attrs
import cattrs
import orjson

from saleroom.storage.pg_survey import Standing

FORMAT = 1
RELEASE = "0.1.0"
DATABASE = "database.sql"
DATA = "data/"
MANIFEST = "manifest.json"
MANIFEST_BYTES_MAX = 64 * 1024 * 1024
BLOCK_BYTES = 262_144
PACKING_LEVEL = 1
"""A journal shrinks to a tenth at the fastest level; the next ones cost more than they save."""

_FIRST_BYTES = re.compile(rb"PK\x03\x04.{26}" + DATABASE.encode(), re.DOTALL)
_DAMAGE = (
    BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    KeyError,
    NotImplementedError,  # a flipped bit may ask for another way of packing,
    RuntimeError,  # or for a password,
    ValueError,  # or give a name that is none
    OverflowError,
)


class BackupRefused(Exception):
    """The file is no backup that this release can restore; the text says why, in one line."""


@attrs.frozen
class Part:
    """A member of the archive. size: bytes, unpacked. sha256: of those bytes, in hex."""

    name: str
    size: int
    sha256: str


@attrs.frozen
class Manifest:
    """What a backup is of. program: the major version of the pg_dump that wrote its script."""

    release: str
    made_at: str
    program: int
    migrations: Mapping[str, str]
    events: tuple[Standing, ...]
    parts: tuple[Part, ...]

    def data_parts(self) -> list[Part]:
        """Give the parts that belong in the data folder."""
        return [part for part in self.parts if part.name.startswith(DATA)]


@attrs.define(eq=False)
class BackupWriter:
    """A backup being written; `finish` comes last."""

    _archive: ZipFile
    parts: list[Part] = attrs.field(init=False, factory=list)

    @contextmanager
    def part(self, name: str, *, is_packed: bool) -> Iterator[Callable[[bytes], None]]:
        """Add a part for the length of the block, which is given what writes to it."""
        digest, size = hashlib.sha256(), 0
        with self._archive.open(
            _member(name, is_packed=is_packed), "w", force_zip64=True
        ) as member:

            def write(block: bytes) -> None:
                nonlocal size
                member.write(block)
                digest.update(block)
                size += len(block)

            yield write
        self.parts.append(Part(name, size, digest.hexdigest()))

    def finish(
        self,
        made_at: str,
        program: int,
        migrations: Mapping[str, str],
        events: tuple[Standing, ...],
    ) -> Manifest:
        """Write the manifest over all parts so far."""
        parts = tuple(self.parts)
        manifest = Manifest(RELEASE, made_at, program, migrations, events, parts)
        content = orjson.dumps(
            {"saleroom_backup": FORMAT, **attrs.asdict(manifest)}, option=orjson.OPT_INDENT_2
        )
        self._archive.writestr(_member(MANIFEST, is_packed=True), content)
        return manifest


@contextmanager
def writing(path: Path) -> Iterator[BackupWriter]:
    """Write a backup for the length of the block; it has its name only after that.

    Raises OSError. However the block fails, nothing is left.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            with ZipFile(file, "w", compresslevel=PACKING_LEVEL) as archive:
                yield BackupWriter(archive)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@attrs.define(eq=False)
class BackupReader:
    """A backup whose manifest is read."""

    manifest: Manifest
    _archive: ZipFile

    def blocks(self, name: str) -> Iterator[bytes]:
        """Go over a part's bytes. Raises BackupRefused where they are not what was written."""
        part = next(part for part in self.manifest.parts if part.name == name)
        digest, size = hashlib.sha256(), 0
        with (
            _telling_damage(f"it is damaged: {name} cannot be read"),
            self._archive.open(_packed_as_ours(self._archive, name)) as member,
        ):
            while block := member.read(BLOCK_BYTES):
                digest.update(block)
                size += len(block)
                yield block
        if (size, digest.hexdigest()) != (part.size, part.sha256):
            raise BackupRefused(f"it is damaged: {name} is not what was backed up")


@contextmanager
def reading(path: Path) -> Iterator[BackupReader]:
    """Hold a backup open for the length of the block. Raises OSError, BackupRefused."""
    with path.open("rb") as file:
        is_ours = _FIRST_BYTES.match(file.read(64)) is not None
        reason = "it is damaged or cut short" if is_ours else "it is not a backup of Saleroom"
        with _telling_damage(reason):
            archive = ZipFile(file)
            content = _manifest_bytes(archive)
        with archive:
            yield BackupReader(_read_manifest(content), archive)


@contextmanager
def _telling_damage(reason: str) -> Iterator[None]:
    """Turn whatever a damaged archive makes its reader raise into a refusal."""
    try:
        yield
    except _DAMAGE:
        raise BackupRefused(reason) from None
    except OSError as error:
        if error.errno != errno.EINVAL:  # a place before the file's beginning
            raise
        raise BackupRefused(reason) from None


def _manifest_bytes(archive: ZipFile) -> bytes:
    info = _packed_as_ours(archive, MANIFEST)
    if info.file_size > MANIFEST_BYTES_MAX:
        raise BadZipFile("its manifest is too large")
    return archive.read(info)


def _packed_as_ours(archive: ZipFile, name: str) -> ZipInfo:
    info = archive.getinfo(name)
    if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise BadZipFile("it is packed in another way")
    return info


def _read_manifest(content: bytes) -> Manifest:
    """Read a manifest whose archive vouches for its bytes. Raises BackupRefused."""
    try:
        raw: dict[str, Any] = orjson.loads(content)
        written, release = int(raw["saleroom_backup"]), str(raw["release"])
    except (KeyError, TypeError, ValueError):
        raise BackupRefused("it is not a backup of Saleroom") from None
    if written > FORMAT or _numbers(release) > _numbers(RELEASE):
        raise BackupRefused(
            f"it was made by release {release}, which is newer than this one ({RELEASE}): "
            "restore it with that release or a later one"
        )
    try:
        manifest = cattrs.structure(raw, Manifest)
    except (cattrs.BaseValidationError, KeyError, TypeError, ValueError):
        raise BackupRefused("it is damaged: its manifest is incomplete") from None
    if any(not _is_ours(part.name) for part in manifest.parts):
        raise BackupRefused("it is not a backup of Saleroom: it names other files")
    return manifest


def _is_ours(name: str) -> bool:
    """Say whether a part is the database, or has its place inside a data folder."""
    path = PurePosixPath(name)
    is_plain = str(path) == name and ".." not in path.parts and not path.is_absolute()
    return name == DATABASE or (name.startswith(DATA) and is_plain)


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", release))


def _member(name: str, *, is_packed: bool) -> ZipInfo:
    info = ZipInfo(name, time.gmtime()[:6])
    info.compress_type = ZIP_DEFLATED if is_packed else ZIP_STORED
    info.external_attr = 0o600 << 16
    return info
