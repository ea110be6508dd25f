"""Deployments under chaos: a server with the stores that it stands on, and an event on it.

Owns: what belongs to one deployment, and how it is brought back to health. Invariant: a house lasts
over rounds, so that each round begins with the past of those before. Source: ARCHITECTURE 4, 5.
"""

from __future__ import annotations

import enum
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import attrs
import httpx
import trio

from saleroom.auction.roles import Role
from saleroom.storage.embedded_home import home_in
from tests.chaos.processes import POISONED, SERVE, Postgres, RedisServer, Server
from tests.chaos.verdict import Ledger
from tests.servers import short_folder

DONORS = tuple(f"donor{number}" for number in range(12))
KNOCKER = "knocker"
LOTS = (1, 2, 3, 4)
TIMED_LOT, KNOCKERS_LOT = 4, 5
TIMED_S = 24 * 3600
OPENING = 100
SMALL_DISK = "768m"
HEALTHY_S = 30.0
LOOK_S = 0.1
Node = dict[str, Any]


class Kind(enum.Enum):
    """What a server stands on."""

    EMBEDDED = "embedded"
    EXTERNAL = "external"
    SMALL_DISK = "small disk"
    POISONED = "poisoned"


@attrs.define(eq=False)
class House:
    """One deployment. postgres: the external one, None where it is embedded."""

    kind: Kind
    folder: Path
    nursery: trio.Nursery
    postgres: Postgres | None = None
    redis: RedisServer | None = None
    servers: list[Server] = attrs.field(factory=list)
    ledger: Ledger = attrs.field(init=False)

    @property
    def server(self) -> Server:
        """The server that goes on with the event."""
        return self.servers[-1]

    @property
    def dsn(self) -> str:
        """The address of the database."""
        return home_in(self.server.folder).dsn if self.postgres is None else self.postgres.dsn

    @property
    def database(self) -> Path:
        """The folder in which PostgreSQL has its data folder."""
        return self.server.folder if self.postgres is None else self.postgres.folder

    @property
    def event(self) -> str:
        """The event on which all rounds are played."""
        return self.ledger.event

    async def add_server(self) -> Server:
        """Start a server, another one if there is one already."""
        settings = {"SALEROOM_LOG_LEVEL": "warning"}
        if self.postgres is not None and self.redis is not None:
            settings["SALEROOM_DATABASE_URL"] = self.postgres.dsn
            settings["SALEROOM_REDIS_URL"] = self.redis.url
        module = POISONED if self.kind is Kind.POISONED else SERVE
        folder = self.folder / f"server{len(self.servers)}"
        server = Server(folder, settings, module=module)
        await server.start(self.nursery)
        self.servers.append(server)
        return server

    async def open_event(self) -> None:
        """Make the event that donors bid on."""
        lots: list[Mapping[str, object]] = [
            {"lot": lot, "title": f"Lot {lot}", "mode": "silent", "opening": OPENING}
            for lot in (*LOTS, KNOCKERS_LOT)
        ]
        ends_at = int((time.time() + TIMED_S) * 1000)
        lots[TIMED_LOT - 1] = {**lots[TIMED_LOT - 1], "ends_at": ends_at}
        event = await self.server.create_event(lots, (*DONORS, KNOCKER))
        path, auctioneer = f"/events/{event}/commands", ("gus", Role.AUCTIONEER)
        await self.server.post(path, {"type": "open_event"}, *auctioneer)
        self.ledger = Ledger(event)

    async def healthy(self) -> list[str]:
        """Wait until the server calls itself ready and shows the prices; say what is not so."""
        deadline = trio.current_time() + HEALTHY_S
        async with httpx.AsyncClient(timeout=HEALTHY_S) as http:
            while True:
                wrong = await self._illness(http)
                if not wrong or trio.current_time() > deadline:
                    return wrong
                await trio.sleep(LOOK_S)

    async def stop_servers(self) -> None:
        """Stop every server in order."""
        for server in self.servers:
            await server.stop()

    async def _illness(self, http: httpx.AsyncClient) -> list[str]:
        url = self.server.url
        wrong: list[str] = []
        ready = await http.get(f"{url}/ready")
        if ready.json()["status"] != "ready":
            wrong.append(f"not ready: {ready.text}")
        lots = (await http.get(f"{url}/api/v1/events/{self.event}/lots")).json()
        shown = {lot["lot"]: lot.get("price") for lot in lots.get("lots", [])}
        for lot, price in self.ledger.prices.items():
            if shown.get(lot) != price:
                wrong.append(f"lot {lot} reads {shown.get(lot)} and stands at {price}")
        token = self.server.token("otto", Role.OPERATOR)
        headers = {"Authorization": f"Bearer {token}"}
        tree = await http.get(f"{url}/api/v1/operator/tree", headers=headers)
        wrong += [f"{n['path']} has failed" for n in walk(tree.json()) if n["state"] == "failed"]
        return wrong


def walk(node: Node) -> Iterator[Node]:
    """Yield a node of the tree as the API tells it, and all below it."""
    yield node
    for child in node["children"]:
        yield from walk(child)


def find_node(tree: Node, path: str) -> Node | None:
    """Give the node of a path."""
    return next((node for node in walk(tree) if node["path"] == path), None)


@asynccontextmanager
async def open_house(kind: Kind, nursery: trio.Nursery) -> AsyncIterator[House]:
    """Keep a deployment for the length of the block, with an open event.

    It opens no scope of its own, so that houses may be closed in any order; what hears its
    processes runs in `nursery`, and ends with them.
    """
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(short_folder())
        house = House(kind, folder, nursery)
        if kind in (Kind.EXTERNAL, Kind.SMALL_DISK):
            home = folder / "database"
            home.mkdir()
            if kind is Kind.SMALL_DISK:
                stack.enter_context(_mounted(home))
            house.postgres, house.redis = Postgres(home), RedisServer(folder)
            await house.postgres.start()
            stack.push_async_callback(_shielded, house.postgres.stop)
            await house.redis.start()
            stack.push_async_callback(_shielded, house.redis.stop)
        stack.push_async_callback(_shielded, house.stop_servers)
        await house.add_server()
        await house.open_event()
        yield house


async def _shielded(stop: Callable[[], Awaitable[object]]) -> None:
    """End a process, also when the run is being cancelled; each has a limit of its own."""
    with trio.CancelScope(shield=True):
        await stop()


@contextmanager
def _mounted(folder: Path) -> Iterator[None]:
    """Give a folder a small disk of its own. Needs root."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK},mode=0755", "tmpfs", str(folder)]
    subprocess.run(command, check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
