"""Accounts on a whole server: appointed beside it, signed in by its workers, shown out."""

from __future__ import annotations

import json
import sys

import httpx
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection

from saleroom.auction.roles import Role
from tests.e2e.server import ROOT, START_S, ServerProcess, running_server

PASSWORD = "violet harbor nine"
ADMIN, DONOR = "ada@gala.example", "ann@hall.example"
GUARD_S = 90.0


async def _appoint(server: ServerProcess) -> str:
    done = await trio.run_process(
        [sys.executable, "-m", "saleroom", "admin", "create", "--email", ADMIN, "--password-stdin"],
        stdin=f"{PASSWORD}\n".encode(),
        capture_stdout=True,
        env=server.environment(),
        cwd=ROOT,
    )
    return done.stdout.decode()


async def _closed_with(socket: WebSocketConnection) -> int:
    while True:
        try:
            await socket.get_message()
        except ConnectionClosed as closed:
            return 0 if closed.reason is None else int(closed.reason.code)


async def _greet(socket: WebSocketConnection, token: str) -> dict[str, object]:
    await socket.send_message(json.dumps({"type": "hello", "token": token}))
    (welcome,) = json.loads(await socket.get_message())
    assert welcome["type"] == "welcome"
    you: dict[str, object] = welcome["you"]
    return you


async def test_an_appointed_admin_shows_a_donor_out() -> None:
    with trio.fail_after(GUARD_S):
        async with running_server() as (server, _):
            assert "created; roles admin" in await _appoint(server)
            event = await server.create_event([], [])
            api = f"{server.url}/api/v1"
            async with (
                httpx.AsyncClient(base_url=api, timeout=START_S) as admin,
                httpx.AsyncClient(base_url=api, timeout=START_S) as donor,
            ):
                sign_in = {"email": ADMIN, "password": PASSWORD}
                signed_in = (await admin.post("/auth/login", json=sign_in)).json()
                admin.headers["Authorization"] = f"Bearer {signed_in['access_token']}"
                register = {"email": DONOR, "password": PASSWORD, "name": "Ann"}
                assert (await donor.post("/auth/register", json=register)).status_code == 201
                page = {"email": DONOR, "password": PASSWORD, "cookie": True}
                ann = (await donor.post("/auth/login", json=page)).json()
                donor.headers["X-CSRF-Token"] = ann["csrf_token"]
                token = (await donor.post("/auth/ws-token")).json()["token"]
                async with server.websocket(event, greets=False) as socket:
                    assert (await _greet(socket, token))["role"] == Role.DONOR.value
                    path = f"/accounts/{ann['account']['id']}"
                    change = await admin.patch(path, json={"disabled": True})
                    assert change.status_code == 200
                    assert await _closed_with(socket) == 4001
                assert (await donor.get("/me")).status_code == 401
                assert (await donor.post("/auth/refresh", json={})).status_code == 401
                async with server.websocket(event, greets=False) as socket:
                    await socket.send_message(json.dumps({"type": "hello", "token": token}))
                    assert await _closed_with(socket) == 4001
            assert await server.stop() == 0
            assert b"a mail to ann@hall.example: Confirm your e-mail address" in server.log
            assert PASSWORD.encode() not in server.log
