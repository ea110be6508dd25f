"""The first admin, whom nobody but the house's own machine can appoint.

Owns: the appointing. Invariant: whoever had the account before has it no longer: its password is
the one given now, and its sign-ins have ended. Must not know: where the password comes from.
Source: PROTOCOL 7, issue of accounts and roles.
"""

from __future__ import annotations

from collections.abc import Collection

from saleroom.auction.roles import Role
from saleroom.http.accounts.accounts import new_account_id
from saleroom.storage.accounts_ports import Account, Accounts, Rights


async def appoint(
    accounts: Accounts,
    email: str,
    name: str,
    password: str,
    roles: Collection[Role],
    now_ms: int,
) -> tuple[Account, bool]:
    """Give an address an account with these roles, and say whether it is a new one.

    password: its hash. An account that is there keeps its name, and its other roles.
    """
    given = frozenset(role.value for role in roles)
    kept = await accounts.by_email(email)
    if kept is None:
        made = Account(
            new_account_id(),
            name,
            now_ms,
            email,
            password=password,
            roles=given,
            verified_at_ms=now_ms,
        )
        await accounts.add(made)
        return made, True
    await accounts.set_password(kept.id, password, keep=None)
    await accounts.set_rights(kept.id, Rights(kept.roles | given, None, is_disabled=False))
    return await accounts.account(kept.id), False
