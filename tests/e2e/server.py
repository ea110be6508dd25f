"""A real `saleroom serve` in a process of its own, and what tests ask of it.

Owns: the process, its data folder and its secret. Invariant: the server listens on loopback on a
free port, and nothing of it outlives the block. Source: PROTOCOL 6 and 7.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import httpx
import trio

from saleroom.auction.roles import Role
from saleroom.client import event_url
from saleroom.http.tokens import SecretKey, TokenIssuer

ROOT = Path(__file__).parent.parent.parent
SECRET = "only for tests, and long enough to be a secret"
START_S, STOP_S = 60.0, 30.0
SERVING = re.compile(rb"serving on (http://127\.0\.0\.1:\d+)")


@attrs.define(eq=False)
class ServerProcess:
    """One server; `start` after `kill` starts it again on the same data and port."""

    folder: Path
    settings: Mapping[str, str]
    url: str = ""
    process: trio.Process | None = None
    _printed: bytes = b""

    async def start(self, nursery: trio.Nursery) -> None:
        """Start the server and return once it serves."""
        port = self.url.rpartition(":")[2] or "0"
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SALEROOM_")}
        environment |= {
            "SALEROOM_DATA_DIR": str(self.folder),
            "SALEROOM_PORT": port,
            "SALEROOM_SECRET": SECRET,
            **self.settings,
        }
        self.process = await trio.lowlevel.open_process(
            [sys.executable, "-m", "saleroom", "serve"],
            stdout=subprocess.PIPE,
            env=environment,
            cwd=ROOT,
        )
        with trio.fail_after(START_S):
            self.url = await self._read_address()
        nursery.start_soon(self._drop_output, self.process)

    async def kill(self) -> None:
        """Kill the server as a power cut would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def stop(self) -> int:
        """Stop the server in order; give its exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
            with trio.move_on_after(STOP_S):
                await self.process.wait()
            if self.process.poll() is None:
                self.process.kill()
        return await self.process.wait()

    def token(self, user: str, *roles: Role) -> str:
        """Sign a token that this server believes."""
        return TokenIssuer(SecretKey(SECRET.encode()), time.time).issue(user, roles, 3600)

    def event_url(self, event: str) -> str:
        """Give an event's websocket address."""
        return event_url(self.url, event)

    async def post(self, path: str, body: Any, user: str, *roles: Role) -> Any:
        """Post to the API as somebody; the call must succeed."""
        headers = {
            "Authorization": f"Bearer {self.token(user, *roles)}",
            "Idempotency-Key": uuid.uuid4().hex,
        }
        async with httpx.AsyncClient() as http:
            response = await http.post(f"{self.url}/api/v1{path}", json=body, headers=headers)
        assert response.is_success, (response.status_code, response.text)
        return response.json()

    async def create_event(self, lots: Sequence[Mapping[str, Any]], users: Sequence[str]) -> str:
        """Create a published event with lots and registered bidders who accepted the terms."""
        admin = ("root", Role.ADMIN)
        event: str = (await self.post("/events", {"title": "Test", "currency": "USD"}, *admin))[
            "id"
        ]
        for lot in lots:
            await self.post(f"/events/{event}/lots", dict(lot), *admin)
        for user in users:
            registration = {"name": user.title(), "user": user}
            row = await self.post(f"/events/{event}/registrations", registration, *admin)
            path = f"/events/{event}/registrations/{row['paddle']}/accept-terms"
            await self.post(path, {}, *admin)
        return event

    async def _read_address(self) -> str:
        assert self.process is not None
        assert self.process.stdout is not None
        self._printed = b""
        while not (found := SERVING.search(self._printed)):
            chunk = await self.process.stdout.receive_some()
            assert chunk, f"the server ended: {self._printed!r}"
            self._printed += chunk
        return found[1].decode()

    @staticmethod
    async def _drop_output(process: trio.Process) -> None:
        assert process.stdout is not None
        while await process.stdout.receive_some():
            pass


@asynccontextmanager
async def running_server(**settings: str) -> AsyncIterator[tuple[ServerProcess, trio.Nursery]]:
    """Run a server on the embedded database in a fresh folder for the length of the block."""
    with tempfile.TemporaryDirectory(prefix="saleroom-", ignore_cleanup_errors=True) as folder:
        await trio.Path(folder).chmod(0o755)
        server = ServerProcess(Path(folder) / "data", settings)
        async with trio.open_nursery() as nursery:
            try:
                await server.start(nursery)
                yield server, nursery
            finally:
                with trio.CancelScope(shield=True):
                    await server.stop()
                nursery.cancel_scope.cancel()
