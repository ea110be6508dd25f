"""Signing in and out over HTTP: registration, tokens, passwords and the codes of letters.

Owns: the routes of `/api/v1/auth`. Invariant: a token leaves in the body of an answer or in a
cookie that no script reads, never in both; who is signed in by cookie proves each change.
Source: PROTOCOL 2, 6 and 7.
"""

from __future__ import annotations

from typing import Any

import attrs
from quart import Blueprint, Response, request

from saleroom.http.accounts.api_account_shapes import (
    AccountView,
    AddressGiven,
    CodeGiven,
    Login,
    NewAccount,
    PasswordChange,
    PasswordReset,
    SignedIn,
    SignOut,
    SocketToken,
    TokenRefresh,
    account_view,
)
from saleroom.http.accounts.sign_ins import ACCESS_S, SOCKET_S, Granted
from saleroom.http.requests.api_access import Access
from saleroom.http.requests.api_requests import respond
from saleroom.http.requests.bodies import read_body, read_body_if_any
from saleroom.http.requests.contract import ANYONE, NOBODY_ASKED, SIGNED_IN, contract
from saleroom.http.requests.problems import Problem
from saleroom.http.services import Services
from saleroom.protocol.identity import Identity

TAG = "Signing in"
STORED = ("OVERLOADED", "OUTCOME_UNKNOWN")


def auth_routes(services: Services, access: Access) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("auth", __name__)
    desk, cookies = services.accounts, services.cookies
    sign_ins = desk.sign_ins

    @routes.post("/auth/register")
    @contract(
        "Register as a donor",
        tag=TAG,
        who=NOBODY_ASKED,
        body=NewAccount,
        answers={201: AccountView},
        refusals=("RATE_LIMITED", *STORED),
        description="An address that has an account gets the same answer, and a letter.",
    )
    async def register() -> Response:
        wanted = await read_body(NewAccount)
        account = await desk.register(
            wanted.email, wanted.password, wanted.name, wanted.phone, client_address()
        )
        return respond(_shown(account_view(account)), 201, {"Location": "/api/v1/me"})

    @routes.post("/auth/login")
    @contract(
        "Sign in",
        tag=TAG,
        who=NOBODY_ASKED,
        body=Login,
        answers={200: SignedIn},
        refusals=("UNAUTHENTICATED", "FORBIDDEN", "RATE_LIMITED", *STORED),
    )
    async def login() -> Response:
        given = await read_body(Login)
        granted = await desk.sign_in(given.email, given.password, client_address())
        return _granted(granted, by_cookie=given.cookie)

    @routes.post("/auth/refresh")
    @contract(
        "Get the next tokens",
        tag=TAG,
        who=NOBODY_ASKED,
        body=TokenRefresh,
        is_body_required=False,
        answers={200: SignedIn},
        refusals=("UNAUTHENTICATED", "FORBIDDEN", *STORED),
        description="A refresh token serves once: one that comes again ends its sign-in.",
    )
    async def refresh() -> Response:
        given = (await read_body_if_any(TokenRefresh)).refresh_token
        token = cookies.refresh() if given is None else given
        if token is None:
            raise Problem("UNAUTHENTICATED", "there is no refresh token")
        return _granted(await sign_ins.renew(token), by_cookie=given is None)

    @routes.post("/auth/logout")
    @contract(
        "Sign out",
        tag=TAG,
        who=ANYONE,
        body=SignOut,
        is_body_required=False,
        answers={204: None},
        refusals=("FORBIDDEN",),
        description="The sign-in's tokens and sockets end, or on all devices `everywhere`.",
    )
    async def logout() -> Response:
        given = await read_body_if_any(SignOut)
        token = cookies.refresh() if given.refresh_token is None else given.refresh_token
        if token is not None:
            await sign_ins.end(token, everywhere=given.everywhere)
        elif (identity := await access.identify()) is not None:
            await _end(identity, everywhere=given.everywhere)
        response = respond(b"", 204)
        cookies.clear(response)
        return response

    @routes.post("/auth/password")
    @contract(
        "Change one's password",
        tag=TAG,
        who=SIGNED_IN,
        body=PasswordChange,
        answers={204: None},
        refusals=("UNKNOWN_ACCOUNT", "NO_PASSWORD"),
        description="All other sign-ins end.",
    )
    async def change_password() -> Response:
        given = await read_body(PasswordChange)
        identity = await access.admit_signed_in()
        account = await desk.account(identity.user)
        await desk.change_password(
            account, given.current, given.new, identity.sign_in, client_address()
        )
        return respond(b"", 204)

    @routes.post("/auth/ws-token")
    @contract(
        "Get a token for a websocket",
        tag=TAG,
        who=SIGNED_IN,
        answers={200: SocketToken},
        description="For the `hello` and `refresh` of a page that is signed in by cookie.",
    )
    async def socket_token() -> Response:
        identity = await access.admit_signed_in()
        token = SocketToken(sign_ins.socket_token(identity), SOCKET_S)
        return respond(attrs.asdict(token))

    @routes.post("/auth/verify-email")
    @contract(
        "Get a letter that confirms one's address",
        tag=TAG,
        who=SIGNED_IN,
        answers={202: None},
        refusals=("UNKNOWN_ACCOUNT",),
    )
    async def ask_verification() -> Response:
        identity = await access.admit_signed_in()
        account = await desk.account(identity.user)
        if account.email is not None and account.verified_at_ms is None:
            desk.ask_letter(account.email, "verify", client_address())
        return respond(b"", 202)

    @routes.post("/auth/verify-email/confirm")
    @contract(
        "Confirm an address by the code of a letter",
        tag=TAG,
        who=NOBODY_ASKED,
        body=CodeGiven,
        answers={204: None},
        refusals=("INVALID_CODE", "RATE_LIMITED", *STORED),
    )
    async def verify_email() -> Response:
        given = await read_body(CodeGiven)
        await desk.verify_email(given.token, client_address())
        return respond(b"", 204)

    @routes.post("/auth/reset")
    @contract(
        "Get a letter that allows a new password",
        tag=TAG,
        who=NOBODY_ASKED,
        body=AddressGiven,
        answers={202: None},
        refusals=("RATE_LIMITED", "OVERLOADED"),
        description="The answer is the same for an address that has no account.",
    )
    async def ask_reset() -> Response:
        given = await read_body(AddressGiven)
        desk.ask_letter(given.email, "reset", client_address())
        return respond(b"", 202)

    @routes.post("/auth/reset/confirm")
    @contract(
        "Choose a new password by the code of a letter",
        tag=TAG,
        who=NOBODY_ASKED,
        body=PasswordReset,
        answers={204: None},
        refusals=("INVALID_CODE", "RATE_LIMITED", *STORED),
        description="All sign-ins end.",
    )
    async def reset_password() -> Response:
        given = await read_body(PasswordReset)
        await desk.reset_password(given.token, given.password, client_address())
        return respond(b"", 204)

    async def _end(identity: Identity, *, everywhere: bool) -> None:
        if everywhere:
            await sign_ins.end_all(identity.user)
        elif identity.sign_in is not None:
            await sign_ins.end_one(identity.user, identity.sign_in)

    def _granted(granted: Granted, *, by_cookie: bool) -> Response:
        shown: dict[str, Any] = {
            "account": _shown(account_view(granted.account)),
            "expires_in": ACCESS_S,
        }
        if by_cookie:
            response = respond({**shown, "csrf_token": cookies.proof(granted.sign_in)})
            cookies.put(response, granted)
            return response
        return respond(
            {
                **shown,
                "access_token": granted.access,
                "token_type": "Bearer",
                "refresh_token": granted.refresh,
            }
        )

    return routes


def client_address() -> str:
    """Give the address that is held to account; the front has seen through proxies."""
    return request.remote_addr or ""


def _shown(view: AccountView) -> dict[str, Any]:
    return attrs.asdict(view)
