"""One real `saleroom serve` for the browser, and what the house does over HTTP.

Owns: the process, and how events, lots and people come to be. Invariant: the server listens on
loopback on a free port, and nothing of it outlives the block. Must not know: any page.
Source: PROTOCOL 6 and 7.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import httpx

from saleroom.auction.roles import Role
from saleroom.http.accounts.tokens import SecretKey, TokenIssuer
from tests.e2e.server import ROOT, SECRET, SERVING, START_S, STOP_S

PASSWORD = "violet harbor nine"
ANSWER_S = 20.0
TOKEN_S = 3600

Fields = Mapping[str, Any]


class HouseFailed(AssertionError):
    """The server did not start, or did not do what it was asked."""


@attrs.frozen
class Account:
    """Somebody who can sign in."""

    id: str
    email: str
    name: str


@attrs.define(eq=False)
class House:
    """A running server. root: calls the API as an admin who needs no account."""

    url: str
    root: httpx.Client
    _numbers: Iterator[int] = attrs.field(factory=lambda: itertools.count(1))
    _staff: dict[tuple[Role, ...], Account] = attrs.field(factory=dict)
    _donors: dict[str, Account] = attrs.field(factory=dict)
    _seats: dict[tuple[str, str], int] = attrs.field(factory=dict)

    def call(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        """Call the API as the admin; give the body of what must succeed."""
        answer = self.root.request(method, f"/api/v1{path}", json=body, headers=headers)
        if not answer.is_success:
            raise HouseFailed(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None

    @staticmethod
    def ends_in(seconds: float) -> int:
        """Give a time of the wall clock, in ms."""
        return int((time.time() + seconds) * 1000)

    def command(self, event: str, name: str, **fields: Any) -> Any:
        """Have the event decide a command of the admin's; it must be accepted."""
        key = f"house-{next(self._numbers)}"
        body = {"type": name, **fields}
        return self.call("POST", f"/events/{event}/commands", body, **{"Idempotency-Key": key})

    def event(self, *lots: Fields, title: str = "Harbour gala", **fields: Any) -> str:
        """Make a published event with lots, numbered from 1; it is not open yet."""
        body = {"title": title, "currency": "USD", **fields}
        event: str = self.call("POST", "/events", body)["id"]
        for lot in lots:
            usual = {"title": "A quilt", "mode": "live", "opening": 10_000}
            self.call("POST", f"/events/{event}/lots", {**usual, **lot})
        return event

    def open(self, event: str) -> str:
        """Open an event."""
        self.command(event, "open_event")
        return event

    def account(self, name: str, *roles: Role) -> Account:
        """Register somebody; staff get their roles."""
        number = next(self._numbers)
        email = f"{name.lower().replace(' ', '.')}.{number}@gala.example"
        given = {"email": email, "password": PASSWORD, "name": name}
        self.call("POST", "/auth/register", given)
        (row,) = self.call("GET", f"/accounts?q={email}")["accounts"]
        if roles:
            change = {"roles": [role.value for role in roles]}
            self.call("PATCH", f"/accounts/{row['id']}", change)
        return Account(row["id"], email, name)

    def staff(self, *roles: Role) -> Account:
        """Give somebody of the house, the same for the same roles."""
        if roles not in self._staff:
            self._staff[roles] = self.account(roles[0].value.title(), *roles)
        return self._staff[roles]

    def donor(self, name: str) -> Account:
        """Give a donor, the same for the same name: they come to one event after another."""
        if name not in self._donors:
            self._donors[name] = self.account(name)
        return self._donors[name]

    def seat(self, event: str, account: Account) -> int:
        """Give somebody a paddle and their agreement to the terms, once; give the paddle."""
        place = (event, account.id)
        if place not in self._seats:
            self._seats[place] = self._register(event, account)
        return self._seats[place]

    def _register(self, event: str, account: Account) -> int:
        path = f"/events/{event}/registrations"
        made = self.call("POST", path, {"name": account.name, "user": account.id})
        paddle: int = made["paddle"]
        self.call("POST", f"{path}/{paddle}/accept-terms")
        return paddle

    def paddles(self, event: str, count: int) -> list[int]:
        """Register people who have no account, as the desk does; give their paddles."""
        path = f"/events/{event}/registrations"
        made = [self.call("POST", path, {"name": f"Guest {n}"}) for n in range(1, count + 1)]
        for row in made:
            self.call("POST", f"{path}/{row['paddle']}/accept-terms")
        return [row["paddle"] for row in made]

    def lot(self, event: str, number: int) -> Any:
        """Read a lot."""
        return self.call("GET", f"/events/{event}/lots/{number}")

    def facts(self, event: str, kind: str) -> list[Any]:
        """Read all facts of one type from the journal."""
        found: list[Any] = []
        after: int | None = 0
        while after is not None:
            page = self.call("GET", f"/events/{event}/journal?after={after}&limit=1000")
            found += [fact for fact in page["facts"] if fact["type"] == kind]
            after = page["next"]
        return found


@contextmanager
def open_house() -> Iterator[House]:
    """Run a server on the embedded database in a fresh folder for the length of the block."""
    with tempfile.TemporaryDirectory(prefix="saleroom-", ignore_cleanup_errors=True) as kept:
        folder = Path(kept)
        folder.chmod(0o755)
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "saleroom", "serve"],
                stdout=subprocess.PIPE,
                stderr=log,
                env=_environment(folder),
                cwd=ROOT,
            )
        try:
            url = _address(process, folder / "log")
            token = TokenIssuer(SecretKey(SECRET.encode()), time.time).issue(
                "root", [Role.ADMIN, Role.OPERATOR], TOKEN_S
            )
            bearer = {"Authorization": f"Bearer {token}"}
            with httpx.Client(base_url=url, headers=bearer, timeout=ANSWER_S) as root:
                yield House(url, root)
        finally:
            _end(process)


def _environment(folder: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SALEROOM_")}
    return kept | {
        "SALEROOM_DATA_DIR": str(folder / "data"),
        "SALEROOM_PORT": "0",
        "SALEROOM_SECRET": SECRET,
    }


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Wait until the server says where it serves."""
    assert process.stdout is not None
    deadline = threading.Timer(START_S, process.kill)
    deadline.start()
    try:
        for line in process.stdout:
            if found := SERVING.search(line):
                return found[1].decode()
    finally:
        deadline.cancel()
    raise HouseFailed(f"the server did not start: {log.read_text(encoding='utf-8')}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.communicate(timeout=STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
