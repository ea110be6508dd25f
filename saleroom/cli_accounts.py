"""The commands for accounts: admin create, admin list.

Owns: the asking for a password, and what is printed. Invariant: a password is never on a command
line, in the environment or on the screen; a failure is one line. Source: PROTOCOL 7.
"""

from __future__ import annotations

import argparse
import getpass
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import trio

from saleroom.auction.definition import DefinitionError
from saleroom.auction.roles import Role
from saleroom.cli_shared import Commands, Failure, add_command, first_error
from saleroom.config import Settings, read_settings
from saleroom.first_admin import appoint
from saleroom.http.accounts.api_account_shapes import AddressGiven
from saleroom.http.accounts.password_work import hash_password
from saleroom.http.accounts.passwords import CHARS_MAX, CHARS_MIN, words_of
from saleroom.protocol.reading import read_shape
from saleroom.storage.embedded import EmbeddedPostgres
from saleroom.storage.embedded_home import EmbeddedPostgresFailed, default_data_folder
from saleroom.storage.migrate import MigrationError
from saleroom.storage.ports import StoreError, Stores
from saleroom.storage.stores import open_stores

PAGE = 200
NAME_CHARS_MAX = 500


def add_commands(commands: Commands) -> None:
    """Describe admin and what can be done with it."""
    admin = add_command(
        commands,
        "admin",
        _list,
        "Appoint admins, also while a server runs.",
        "admin create --email ada@gala.example",
        "admin create --email ada@gala.example --role admin --role operator",
        "admin create --email ada@gala.example --password-stdin",
        "admin list",
    )
    actions = admin.add_subparsers(metavar="ACTION", required=True)
    create = add_command(
        actions,
        "create",
        _create,
        "Give an address an admin's account; one that is there gets the new password.",
        "admin create --email ada@gala.example",
        "admin create --email ada@gala.example --password-stdin",
    )
    create.add_argument("--email", required=True, help="the address to sign in with")
    create.add_argument("--name", help="what the person is called")
    create.add_argument(
        "--role",
        action="append",
        choices=[role.value for role in Role],
        help="admin by default; may be given more than once",
    )
    create.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input"
    )
    add_command(actions, "list", _list, "List the admins.", "admin list")


def _create(arguments: argparse.Namespace) -> int:
    settings = read_settings(os.environ)
    email = _read_email(arguments.email)
    name = (arguments.name or email.partition("@")[0])[:NAME_CHARS_MAX]
    roles = [Role(role) for role in arguments.role or [Role.ADMIN.value]]
    password = _read_password(from_stdin=arguments.password_stdin)
    hashed = _hashed(password, email, name)

    async def create(stores: Stores) -> None:
        now_ms = int(time.time() * 1000)
        account, is_new = await appoint(stores.accounts, email, name, hashed, roles, now_ms)
        done = "created" if is_new else "given the new password, and its sign-ins ended"
        print(f"{account.email} ({account.id}): {done}; roles {', '.join(sorted(account.roles))}")

    with_stores(settings, create)
    return 0


def _list(arguments: argparse.Namespace) -> int:
    settings = read_settings(os.environ)

    async def show(stores: Stores) -> None:
        after: str | None = None
        count = 0
        while page := await stores.accounts.list_accounts(None, Role.ADMIN.value, after, PAGE):
            for account in page:
                state = " (disabled)" if account.is_disabled else ""
                roles = ", ".join(sorted(account.roles))
                print(f"{account.email or '-'} ({account.id}): {roles}{state}")
            count, after = count + len(page), page[-1].id
        if not count:
            print("there is no admin yet: saleroom admin create --email ADDRESS makes one")

    with_stores(settings, show)
    return 0


def _read_email(text: str) -> str:
    try:
        return read_shape(AddressGiven, {"email": text}).email
    except DefinitionError as error:
        raise Failure(f"--email: {error}") from None


def _read_password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise Failure("there is no terminal to ask at: give the password with --password-stdin")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise Failure("the two differ; nothing was done")
    return password


def _hashed(password: str, *about: str) -> str:
    if not CHARS_MIN <= len(password) <= CHARS_MAX:
        raise Failure(f"a password has {CHARS_MIN} to {CHARS_MAX} characters")
    hashed, weakness = hash_password(password, words_of(*about))
    if hashed is None:
        raise Failure(f"the password is too easy to guess: {weakness}")
    return hashed


def with_stores(settings: Settings, body: Callable[[Stores], Awaitable[None]]) -> None:
    """Run a command's body over the configured database. Raises Failure in one line."""

    async def run() -> None:
        async with _dsn(settings) as dsn, open_stores(dsn, None) as stores:
            await body(stores)

    try:
        trio.run(run)
    except* (KeyboardInterrupt, BrokenPipeError) as group:
        raise first_error(group) from None
    except* (StoreError, EmbeddedPostgresFailed, MigrationError, OSError, ValueError) as group:
        raise Failure(str(first_error(group)).splitlines()[0]) from None


@asynccontextmanager
async def _dsn(settings: Settings) -> AsyncIterator[str]:
    """Hold the configured database: a running server's, or our own for this moment."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    folder = settings.data_dir or default_data_folder()
    async with EmbeddedPostgres(folder).held() as dsn:
        yield dsn
