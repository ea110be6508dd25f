"""Stores put together: which adapter stands behind which interface.

Owns: nothing that lasts; it opens and closes in the right order. Invariant: what it gives out is
migrated and answers. Must not know: who uses it. A supervision tree that owns the parts one by one
uses `postgres_stores` over a pool of its own. Source: ARCHITECTURE sections 1 and 4.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from saleroom.storage.bridge import Bridge, open_bridge
from saleroom.storage.memory import MemoryHotStore
from saleroom.storage.migrate import migrate
from saleroom.storage.pg_accounts import PostgresAccounts
from saleroom.storage.pg_audit import PostgresAudit
from saleroom.storage.pg_cashier import PostgresBilling
from saleroom.storage.pg_catalogue import PostgresCatalogue
from saleroom.storage.pg_desk import PostgresDesk
from saleroom.storage.pg_imports import PostgresImports
from saleroom.storage.pg_index import PostgresIndex
from saleroom.storage.pg_join import PostgresJoinCodes
from saleroom.storage.pg_journal import PostgresJournal
from saleroom.storage.pg_media import PostgresMediaLedger
from saleroom.storage.pg_outbox import PostgresOutbox
from saleroom.storage.pg_pool import PostgresPool
from saleroom.storage.pg_privacy import PostgresPrivacy
from saleroom.storage.pg_receipts import PostgresReceiptLog
from saleroom.storage.pg_recipients import PostgresRecipients
from saleroom.storage.pg_sign_ins import PostgresSignIns
from saleroom.storage.pg_snapshots import PostgresSnapshots
from saleroom.storage.pg_watching import PostgresWatching
from saleroom.storage.pg_wishes import PostgresWishLists
from saleroom.storage.ports import HotStore, Stores
from saleroom.storage.redis_hot import RedisHotStore


def postgres_stores(pool: PostgresPool, hot: HotStore) -> Stores:
    """Put the stores over one pool, which need not be open yet."""
    return Stores(
        journal=PostgresJournal(pool),
        snapshots=PostgresSnapshots(pool),
        catalogue=PostgresCatalogue(pool),
        hot=hot,
        audit=PostgresAudit(pool),
        index=PostgresIndex(pool),
        accounts=PostgresAccounts(pool),
        sign_ins=PostgresSignIns(pool),
        desk=PostgresDesk(pool),
        join_codes=PostgresJoinCodes(pool),
        watching=PostgresWatching(pool),
        wish_lists=PostgresWishLists(pool),
        privacy=PostgresPrivacy(pool),
        media=PostgresMediaLedger(pool),
        imports=PostgresImports(pool),
        billing=PostgresBilling(pool),
        outbox=PostgresOutbox(pool),
        recipients=PostgresRecipients(pool),
        receipts=PostgresReceiptLog(pool),
    )


@asynccontextmanager
async def open_pool(bridge: Bridge, dsn: str) -> AsyncIterator[PostgresPool]:
    """Hold an open pool for the length of the block. Raises StoreUnavailable if none answers."""
    pool = PostgresPool(bridge, dsn)
    try:
        await pool.open()
        yield pool
    finally:
        await pool.close()


@asynccontextmanager
async def open_hot(bridge: Bridge, redis_url: str | None) -> AsyncIterator[HotStore]:
    """Hold a hot store for the length of the block: Redis, or without a URL this process.

    Redis need not answer: service goes on without it (I7).
    """
    if redis_url is None:
        yield MemoryHotStore()
        return
    hot = RedisHotStore(bridge, redis_url)
    try:
        yield hot
    finally:
        await hot.close()


@asynccontextmanager
async def open_stores(dsn: str, redis_url: str | None) -> AsyncIterator[Stores]:
    """Hold migrated stores, with a bridge of their own, for the length of the block.

    Raises StoreUnavailable when PostgreSQL does not answer, MigrationError when its history is
    not this release's.
    """
    async with (
        open_bridge() as bridge,
        open_pool(bridge, dsn) as pool,
        open_hot(bridge, redis_url) as hot,
    ):
        await migrate(pool)
        yield postgres_stores(pool, hot)
