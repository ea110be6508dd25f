"""Accounts over HTTP, for admins: found, read, and told what they may do.

Owns: the routes of `/api/v1/accounts`. Invariant: no admin changes their own rights, so that one is
always left; each change is recorded, naming people by id alone. Source: PROTOCOL 7.
"""

from __future__ import annotations

from typing import Any

import attrs
from quart import Blueprint, Response

from saleroom.auction.roles import Role
from saleroom.http.accounts.api_account_shapes import (
    AccountPage,
    AccountQuery,
    AccountView,
    RightsChanges,
    account_view,
)
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_requests import respond
from saleroom.http.requests.bodies import read_changes, read_query
from saleroom.http.requests.contract import contract
from saleroom.http.requests.problems import Problem
from saleroom.http.services import Services
from saleroom.protocol.shapes import UserId
from saleroom.storage.accounts_ports import Account, Rights
from saleroom.storage.audit_ports import AuditEntry

TAG = "Accounts"
PATH = {"account": UserId}
UNKNOWN = ("UNKNOWN_ACCOUNT",)


def account_routes(services: Services, access: Access) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("accounts", __name__)
    desk, stores = services.accounts, services.stores

    @routes.get("/accounts")
    @contract(
        "Find accounts",
        tag=TAG,
        who=Role.ADMIN,
        query=AccountQuery,
        answers={200: AccountPage},
    )
    async def index() -> Response:
        query = read_query(AccountQuery)
        await access.require(Role.ADMIN, None)
        limit = query.limit or services.limits.page_default
        role = None if query.role is None else query.role.value
        rows = await stores.accounts.list_accounts(query.q, role, query.cursor, limit + 1)
        following = rows[limit - 1].id if len(rows) > limit else None
        page = AccountPage([account_view(row) for row in rows[:limit]], following)
        return respond(attrs.asdict(page))

    @routes.get("/accounts/<account>")
    @contract(
        "Read an account",
        tag=TAG,
        who=Role.ADMIN,
        path=PATH,
        answers={200: AccountView},
        refusals=UNKNOWN,
    )
    async def read(account: str) -> Response:
        await access.require(Role.ADMIN, None)
        return respond(attrs.asdict(account_view(await desk.account(account))))

    @routes.patch("/accounts/<account>")
    @contract(
        "Change what an account may do",
        tag=TAG,
        who=Role.ADMIN,
        path=PATH,
        body=RightsChanges,
        answers={200: AccountView},
        refusals=(*UNKNOWN, "OWN_ACCOUNT"),
        description="Its sign-ins end, and its sockets are closed.",
    )
    async def change(account: str) -> Response:
        changes = await read_changes(RightsChanges)
        identity, role = await access.admit(Role.ADMIN, None)
        if account == identity.user:
            raise Problem("OWN_ACCOUNT")
        kept = await desk.account(account)
        changed = await desk.change_rights(kept, _changed_rights(kept, changes))
        await record(identity.user, role, "account.change", account, kept, changed)
        return respond(attrs.asdict(account_view(changed)))

    @routes.post("/accounts/<account>/sign-out")
    @contract(
        "Sign an account out everywhere",
        tag=TAG,
        who=Role.ADMIN,
        path=PATH,
        answers={204: None},
        refusals=UNKNOWN,
    )
    async def sign_out(account: str) -> Response:
        identity, role = await access.admit(Role.ADMIN, None)
        await desk.account(account)
        await desk.sign_ins.end_all(account)
        await record(identity.user, role, "account.sign_out", account)
        return respond(b"", 204)

    async def record(
        by: str,
        role: Role,
        what: str,
        account: str,
        before: Account | None = None,
        after: Account | None = None,
    ) -> None:
        await stores.audit.record(
            AuditEntry(
                at_ms=services.clock.now_ms(),
                who=by,
                role=role.value,
                what=what,
                target=f"account {account}",
                before=None if before is None else _rights_json(before),
                after=None if after is None else _rights_json(after),
            )
        )

    return routes


def _changed_rights(kept: Account, changes: dict[str, Any]) -> Rights:
    roles, events = changes.get("roles"), changes.get("events", kept.events)
    return Rights(
        kept.roles if roles is None else frozenset(role.value for role in roles),
        None if events is None else frozenset(events),
        changes.get("disabled", kept.is_disabled),
    )


def _rights_json(account: Account) -> dict[str, Any]:
    return {
        "roles": sorted(account.roles),
        "events": None if account.events is None else sorted(account.events),
        "disabled": account.is_disabled,
    }
