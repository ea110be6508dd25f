"""Erasure over HTTP.

Owns: the routes `/api/v1/me/erase` and `/api/v1/accounts/{account}/erase`. Invariant: whoever has a
password proves it once more; others hold nothing but their token. Source: I5, decision 0011.
"""

from __future__ import annotations

from typing import Annotated, Literal

import attrs
from quart import Blueprint, Response

from saleroom.auction.roles import Role
from saleroom.http.accounts.api_account_shapes import Password
from saleroom.http.accounts.api_auth import client_address
from saleroom.http.accounts.erasure import Erasure
from saleroom.http.operations.audit_trail import Trail
from saleroom.http.requests.api_access import Access, role_of
from saleroom.http.requests.api_requests import respond
from saleroom.http.requests.bodies import read_body
from saleroom.http.requests.contract import SIGNED_IN, contract
from saleroom.http.requests.problems import Problem
from saleroom.http.services import Services
from saleroom.protocol.shapes import Chars, Example
from saleroom.storage.privacy_ports import Forgotten

TAG = "Privacy"
AccountId = Annotated[str, Chars(1, 255), Example("u0123456789abcdef")]


@attrs.frozen
class EraseMe:
    """The words that ask for it, and the password of whoever has one."""

    confirm: Literal["erase my data"]
    password: Password | None = attrs.field(default=None, repr=False)


@attrs.frozen
class Erased:
    """What was held of the person, and is no more; paddles and their bids stay, without a name."""

    registrations: int
    wish_lists: int
    gifts: int
    watches: int


def erasure_routes(services: Services, access: Access, trail: Trail) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("erasure", __name__)
    erasure = Erasure(services, trail)
    accounts = services.accounts

    @routes.post("/me/erase")
    @contract(
        "Have all that is kept of oneself erased",
        tag=TAG,
        who=SIGNED_IN,
        body=EraseMe,
        answers={200: Erased},
        description="The account ends, and every sign-in with it. It cannot be undone.",
    )
    async def erase_me() -> Response:
        identity = await access.admit_signed_in()
        asked = await read_body(EraseMe)
        account = await accounts.own(identity.user)
        if account is not None and account.email is not None and account.password is not None:
            if asked.password is None:
                raise Problem("UNAUTHENTICATED", "give the account's password to confirm")
            await accounts.sign_in(account.email, asked.password, client_address())
        role = role_of(identity, None) or Role.DONOR
        forgotten, _ = await erasure.erase(identity.user, identity.user, role)
        response = respond(attrs.asdict(_erased(forgotten)))
        services.cookies.clear(response)
        return response

    @routes.post("/accounts/<account>/erase")
    @contract(
        "Erase a person",
        tag=TAG,
        who=Role.ADMIN,
        path={"account": AccountId},
        answers={200: Erased},
        refusals=("UNKNOWN_ACCOUNT", "OWN_ACCOUNT"),
    )
    async def erase(account: str) -> Response:
        identity, role = await access.admit(Role.ADMIN, None)
        if account == identity.user:
            raise Problem("OWN_ACCOUNT", "one's own data is erased by oneself, with the password")
        forgotten, had_account = await erasure.erase(account, identity.user, role)
        if forgotten.is_nothing and not had_account:
            raise Problem("UNKNOWN_ACCOUNT")
        return respond(attrs.asdict(_erased(forgotten)))

    return routes


def _erased(forgotten: Forgotten) -> Erased:
    return Erased(len(forgotten.paddles), forgotten.wish_lists, forgotten.gifts, forgotten.watches)
