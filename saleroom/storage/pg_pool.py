"""Connections to PostgreSQL behind the bridge, and the one border where its errors are told apart.

Owns: the asyncpg pool and the limits of every call. Invariant: a call ends within its limit and
raises only the errors of ports.py, save for our own bugs (a constraint broken, a value that does
not fit, SQL that does not parse), which pass as they are. Must not know: what is stored. Source:
ARCHITECTURE sections 3 (I3, I4, I7) and 5.

Every call is one statement that commits by itself, so the moment it is sent is the moment COMMIT
may have been sent. From then on only an error that the server itself reports for the statement
proves that nothing was written; a connection that ends, a time-out or a fatal error does not.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, TypeVar, TypeVarTuple

import asyncpg
import attrs
import trio

from saleroom.storage.bridge import Bridge, time_limit
from saleroom.storage.ports import OutcomeUnknown, StoreUnavailable

POOL_SIZE = 10  # connections; the embedded server allows 40
CONNECT_LIMIT_S = 3.0  # opening one connection, or waiting for a free one
READ_LIMIT_S = 10.0
WRITE_LIMIT_S = 5.0  # as long as a command waits for its answer (I7)
RELEASE_LIMIT_S = 2.0  # asking the server to drop a statement that was cut short
SERVER_LIMIT_S = 15.0  # the server ends by itself what a vanished client left running

OUR_BUGS = ("22", "23", "42")  # SQLSTATE classes: data, integrity, syntax

Connection: TypeAlias = Any  # asyncpg has no types
Row: TypeAlias = Any

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

FAILURES = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # also raised when the server dies
    OSError,  # TimeoutError is one
)
_SESSION = {
    "application_name": "saleroom",
    "default_transaction_isolation": "read committed",
    "jit": "off",
    "search_path": "public",
    "statement_timeout": str(int(SERVER_LIMIT_S * 1000)),
}

_log = logging.getLogger(__name__)


@attrs.frozen
class PoolStatistics:
    """connections: open ones. idle: those of them that nobody uses."""

    connections: int
    idle: int


class PostgresPool:
    """A bounded pool that replaces dead connections by itself, over a server's restart too.

    Calls before `open` and after `close` raise StoreUnavailable.
    """

    def __init__(self, bridge: Bridge, dsn: str, size: int = POOL_SIZE) -> None:
        self._bridge = bridge
        self._dsn = dsn
        self._size = size
        self._pool: Any = None

    def apart(self) -> PostgresPool:
        """Give a pool of one connection, to prepare the database before this one opens."""
        return PostgresPool(self._bridge, self._dsn, size=1)

    async def open(self) -> None:
        """Make sure that the server answers. Raises StoreUnavailable: try again, it may be late."""
        await self._bridge.run(self._prepare)
        await self.read(_ping)

    async def close(self) -> None:
        """Part from the server; by force after CONNECT_LIMIT_S. Cancellation: shielded."""
        with trio.CancelScope(shield=True):
            await self._bridge.run(self._close)

    def statistics(self) -> PoolStatistics:
        if self._pool is None:
            return PoolStatistics(0, 0)
        return PoolStatistics(self._pool.get_size(), self._pool.get_idle_size())

    async def read(self, fn: Callable[[Connection, *Ts], Awaitable[T]], *args: *Ts) -> T:
        """Run `fn(connection, *args)` over there; it writes nothing. Raises StoreUnavailable."""
        return await self._bridge.run(self._run, False, READ_LIMIT_S, fn, args)

    async def write(
        self,
        fn: Callable[[Connection, *Ts], Awaitable[T]],
        *args: *Ts,
        limit_s: float = WRITE_LIMIT_S,
    ) -> T:
        """Run `fn(connection, *args)` over there; it commits at most once, and last.

        Raises StoreUnavailable when certainly nothing was written, OutcomeUnknown when nobody can
        say. Cancellation: unknown to the caller, too.
        """
        return await self._bridge.run(self._run, True, limit_s, fn, args)

    async def _run(
        self,
        is_write: bool,
        limit_s: float,
        fn: Callable[[Connection, *Ts], Awaitable[T]],
        args: tuple[*Ts],
    ) -> T:
        pool = self._pool
        if pool is None:
            raise StoreUnavailable("the pool of connections to PostgreSQL is not open")
        try:
            async with time_limit(CONNECT_LIMIT_S):
                connection = await pool.acquire()
        except FAILURES as error:
            if isinstance(error, ValueError):
                raise
            raise StoreUnavailable(f"PostgreSQL gives no connection: {error!r}") from error
        try:
            async with time_limit(limit_s):
                return await fn(connection, *args)
        except FAILURES as error:
            if _is_our_bug(error):
                raise
            if is_write and not _is_refused_by_server(error):
                raise OutcomeUnknown(f"PostgreSQL did not confirm: {error!r}") from error
            raise StoreUnavailable(f"PostgreSQL did not do it: {error!r}") from error
        finally:
            await _release(pool, connection)

    async def _prepare(self) -> None:
        """Make the pool; without a minimum of connections this waits for nobody."""
        if self._pool is None:
            self._pool = await asyncpg.create_pool(
                self._dsn,
                min_size=0,
                max_size=self._size,
                max_cached_statement_lifetime=0,
                timeout=CONNECT_LIMIT_S,
                reset=_keep_session,
                server_settings=_SESSION,
            )

    async def _close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is None:
            return
        try:
            async with time_limit(CONNECT_LIMIT_S):
                await pool.close()
        except FAILURES:
            pool.terminate()


async def _ping(connection: Connection) -> None:
    await connection.fetchval("SELECT 1")


async def _keep_session(connection: Connection) -> None:
    """Spare the round trip that would reset a session: no call leaves anything behind in one."""


async def _release(pool: Any, connection: Connection) -> None:
    """Give a connection back; whatever happens to it now, the outcome of the call stands."""
    try:
        await pool.release(connection, timeout=RELEASE_LIMIT_S)
    except FAILURES as error:
        _log.info("a connection to PostgreSQL was dropped: %r", error)


def _is_our_bug(error: BaseException) -> bool:
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "")[:2] in OUR_BUGS
    return isinstance(error, ValueError)


def _is_refused_by_server(error: BaseException) -> bool:
    """Say whether the server itself reported that the statement failed, and goes on."""
    return isinstance(error, asyncpg.PostgresError) and error.severity_en == "ERROR"
