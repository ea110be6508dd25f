"""Joining: a donor comes in with a code, is registered, agrees and is signed in.

Owns: the order of the steps. Invariant: a code serves once, and is good again when the house
refuses what it was used for; only when nobody can say whether the event took it, it stays used, and
the desk prints another. Wrong codes are throttled by address, and every wrong one gets the same
answer. Source: issue 6 points 1 and 3, rules 19 and 25, decision 0011.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from saleroom.actors.site import Site
from saleroom.auction.roles import Role
from saleroom.http.accounts.sign_ins import Granted
from saleroom.http.catalogue.api_definitions import event_definition
from saleroom.http.desk.desk_shapes import Joining
from saleroom.http.desk.join_codes import digest, written
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_asking import ask_event, house_command
from saleroom.http.requests.problems import Problem
from saleroom.http.requests.throttle import Rate, Throttle
from saleroom.http.sale.api_replicas import Replicas
from saleroom.http.services import Services
from saleroom.storage.desk_ports import Guest
from saleroom.storage.join_ports import JoinCode
from saleroom.storage.ports import EventRow, NotFound

WRONG = Rate(burst=60, every_s=2.0)  # of one address: a ballroom that mistypes


@attrs.frozen
class Seated:
    """Who has joined."""

    event: str
    paddle: int
    terms_version: int
    granted: Granted


@attrs.define(eq=False)
class JoinDesk:
    """Let donors in by their codes."""

    services: Services
    access: Access
    replicas: Replicas
    _wrong: Throttle = attrs.field(init=False, factory=lambda: Throttle(WRONG))

    async def join(self, given: Joining, address: str) -> Seated:
        """Seat whoever brings a code. Raises Problem."""
        code = await self._tried(given.code, address)
        if not given.accept_terms:
            raise Problem("TERMS_NOT_ACCEPTED", "the terms must be accepted to join")
        site = await self.access.site(code.event, Role.ADMIN)
        row = await self.access.row(code.event)
        terms_version = event_definition(row).terms_version
        codes, accounts = self.services.stores.join_codes, self.services.accounts
        if not await codes.use(code.id, self.services.clock.now_ms()):
            raise Problem("INVALID_CODE")
        account = await accounts.add_guest(given.name, given.phone)
        try:
            paddle = await self._seat(site, code, given, account.id, terms_version)
        except Problem as problem:
            if problem.code != "OUTCOME_UNKNOWN":
                await codes.free(code.id)
                await accounts.store.erase(account.id)
            raise
        granted = await accounts.sign_ins.begin(account)
        return Seated(code.event, paddle, terms_version, granted)

    async def invitation(self, typed: str, address: str) -> EventRow:
        """Give the event that a code is for, and use nothing. Raises Problem."""
        code = await self._tried(typed, address)
        return await self.access.row(code.event)

    async def _tried(self, typed: str, address: str) -> JoinCode:
        """Give the code that somebody typed; wrong ones count. Raises Problem."""
        self._wrong.take(address)
        code = await self._good(typed)
        self._wrong.give_back(address)
        return code

    async def _good(self, typed: str) -> JoinCode:
        """Give the code that somebody typed. Raises Problem."""
        code = written(typed)
        if code is None:
            raise Problem("INVALID_CODE")
        try:
            row = await self.services.stores.join_codes.by_digest(digest(code))
        except NotFound:
            raise Problem("INVALID_CODE") from None
        now = self.services.clock.now_ms()
        if row.used_at_ms is not None or (row.expires_at_ms or now + 1) <= now:
            raise Problem("INVALID_CODE")
        return row

    async def _seat(
        self, site: Site, code: JoinCode, given: Joining, user: str, terms_version: int
    ) -> int:
        """Give the user the code's paddle, or one of their own. Raises Problem."""
        agreed: dict[str, Any] = {"user": user, "terms_version": terms_version}
        if code.table is not None:
            agreed["table"] = code.table
        paddle = code.paddle
        if paddle is not None and paddle in (await self.replicas.state(code.event)).paddles:
            await self._ask(site, "change_paddle", {"paddle": paddle, **agreed}, user)
            await self._take_over(code, paddle, given, user)
            site.names[paddle] = given.name
            return paddle
        wanted = {
            "name": given.name,
            "user": user,
            "paddle": paddle,
            "table": code.table,
            "email": given.email,
            "phone": given.phone,
        }
        known = {name: value for name, value in wanted.items() if value is not None}
        added: int = (await self._ask(site, "add_paddle", known, user))["paddle"]
        await self._ask(
            site, "change_paddle", {"paddle": added, "terms_version": terms_version}, user
        )
        return added

    async def _take_over(self, code: JoinCode, paddle: int, given: Joining, user: str) -> None:
        """Keep who now holds a paddle that the house had registered without a user."""
        changed = Guest(paddle, user, given.name, given.email, given.phone, code.table)
        said = [n for n in ("email", "phone", "table") if getattr(changed, n) is not None]
        try:
            await self.services.stores.desk.put_guest(code.event, changed, ["user", "name", *said])
        except NotFound:  # a paddle that was published without a registration
            return

    async def _ask(
        self, site: Site, name: str, fields: Mapping[str, Any], by: str
    ) -> dict[str, Any]:
        command = house_command(name, fields, None)
        return await ask_event(site, command, by, Role.ADMIN, self.services.limits.answer_s)
