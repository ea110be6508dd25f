"""The peer that Python teams would build: FastAPI, python-socketio, a row lock in PostgreSQL.

Owns: its tables and its rooms. Invariant: a bid is answered after its commit; one statement takes
the lot's row lock, raises the price and keeps the bid. What it promises less stands in README.md.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import socketio  # type: ignore[import-untyped]
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

BACKLOG = 4_096
CONNECTIONS = 20
ROOM = "lot"
SHOW_S = 0.02
TABLES = """
CREATE TABLE IF NOT EXISTS peer_lots (lot int PRIMARY KEY, price bigint NOT NULL, leader int);
CREATE TABLE IF NOT EXISTS peer_bids (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, lot int, amount bigint, paddle int
);
INSERT INTO peer_lots (lot, price) SELECT n, 0 FROM generate_series(1, 100) AS n
ON CONFLICT DO NOTHING;
"""
BID = """
WITH raised AS (
    UPDATE peer_lots SET price = $2, leader = $3 WHERE lot = $1 AND price < $2 RETURNING lot
)
INSERT INTO peer_bids (lot, amount, paddle) SELECT lot, $2, $3 FROM raised RETURNING id
"""


class Bid(BaseModel):
    """What a bidder posts."""

    amount: int
    paddle: int


class Auction:
    """The database, and what the screens are still to be shown."""

    def __init__(self, screens: Any) -> None:
        self.screens = screens
        self.pool: Any = None
        self._unshown: dict[int, dict[str, int]] = {}

    async def place(self, lot: int, bid: Bid) -> dict[str, bool]:
        """Decide a bid by the lot's row lock; true when it is durable."""
        accepted = await self.pool.fetchval(BID, lot, bid.amount, bid.paddle) is not None
        if accepted:
            known = self._unshown.get(lot)
            if known is None or known["price"] < bid.amount:
                self._unshown[lot] = {"lot": lot, "price": bid.amount, "leader": bid.paddle}
        return {"accepted": accepted}

    async def show_forever(self) -> None:
        """Show each lot's newest price, by way of Redis, so that every node's rooms get it."""
        while True:
            await asyncio.sleep(SHOW_S)
            unshown, self._unshown = self._unshown, {}
            for state in unshown.values():
                await self.screens.emit("price", state, room=ROOM)


def make_app(listener: socket.socket) -> Any:
    """Put the two frameworks together, over the stores that the environment names."""
    manager = socketio.AsyncRedisManager(os.environ["REDIS_URL"])
    screens = socketio.AsyncServer(
        async_mode="asgi", client_manager=manager, http_compression=False, transports=["websocket"]
    )
    auction = Auction(screens)

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        url = os.environ["POSTGRES_URL"]
        auction.pool = await asyncpg.create_pool(url, min_size=CONNECTIONS, max_size=CONNECTIONS)
        await auction.pool.execute(TABLES)
        showing = asyncio.create_task(auction.show_forever())
        print(f"serving on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        yield
        showing.cancel()
        await auction.pool.close()

    app = FastAPI(lifespan=life)

    @app.post("/lots/{lot}/bids")
    async def place(lot: int, bid: Bid) -> dict[str, bool]:
        return await auction.place(lot, bid)

    @screens.event  # type: ignore[untyped-decorator]
    async def connect(sid: str, environ: Any, auth: Any) -> None:
        await screens.enter_room(sid, ROOM)

    return socketio.ASGIApp(screens, app)


def main() -> None:
    """Serve on a free port until interrupted."""
    with socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) as listener:
        config = uvicorn.Config(
            make_app(listener),
            loop="uvloop",
            http="httptools",
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            access_log=False,
            log_level="error",
        )
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
