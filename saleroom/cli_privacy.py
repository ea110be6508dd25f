"""The command for privacy: erase.

Owns: what it asks and prints. Invariant: nothing is erased without `--yes` or a yes at a terminal;
no name or address is ever printed. Source: I5, decision 0011.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

from saleroom.billing_keeper import open_processor
from saleroom.cli_accounts import with_stores
from saleroom.cli_shared import Commands, Failure, add_command
from saleroom.config import read_settings
from saleroom.payments.cards import Cards
from saleroom.payments.ports import ProcessorAway
from saleroom.storage.audit_ports import AuditEntry
from saleroom.storage.ports import NotFound, Stores

BY = "command line"


def add_commands(commands: Commands) -> None:
    """Describe erase."""
    erase = add_command(
        commands,
        "erase",
        _erase,
        "Remove who somebody was: account, names, contact, notes, wishes. Bids stay, unnamed.",
        "erase --user u0123456789abcdef",
        "erase --user u0123456789abcdef --yes",
    )
    erase.add_argument(
        "--user", required=True, help="the id of the account, as `sub` in its tokens"
    )
    erase.add_argument("--yes", action="store_true", help="do not ask")


def _erase(arguments: argparse.Namespace) -> int:
    settings = read_settings(os.environ)
    user: str = arguments.user
    if not arguments.yes:
        _confirm(user)
    found: list[bool] = []

    async def erase(stores: Stores) -> None:
        async with open_processor(settings) as processor:
            try:
                await Cards(stores.billing, processor, _now_ms).remove(user)
            except ProcessorAway as away:
                raise Failure(f"nothing was erased: {away}; try again") from None
        found.append(await _forget(stores, user))

    with_stores(settings, erase)
    if not found[0]:
        raise Failure(f"nothing is kept of user {user}")
    return 0


async def _forget(stores: Stores, user: str) -> bool:
    """Forget a user, and say whether anything was held."""
    try:
        ended = await stores.accounts.erase(user)
        has_account = True
    except NotFound:
        ended, has_account = [], False
    held = await stores.privacy.forget(user)
    if held.is_nothing and not has_account:
        return False
    await stores.audit.record(AuditEntry(_now_ms(), BY, None, "account.erase", target=user))
    print(
        f"{user}: {len(held.paddles)} registrations, {held.wish_lists} wish lists, "
        f"{held.gifts} gifts, {held.watches} watches; {len(ended)} sign-ins ended"
    )
    if held.paddles:
        print("a running server greets the paddle by its old name until it is started again")
    return True


def _now_ms() -> int:
    return int(time.time() * 1000)


def _confirm(user: str) -> None:
    if not sys.stdin.isatty():
        raise Failure("there is no terminal to ask at: say --yes")
    if input(f"Erase all that is kept of {user}? It cannot be undone. [yes/no] ") != "yes":
        raise Failure("nothing was done")
