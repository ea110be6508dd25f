"""One's own account over HTTP.

Owns: the routes of `/api/v1/me` that are about the person. Invariant: a token that another service
issued is shown as what it says, and has no account to change. Source: PROTOCOL 7.
"""

from __future__ import annotations

import attrs
from quart import Blueprint, Response

from saleroom.http.accounts.api_account_shapes import AccountView, ProfileChanges, account_view
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_requests import respond
from saleroom.http.requests.bodies import read_changes
from saleroom.http.requests.contract import SIGNED_IN, contract
from saleroom.http.services import Services
from saleroom.protocol.identity import Identity

TAG = "Me"


def me_routes(services: Services, access: Access) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("me", __name__)
    desk = services.accounts

    @routes.get("/me")
    @contract("Read one's account", tag=TAG, who=SIGNED_IN, answers={200: AccountView})
    async def read() -> Response:
        identity = await access.signed_in()
        account = await desk.own(identity.user)
        view = _vouched(identity) if account is None else account_view(account)
        return respond(attrs.asdict(view))

    @routes.patch("/me")
    @contract(
        "Change one's name or phone",
        tag=TAG,
        who=SIGNED_IN,
        body=ProfileChanges,
        answers={200: AccountView},
        refusals=("UNKNOWN_ACCOUNT",),
    )
    async def change() -> Response:
        changes = await read_changes(ProfileChanges)
        identity = await access.admit_signed_in()
        account = await desk.account(identity.user)
        changed = await desk.change_profile(
            account, changes.get("name", account.name), changes.get("phone", account.phone)
        )
        return respond(attrs.asdict(account_view(changed)))

    return routes


def _vouched(identity: Identity) -> AccountView:
    """Show somebody who has no account here."""
    return AccountView(
        id=identity.user,
        email=None,
        name=identity.name,
        phone=None,
        roles=sorted(identity.roles, key=lambda role: role.value),
        events=None if identity.events is None else sorted(identity.events),
        verified=False,
        disabled=False,
        created_at=None,
    )
