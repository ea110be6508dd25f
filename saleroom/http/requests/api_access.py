"""Who may do what over HTTP, and how often.

Owns: the reading of `Authorization` and cookies, roles on events, which events exist for whom, and
each user's rate. Invariant: refusals come in rule 29's order: UNAUTHENTICATED, FORBIDDEN,
RATE_LIMITED; a draft does not exist for those who do not run it; a cookie alone changes nothing.
Source: rules 24 and 29, PROTOCOL 6 and 7.
"""

from __future__ import annotations

from typing import Any, cast

import attrs
from quart import request

from saleroom.actors.site import Site
from saleroom.auction.roles import Role, highest, outranks
from saleroom.http.requests.problems import Problem, busy
from saleroom.http.requests.rates import RATE, too_many, user_quota
from saleroom.http.services import Services
from saleroom.protocol.identity import STAFF, Identity, KeysUnavailable, TokenRejected
from saleroom.storage.ports import EventRow, NotFound

DRAFT = "draft"


@attrs.frozen
class Reader:
    """Who reads an event. row: None for an event that runs here, whose row was not needed."""

    event: str
    is_draft: bool
    is_public: bool
    is_staff: bool
    role: Role | None
    row: EventRow | None


@attrs.define(eq=False)
class Access:
    """The gate of every route."""

    services: Services

    async def identify(self) -> Identity | None:
        """Give who asks, by token or by cookie; None for nobody.

        Raises Problem for a token that is not believed, and for a change that a cookie alone asks.
        """
        header = request.headers.get("Authorization")
        if header is None:
            return await self._by_cookie()
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Problem("UNAUTHENTICATED", "Authorization is `Bearer` and a token")
        try:
            return await self.services.verify(token.strip())
        except TokenRejected as rejected:
            raise Problem("UNAUTHENTICATED", str(rejected)) from None
        except KeysUnavailable:
            raise busy("the keys of tokens cannot be had") from None

    async def signed_in(self) -> Identity:
        """Give who asks, whatever their roles. Raises Problem for nobody."""
        identity = await self.identify()
        if identity is None:
            raise Problem("UNAUTHENTICATED")
        return identity

    async def admit_signed_in(self) -> Identity:
        """Give who writes, whatever their roles, and count it against their rate."""
        identity = await self.signed_in()
        await self._spend(identity.user, is_staff=bool(_roles(identity, None) & STAFF))
        return identity

    async def require(self, least: Role, event: str | None) -> tuple[Identity, Role]:
        """Give who asks and their role on an event, at least `least`.

        event None: on the server as a whole, where a token narrowed to events counts for nothing.
        """
        identity = await self.signed_in()
        role = role_of(identity, event)
        if role is None or not outranks(role, least):
            raise Problem("FORBIDDEN")
        return identity, role

    async def admit(self, least: Role, event: str | None) -> tuple[Identity, Role]:
        """Give who writes, as `require` does, and count it against their rate."""
        identity, role = await self.require(least, event)
        await self._spend(identity.user, outranks(role, Role.CLERK))
        return identity, role

    async def require_operator(self) -> Identity:
        """Give the operator who asks; the role stands apart from all others."""
        identity = await self.signed_in()
        if Role.OPERATOR not in _roles(identity, None):
            raise Problem("FORBIDDEN")
        return identity

    async def reader(self, event: str) -> Reader:
        """Give who reads an event that exists for them. Raises Problem."""
        identity = await self.identify()
        role = None if identity is None else role_of(identity, event)
        is_staff = outranks(role, Role.CLERK)
        found = self.services.registry.find(event)
        row = None if found is not None else await self.row(event)
        is_draft = row is not None and row.status == DRAFT
        if is_draft and not is_staff:
            raise Problem("UNKNOWN_EVENT")
        is_public = row.public if row is not None else found is not None and found[1]
        if not is_public and identity is None:
            raise Problem("UNAUTHENTICATED")
        return Reader(event, is_draft, is_public, is_staff, role, row)

    async def site(self, event: str, role: Role) -> Site:
        """Give the site of a published event, for a command. Raises Problem."""
        site = self.services.registry.site(event)
        if site is not None:
            return site
        row = await self.row(event)
        if row.status == DRAFT:
            raise Problem("EVENT_NOT_OPEN" if outranks(role, Role.CLERK) else "UNKNOWN_EVENT")
        if row.status == "closed":
            raise Problem("EVENT_CLOSED")
        raise busy("the event is starting")

    async def is_draft(self, event: str, role: Role) -> bool:
        """Say whether an event that exists for a role is a draft. Raises Problem."""
        if self.services.registry.site(event) is not None:
            return False
        is_draft = (await self.row(event)).status == DRAFT
        if is_draft and not outranks(role, Role.CLERK):
            raise Problem("UNKNOWN_EVENT")
        return is_draft

    async def row(self, event: str) -> EventRow:
        """Give an event's row in the catalogue."""
        try:
            return await self.services.stores.catalogue.event(event)
        except NotFound:
            raise Problem("UNKNOWN_EVENT") from None

    async def _by_cookie(self) -> Identity | None:
        """Give who is signed in by cookie; one that has ended is none."""
        cookies = self.services.cookies
        token = cookies.access()
        if token is None:
            return None
        try:
            identity = await self.services.verify(token)
        except TokenRejected:
            return None
        except KeysUnavailable:
            raise busy("the keys of tokens cannot be had") from None
        if identity.sign_in is None:
            return None
        cookies.require_proof(identity.sign_in)
        return identity

    async def _spend(self, user: str, is_staff: bool) -> None:
        quota = user_quota(self.services.limits.commands, is_staff=is_staff)
        spent = await self.services.rates.spend(quota, user)
        cast(dict[str, Any], request.scope)[RATE] = spent
        if spent.taken.wait_s:
            raise too_many(spent)


def role_of(identity: Identity, event: str | None) -> Role | None:
    """Give the highest role on an event, or on the server as a whole."""
    return highest(_roles(identity, event))


def _roles(identity: Identity, event: str | None) -> frozenset[Role]:
    if event is not None:
        return identity.roles_on(event)
    return identity.roles if identity.events is None else identity.roles - STAFF
