"""A whole house behind the HTTP API: memory stores, a registry under a real supervisor, an app.

Owns: what the tests of the API share. Invariant: whatever is opened here ends with its block, and
no wait lasts longer than `guard_s` of the clock in use. Knows nothing of what is tested.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import attrs
import orjson
import trio
from quart_trio import QuartTrio

from saleroom.actors.clock import Clock
from saleroom.actors.registry import Registry
from saleroom.auction.roles import Role
from saleroom.http.accounts.accounts import AccountDesk, make_account_desk
from saleroom.http.accounts.cookies import Cookies
from saleroom.http.accounts.sign_ins import SignInDesk
from saleroom.http.accounts.tokens import SecretKey, TokenIssuer, TokenVerifier
from saleroom.http.api import make_quart
from saleroom.http.desk.join_codes import PURPOSE as JOIN_CODES
from saleroom.http.desk.join_codes import CodeMaker
from saleroom.http.services import ApiLimits, Services
from saleroom.mail import Letter
from saleroom.messages.office import Keys, MessageOffice
from saleroom.payments.cards import Cards
from saleroom.payments.ports import Processor
from saleroom.payments.sandbox import SandboxProcessor
from saleroom.payments.till import Till
from saleroom.protocol.identity import Identity, KeysUnavailable, TokenRejected
from saleroom.storage.memory import memory_stores
from saleroom.storage.memory_media import MemoryObjects
from saleroom.storage.ports import Stores
from saleroom.supervisor import Child, ChildSpec, Strategy, Supervisor, SupervisorSpec
from tests.http.promises import hold
from tests.workers.inline import InlineWorkers

GUARD_S = 60.0
NEVER = 4e9
SECRET = SecretKey(b"a secret for tests, and long enough")


def identity(user: str, *roles: Role, events: frozenset[str] | None = None) -> Identity:
    return Identity(user, frozenset(roles), events, NEVER)


PEOPLE: dict[str, Identity] = {
    "ann": identity("ann", Role.DONOR),
    "bob": identity("bob", Role.DONOR),
    "clerk": identity("clara", Role.CLERK),
    "auctioneer": identity("otto", Role.AUCTIONEER),
    "admin": identity("ada", Role.ADMIN),
    "operator": identity("opal", Role.OPERATOR),
    "narrow": identity("nora", Role.CLERK, events=frozenset({"elsewhere"})),
    "narrow-admin": identity("nick", Role.ADMIN, Role.OPERATOR, events=frozenset({"elsewhere"})),
}
"""Who a token speaks for: the token is the name."""


async def verify(token: str) -> Identity:
    if token == "elsewhere":
        raise KeysUnavailable
    if token not in PEOPLE:
        raise TokenRejected("not a token")
    return PEOPLE[token]


@attrs.frozen
class KeptMail:
    """Mail that nobody fetches."""

    letters: list[Letter]

    async def send(self, letter: Letter) -> None:
        self.letters.append(letter)


@attrs.frozen
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: Sequence[str] = ()

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def code(self) -> str:
        """The code of a problem, whose shape is checked (RFC 9457)."""
        assert self.headers["content-type"] == "application/problem+json", self
        problem = self.json
        assert problem["status"] == self.status
        assert problem["type"] == "about:blank"
        assert problem["title"]
        assert problem["detail"]
        code: str = problem["code"]
        return code


@attrs.define
class House:
    stores: Stores
    registry: Registry
    supervisor: Supervisor
    app: QuartTrio
    ready: dict[str, str]
    drains: list[str]
    accounts: AccountDesk
    letters: list[Letter]
    hung_up: list[tuple[str, list[str] | None]]
    objects: MemoryObjects
    messages: MessageOffice
    services: Services
    _keys: int = 0

    async def call(
        self,
        method: str,
        path: str,
        who: str | None = None,
        body: object = None,
        *,
        key: str | None = None,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        sent = dict(headers or {})
        if who is not None:
            sent.setdefault("Authorization", f"Bearer {who}")
        if key is not None:
            sent["Idempotency-Key"] = key
        data = raw
        if body is not None:
            data = orjson.dumps(body)
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        client: Any = self.app.test_client()
        response = await client.open(path, method=method, data=data or b"", headers=sent)
        named = {name.lower(): value for name, value in response.headers.items()}
        body_read = await response.get_data(as_text=False)
        media = named.get("content-type", "")
        hold(self.app, method, path, response.status_code, media, body_read)
        cookies = response.headers.getlist("Set-Cookie")
        return Reply(response.status_code, named, body_read, cookies)

    async def done(self, *args: Any, **kwargs: Any) -> Any:
        """Call, and give the body of what must succeed."""
        reply = await self.call(*args, **kwargs)
        assert 200 <= reply.status < 300, reply
        return reply.json if reply.body else None

    async def command(self, event: str, who: str, name: str, **fields: Any) -> Reply:
        self._keys += 1
        path = f"/api/v1/events/{event}/commands"
        return await self.call("POST", path, who, {"type": name, **fields}, key=f"k{self._keys}")

    async def event(self, **fields: Any) -> str:
        """Make an event, published unless it says otherwise."""
        body = {"title": "Gala", "currency": "USD", **fields}
        made = await self.done("POST", "/api/v1/events", "admin", body)
        identifier: str = made["id"]
        return identifier

    async def lot(self, event: str, **fields: Any) -> int:
        body = {"title": "A quilt", "mode": "live", "opening": 10_000, **fields}
        made = await self.done("POST", f"/api/v1/events/{event}/lots", "admin", body)
        number: int = made["lot"]
        return number

    async def bidder(self, event: str, who: str) -> int:
        """Register a donor and accept the terms."""
        path = f"/api/v1/events/{event}/registrations"
        made = await self.done("POST", path, who, {"name": who.title()})
        await self.done("POST", f"{path}/{made['paddle']}/accept-terms", who)
        paddle: int = made["paddle"]
        return paddle

    async def sale(self, **lot: Any) -> str:
        """An open event with lot 1 and ann's paddle 100."""
        event = await self.event()
        await self.lot(event, **lot)
        await self.bidder(event, "ann")
        assert (await self.command(event, "auctioneer", "open_event")).status == 200
        return event


async def _idle(child: Child) -> None:
    child.started()
    await child.stopping.wait()


@asynccontextmanager
async def open_house(
    stores: Stores | None = None,
    limits: ApiLimits | None = None,
    guard_s: float = GUARD_S,
    keys: Keys | None = None,
    processor: Processor | None = None,
) -> AsyncIterator[House]:
    """Run a house for the length of the block."""
    kept = memory_stores() if stores is None else stores
    registry = Registry(kept, Clock())
    letters: list[Letter] = []
    hung_up: list[tuple[str, list[str] | None]] = []

    def hang_up(user: str, sign_ins: Collection[str] | None) -> None:
        hung_up.append((user, None if sign_ins is None else sorted(sign_ins)))

    def now() -> float:
        return registry.clock.now_ms() / 1000

    verifier = TokenVerifier(SECRET, now)

    async def believe(token: str) -> Identity:
        return await (verifier.verify(token) if token.count(".") == 2 else verify(token))

    sign_ins = SignInDesk(kept.sign_ins, TokenIssuer(SECRET, now), believe, hang_up, now)
    desk = make_account_desk(
        kept, sign_ins, InlineWorkers(), KeptMail(letters), now, "https://gala.example"
    )
    messages = MessageOffice(
        kept.outbox,
        kept.recipients,
        registry.state,
        registry.clock.now_ms,
        random.Random(0),
        keys or Keys(),
    )
    tree = SupervisorSpec(
        "saleroom",
        Strategy.REST_FOR_ONE,
        [
            SupervisorSpec("events", Strategy.ONE_FOR_ONE),
            ChildSpec("loop", _idle),
            ChildSpec("letters", desk.letters.serve),
            messages.spec(),
        ],
    )
    supervisor = Supervisor(tree, rng=random.Random(0))
    registry.supervisor = supervisor
    ready = {"postgresql": "ok", "redis": "ok", "door": "ok"}
    drains: list[str] = []

    async def drain() -> None:
        drains.append("asked")

    objects = MemoryObjects()
    now_ms = registry.clock.now_ms
    cards_of = SandboxProcessor(now_ms) if processor is None else processor
    services = Services(
        registry=registry,
        stores=kept,
        verify=sign_ins.verify,
        clock=registry.clock,
        tree=supervisor.tree,
        restart_child=supervisor.restart_child,
        drain=drain,
        readiness=lambda: ready,
        workers=InlineWorkers(),
        objects=objects,
        accounts=desk,
        cookies=Cookies(SECRET.derived("csrf"), is_secure=False),
        codes=CodeMaker(SECRET.derived(JOIN_CODES)),
        till=Till(kept.billing, cards_of, now_ms),
        cards=Cards(kept.billing, cards_of, now_ms),
        messages=messages,
        limits=limits or ApiLimits(),
    )
    with trio.fail_after(guard_s):
        async with trio.open_nursery() as nursery:
            await nursery.start(supervisor.run)
            yield House(
                kept,
                registry,
                supervisor,
                make_quart(services),
                ready,
                drains,
                desk,
                letters,
                hung_up,
                objects,
                messages,
                services,
            )
            supervisor.stop()
