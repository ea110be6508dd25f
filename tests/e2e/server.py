"""A real `saleroom serve` in a process of its own, and what tests ask of it.

Owns: the process, its data folder and its secret. Invariant: the server listens on loopback on a
free port, and nothing of it outlives the block. Source: PROTOCOL 6 and 7.
"""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

import attrs
import httpx
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_client_stream

from saleroom import cli
from saleroom.auction.roles import Role
from saleroom.client import _open_stream, event_url
from saleroom.http.accounts.tokens import SecretKey, TokenIssuer

ROOT = Path(__file__).parent.parent.parent
SECRET = "only for tests, and long enough to be a secret"
START_S, STOP_S = 60.0, 30.0
SERVING = re.compile(rb"serving on (http://127\.0\.0\.1:\d+)")


@attrs.frozen
class Done:
    """How a command ended: its exit status and what it printed."""

    status: int
    out: str
    err: str


@attrs.define(eq=False)
class ServerProcess:
    """One server; `start` after `kill` starts it again on the same data and port.

    package: what is run, `saleroom` itself or what stands round it.
    """

    folder: Path
    settings: Mapping[str, str]
    url: str = ""
    process: trio.Process | None = None
    log: bytes = b""
    package: str = attrs.field(default="saleroom", kw_only=True)
    _printed: bytes = b""

    async def start(self, nursery: trio.Nursery) -> None:
        """Start the server and return once it serves."""
        self.process = await trio.lowlevel.open_process(
            [sys.executable, "-m", self.package, "serve"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment(),
            cwd=ROOT,
        )
        nursery.start_soon(self._keep_log, self.process)
        with trio.fail_after(START_S):
            self.url = await self._read_address()
        nursery.start_soon(self._drop_output, self.process)

    def environment(self) -> dict[str, str]:
        """Give what the server, and a command on its machine, is told."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("SALEROOM_")}
        return kept | {
            "SALEROOM_DATA_DIR": str(self.folder),
            "SALEROOM_PORT": self.url.rpartition(":")[2] or "0",
            "SALEROOM_SECRET": SECRET,
            **self.settings,
        }

    async def command(self, *words: str, **settings: str) -> Done:
        """Run a command on the server's machine to its end, here in a thread: it starts sooner."""
        with trio.fail_after(START_S):
            return await trio.to_thread.run_sync(
                _run_here, words, self.environment() | settings, abandon_on_cancel=True
            )

    async def program(self, *words: str, **settings: str) -> Done:
        """Run a command on the server's machine to its end, in a process of its own."""
        with trio.fail_after(START_S):
            done = await trio.run_process(
                [sys.executable, "-m", "saleroom", *words],
                capture_stdout=True,
                capture_stderr=True,
                check=False,
                env=self.environment() | settings,
                cwd=ROOT,
            )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    async def start_command(self, *words: str) -> trio.Process:
        """Start a command of `saleroom` on the server's machine."""
        return await trio.lowlevel.open_process(
            [sys.executable, "-m", "saleroom", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment(),
            cwd=ROOT,
        )

    @asynccontextmanager
    async def websocket(
        self, event: str, token: str | None = None, *, greets: bool = True
    ) -> AsyncIterator[WebSocketConnection]:
        """Hold a bare websocket to an event for the length of the block, welcomed if it greets."""
        async with (
            _open_stream(self.event_url(event)) as (stream, host, path),
            trio.open_nursery() as nursery,
        ):
            socket = await wrap_client_stream(nursery, stream, host, path)
            if greets:
                await socket.send_message(json.dumps({"type": "hello", "token": token}))
                await socket.get_message()
            yield socket
            nursery.cancel_scope.cancel()

    async def facts(self, event: str) -> int:
        """Count the facts of a journal whose chain holds."""
        done = await self.command("audit", event)
        assert done.status == 0, done
        return int(done.out.split()[2])

    async def journal(self, event: str) -> list[Any]:
        """Read all facts of an event, as an admin does."""
        facts: list[Any] = []
        after: int | None = 0
        while after is not None:
            path = f"/events/{event}/journal?after={after}&limit=1000"
            page = await self.get(path, "root", Role.ADMIN)
            facts += page["facts"]
            after = page["next"]
        return facts

    async def get(self, path: str, user: str, *roles: Role) -> Any:
        """Read from the API as somebody; the call must succeed."""
        headers = {"Authorization": f"Bearer {self.token(user, *roles)}"}
        async with httpx.AsyncClient(timeout=START_S) as http:
            response = await http.get(f"{self.url}/api/v1{path}", headers=headers)
        assert response.is_success, (response.status_code, response.text)
        return response.json()

    async def until_ready(self, status: str) -> dict[str, str]:
        """Ask `/ready` until it says `status`; give its components."""
        async with httpx.AsyncClient(timeout=START_S) as http:
            with trio.fail_after(START_S):
                while True:
                    answer = (await http.get(f"{self.url}/ready")).json()
                    if answer["status"] == status:
                        components: dict[str, str] = answer["components"]
                        return components

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
        async with httpx.AsyncClient(timeout=START_S) as http:
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
            assert chunk, f"the server ended: {self._printed!r} {self.log.decode()}"
            self._printed += chunk
        return found[1].decode()

    async def _keep_log(self, process: trio.Process) -> None:
        assert process.stderr is not None
        while chunk := await process.stderr.receive_some():
            self.log += chunk

    @staticmethod
    async def _drop_output(process: trio.Process) -> None:
        assert process.stdout is not None
        while await process.stdout.receive_some():
            pass


async def end_of(socket: WebSocketConnection) -> int:
    """Wait for the server to close a websocket, and give its code."""
    with trio.fail_after(STOP_S):
        while True:
            try:
                await socket.get_message()
            except ConnectionClosed as closed:
                return 1006 if closed.reason is None else closed.reason.code


def _run_here(words: Sequence[str], environment: Mapping[str, str]) -> Done:
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, environment, clear=True),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        status = cli.main(words)
    return Done(status, out.getvalue(), err.getvalue())


@asynccontextmanager
async def running_server(
    package: str = "saleroom", **settings: str
) -> AsyncIterator[tuple[ServerProcess, trio.Nursery]]:
    """Run a server on the embedded database in a fresh folder for the length of the block."""
    with tempfile.TemporaryDirectory(prefix="saleroom-", ignore_cleanup_errors=True) as folder:
        await trio.Path(folder).chmod(0o755)
        server = ServerProcess(Path(folder) / "data", settings, package=package)
        async with trio.open_nursery() as nursery:
            try:
                await server.start(nursery)
                yield server, nursery
            finally:
                with trio.CancelScope(shield=True):
                    await server.stop()
                nursery.cancel_scope.cancel()
