"""Wish lists in PostgreSQL.

Owns: the tables wishlists, wishlist_items and wishlist_gifts. Invariant: a promise and the sum that
it adds to are one statement, whose lock on the item's row lets one promise at a time look at what
is left: PostgreSQL checks `promised` again on the row that the one before left (read committed).
Must not know: who may see whom. Source: wish_ports.py.
"""

from __future__ import annotations

import asyncpg
import attrs

from saleroom.storage.pg_pool import Connection, PostgresPool, Row
from saleroom.storage.ports import Conflict, NotFound
from saleroom.storage.wish_ports import Gift, WishItem, WishList

_LIST = "id, token, owner, title, currency, created_at_ms, is_open, is_revealed"
_ITEM = "item, title, amount, event_id, lot, promised"
_GIFT = "id, list_id, item, giver, key, amount, name, message, at_ms"

_ADD = f"""
INSERT INTO wishlists ({_LIST})
SELECT $1, $2, $3, $4, $5, $6, $7, $8
WHERE (SELECT count(*) FROM wishlists WHERE owner = $3) < $9 RETURNING id
"""  # noqa: S608 - only the names of columns are put in, here and below

_PUT = """
UPDATE wishlists SET token = $2, title = $3, is_open = $4, is_revealed = $5
WHERE id = $1 RETURNING id
"""

_REMOVE = """
WITH promised AS MATERIALIZED (
    SELECT FROM wishlist_items WHERE list_id = $1 AND promised > 0
), removed AS (
    DELETE FROM wishlists WHERE id = $1 AND NOT EXISTS (SELECT FROM promised) RETURNING id
)
SELECT EXISTS (SELECT FROM removed) AS is_removed, EXISTS (SELECT FROM promised) AS is_promised
"""

_LIST_OF = f"SELECT {_LIST} FROM wishlists WHERE id = $1"  # noqa: S608

_BY_TOKEN = f"SELECT {_LIST} FROM wishlists WHERE token = $1"  # noqa: S608

_LISTS = f"""
SELECT {_LIST} FROM wishlists WHERE owner = $1 AND id COLLATE "C" > $2
ORDER BY id COLLATE "C" LIMIT $3
"""  # noqa: S608

_ADD_ITEM = f"""
INSERT INTO wishlist_items (list_id, item, title, amount, event_id, lot)
SELECT $1, coalesce(max(item), 0) + 1, $2, $3, $4, $5
FROM wishlist_items WHERE list_id = $1 HAVING count(*) < $6
RETURNING {_ITEM}
"""  # noqa: S608

_REMOVE_ITEM = """
WITH removed AS (
    DELETE FROM wishlist_items WHERE list_id = $1 AND item = $2 AND promised = 0 RETURNING item
)
SELECT EXISTS (SELECT FROM removed) AS is_removed,
    EXISTS (SELECT FROM wishlist_items WHERE list_id = $1 AND item = $2) AS was_there
"""

_ITEMS = f"SELECT {_ITEM} FROM wishlist_items WHERE list_id = $1 ORDER BY item"  # noqa: S608

_GIVE = f"""
WITH room AS (
    UPDATE wishlist_items AS i SET promised = i.promised + coalesce($6::bigint, i.amount)
    FROM wishlists AS w
    WHERE w.id = i.list_id AND i.list_id = $2 AND i.item = $3
        AND w.is_open AND w.owner <> $4
        AND i.promised + coalesce($6, i.amount) <= i.amount
    RETURNING coalesce($6, i.amount) AS amount
)
INSERT INTO wishlist_gifts ({_GIFT})
SELECT $1, $2, $3, $4, $5, room.amount, $7, $8, $9 FROM room
RETURNING {_GIFT}
"""  # noqa: S608

_BY_KEY = f"SELECT {_GIFT} FROM wishlist_gifts WHERE giver = $1 AND key = $2"  # noqa: S608

_TAKE_BACK = """
WITH gone AS (
    DELETE FROM wishlist_gifts AS g USING wishlists AS w
    WHERE w.id = g.list_id AND w.is_open AND g.list_id = $1 AND g.id = $2 AND g.giver = $3
    RETURNING g.item, g.amount
)
UPDATE wishlist_items AS i SET promised = promised - gone.amount
FROM gone WHERE i.list_id = $1 AND i.item = gone.item RETURNING i.item
"""

_GIFTS = f"""
SELECT {_GIFT} FROM wishlist_gifts WHERE list_id = $1 ORDER BY at_ms, id COLLATE "C"
"""  # noqa: S608


class PostgresWishLists:
    """`WishLists` in PostgreSQL."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def add(self, row: WishList, most: int) -> bool:
        return await self._pool.write(_add, row, most)

    async def put(self, row: WishList) -> None:
        await self._pool.write(_put, row)

    async def remove(self, id: str) -> None:
        await self._pool.write(_remove, id)

    async def list_of(self, id: str) -> WishList:
        return await self._pool.read(_list_of, id)

    async def by_token(self, token: str) -> WishList:
        return await self._pool.read(_by_token, token)

    async def lists(self, owner: str, after: str, limit: int) -> list[WishList]:
        return await self._pool.read(_lists, owner, after, limit)

    async def add_item(self, list_id: str, item: WishItem, most: int) -> WishItem | None:
        return await self._pool.write(_add_item, list_id, item, most)

    async def remove_item(self, list_id: str, item: int) -> None:
        await self._pool.write(_remove_item, list_id, item)

    async def items(self, list_id: str) -> list[WishItem]:
        return await self._pool.read(_items, list_id)

    async def give(self, gift: Gift, *, is_whole: bool) -> Gift | None:
        return await self._pool.write(_give, gift, is_whole)

    async def take_back(self, list_id: str, gift: str, giver: str) -> None:
        await self._pool.write(_take_back, list_id, gift, giver)

    async def gifts(self, list_id: str) -> list[Gift]:
        return await self._pool.read(_gifts, list_id)


async def _add(connection: Connection, row: WishList, most: int) -> bool:
    values = attrs.astuple(row)
    return await connection.fetchval(_ADD, *values, most) is not None


async def _put(connection: Connection, row: WishList) -> None:
    put = await connection.fetchval(
        _PUT, row.id, row.token, row.title, row.is_open, row.is_revealed
    )
    if put is None:
        raise NotFound(f"no wish list {row.id}")


async def _remove(connection: Connection, id: str) -> None:
    answer: Row = await connection.fetchrow(_REMOVE, id)
    if answer["is_promised"]:
        raise Conflict(f"something on wish list {id} is promised")
    if not answer["is_removed"]:
        raise NotFound(f"no wish list {id}")


async def _list_of(connection: Connection, id: str) -> WishList:
    return _found(await connection.fetchrow(_LIST_OF, id))


async def _by_token(connection: Connection, token: str) -> WishList:
    return _found(await connection.fetchrow(_BY_TOKEN, token))


async def _lists(connection: Connection, owner: str, after: str, limit: int) -> list[WishList]:
    return [WishList(*row) for row in await connection.fetch(_LISTS, owner, after, limit)]


async def _add_item(
    connection: Connection, list_id: str, item: WishItem, most: int
) -> WishItem | None:
    values = list_id, item.title, item.amount, item.event, item.lot, most
    try:
        row: Row | None = await connection.fetchrow(_ADD_ITEM, *values)
    except asyncpg.ForeignKeyViolationError as error:
        raise NotFound(f"no wish list {list_id}") from error
    except asyncpg.UniqueViolationError as error:
        raise Conflict(f"wish list {list_id} took another item at the same moment") from error
    return None if row is None else WishItem(*row)


async def _remove_item(connection: Connection, list_id: str, item: int) -> None:
    answer: Row = await connection.fetchrow(_REMOVE_ITEM, list_id, item)
    if not answer["was_there"]:
        raise NotFound(f"no item {item} on wish list {list_id}")
    if not answer["is_removed"]:
        raise Conflict(f"item {item} of wish list {list_id} is promised")


async def _items(connection: Connection, list_id: str) -> list[WishItem]:
    return [WishItem(*row) for row in await connection.fetch(_ITEMS, list_id)]


async def _give(connection: Connection, gift: Gift, is_whole: bool) -> Gift | None:
    known = await _by_key(connection, gift, is_whole)
    if known is not None:
        return known
    try:
        row: Row | None = await connection.fetchrow(
            _GIVE,
            gift.id,
            gift.list_id,
            gift.item,
            gift.giver,
            gift.key,
            None if is_whole else gift.amount,
            gift.name,
            gift.message,
            gift.at_ms,
        )
    except asyncpg.UniqueViolationError:  # the same promise, sent twice at one moment
        return await _by_key(connection, gift, is_whole)
    return await _by_key(connection, gift, is_whole) if row is None else Gift(*row)


async def _by_key(connection: Connection, gift: Gift, is_whole: bool) -> Gift | None:
    row: Row | None = await connection.fetchrow(_BY_KEY, gift.giver, gift.key)
    if row is None:
        return None
    known = Gift(*row)
    if (known.list_id, known.item) != (gift.list_id, gift.item) or not (
        is_whole or known.amount == gift.amount
    ):
        raise Conflict("the key was of another promise")
    return known


async def _take_back(connection: Connection, list_id: str, gift: str, giver: str) -> None:
    if await connection.fetchval(_TAKE_BACK, list_id, gift, giver) is None:
        raise NotFound(f"no promise {gift} that could be taken back")


async def _gifts(connection: Connection, list_id: str) -> list[Gift]:
    return [Gift(*row) for row in await connection.fetch(_GIFTS, list_id)]


def _found(row: Row | None) -> WishList:
    if row is None:
        raise NotFound("no such wish list")
    return WishList(*row)
