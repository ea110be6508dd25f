"""People who sign in: what tests of accounts share.

Owns: the steps that most of those tests begin with. Invariant: each goes over HTTP as a client's
would. Knows nothing of what is tested.
"""

from __future__ import annotations

from http.cookies import SimpleCookie
from typing import Any

from tests.http.house import House, Reply

PASSWORD = "violet harbor nine"
EMAIL = "Ann@Hall.example"


async def register(house: House, email: str = EMAIL, **fields: Any) -> Reply:
    body = {"email": email, "password": PASSWORD, "name": "Ann Lee", **fields}
    return await house.call("POST", "/api/v1/auth/register", body=body)


async def login(house: House, email: str = EMAIL, password: str = PASSWORD) -> Reply:
    body = {"email": email, "password": password}
    return await house.call("POST", "/api/v1/auth/login", body=body)


async def signed_in(house: House, email: str = EMAIL) -> dict[str, Any]:
    """Register, sign in, and give the answer."""
    assert (await register(house, email)).status == 201
    reply = await login(house, email)
    assert reply.status == 200
    given: dict[str, Any] = reply.json
    return given


async def refresh(house: House, token: str) -> Reply:
    return await house.call("POST", "/api/v1/auth/refresh", body={"refresh_token": token})


async def me(house: House, token: str) -> Reply:
    return await house.call("GET", "/api/v1/me", token)


class Browser:
    """A page's cookies, and what it sends along with changes."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.jar: dict[str, str] = {}
        self.attributes: dict[str, dict[str, Any]] = {}

    async def call(
        self, method: str, path: str, body: object = None, *, proof: str | None = "own"
    ) -> Reply:
        headers = {}
        if self.jar:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        given = self.jar.get("saleroom_csrf") if proof == "own" else proof
        if given is not None:
            headers["X-CSRF-Token"] = given
        reply = await self.house.call(method, path, body=body, headers=headers)
        for line in reply.cookies:
            self._take(line)
        return reply

    async def sign_in(self, email: str = EMAIL) -> Reply:
        body = {"email": email, "password": PASSWORD, "cookie": True}
        return await self.call("POST", "/api/v1/auth/login", body)

    def _take(self, line: str) -> None:
        for name, morsel in SimpleCookie(line).items():
            self.attributes[name] = dict(morsel)
            if morsel["max-age"] == "0":
                self.jar.pop(name, None)
            else:
                self.jar[name] = morsel.value
