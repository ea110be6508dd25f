"""Erasure: a person asks, or an admin for them, that nothing of who they are is kept.

Owns: the order of the steps. Invariant: cards go first, since their processor may be away; nobody
is signed in any more before the tables are emptied, so that nothing is written anew; the journal is
not touched, since it holds numbers and ids alone; a request cut short is sent again and ends the
same. Source: I5, decisions 0011 and 0021.
"""

from __future__ import annotations

import attrs

from saleroom.auction.roles import Role
from saleroom.http.operations.audit_trail import Trail
from saleroom.http.services import Services
from saleroom.storage.ports import NotFound
from saleroom.storage.privacy_ports import Forgotten, unnamed


@attrs.frozen(eq=False)
class Erasure:
    """Forget people."""

    services: Services
    trail: Trail

    async def erase(self, user: str, by: str, role: Role) -> tuple[Forgotten, bool]:
        """Forget a user; say what was held of them, and whether they had an account."""
        accounts = self.services.accounts
        await self.services.cards.remove(user)
        try:
            ended = await accounts.store.erase(user)
            had_account = True
        except NotFound:
            ended, had_account = [], False
        accounts.sign_ins.forget_all(user, ended)
        forgotten = await self.services.stores.privacy.forget(user)
        for event, paddle in forgotten.paddles:
            site = self.services.registry.site(event)
            if site is not None and paddle in site.names:
                site.names[paddle] = unnamed(paddle)
        if had_account or not forgotten.is_nothing:
            await self.trail.note(by, role, "account.erase", target=user)
        return forgotten, had_account
