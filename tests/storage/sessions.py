"""A session of PostgreSQL apart from the pool: to hold locks, and to watch who waits for them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import attrs
import trio

from saleroom.storage.bridge import Bridge

WAIT_LIMIT_S = 30.0

_WAITING = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()
"""


@attrs.frozen
class Session:
    bridge: Bridge
    connection: Any

    @classmethod
    @asynccontextmanager
    async def opened(cls, bridge: Bridge, dsn: str) -> AsyncIterator[Session]:
        connection = await bridge.run(asyncpg.connect, dsn)
        try:
            yield cls(bridge, connection)
        finally:
            with trio.CancelScope(shield=True):
                await bridge.run(connection.close)

    async def run(self, sql: str, *args: object) -> list[Any]:
        """Run a statement and give its rows."""
        rows: list[Any] = await self.bridge.run(self.connection.fetch, sql, *args)
        return rows


async def until_waiting(session: Session, count: int) -> list[int]:
    """Wait until `count` other sessions of the database wait for a lock; give their numbers."""
    with trio.fail_after(WAIT_LIMIT_S):
        while True:
            await session.run("SELECT pg_stat_clear_snapshot()")
            rows = await session.run(_WAITING)
            if len(rows) == count:
                return [row["pid"] for row in rows]
            await trio.sleep(0.005)
