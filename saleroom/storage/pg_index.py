"""The index of a catalogue in PostgreSQL: categories, donors, and the search for lots.

Owns: the tables categories and donors. Invariant: a row changes only under the version that its
writer read; a search sees a hidden donor for the house alone. Must not know: what is shown of a
lot. Source: index_ports.py, decision 0009.

The search needs no extension: words are folded before they come here, and what is like a typed word
is looked for among the words of one event.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import asyncpg
import attrs

from saleroom.storage.index_ports import CATEGORIES_MAX, CategoryRow, DonorRow
from saleroom.storage.lot_search import (
    CATEGORY,
    LIKENESS_LEAST,
    likest,
    loose_query,
    strict_query,
    vector,
)
from saleroom.storage.people_search import trigrams
from saleroom.storage.pg_catalogue import donor_values
from saleroom.storage.pg_pool import Connection, PostgresPool, Row
from saleroom.storage.ports import Conflict, Full, NotFound

_CATEGORIES = """
SELECT id, name, version FROM categories WHERE event_id = $1 ORDER BY place NULLS LAST, id
"""

_ADD_CATEGORY = """
INSERT INTO categories (event_id, name, words)
SELECT $1, $2, $3::tsvector
WHERE (SELECT count(*) FROM categories WHERE event_id = $1) < $4
RETURNING id, name, version
"""

_PUT_CATEGORY = """
WITH put AS (
    UPDATE categories SET name = $3, words = $4::tsvector, version = version + 1
    WHERE event_id = $1 AND id = $2 AND version = $5 RETURNING 1
)
SELECT EXISTS (SELECT FROM put) AS is_put,
    EXISTS (SELECT FROM categories WHERE event_id = $1 AND id = $2) AS is_there
"""

_REMOVE_CATEGORY = "DELETE FROM categories WHERE event_id = $1 AND id = $2 RETURNING id"

_ORDER_CATEGORIES = """
WITH wanted AS (
    SELECT w.id, w.place FROM unnest($2::bigint[]) WITH ORDINALITY AS w (id, place)
), same AS MATERIALIZED (
    SELECT array_agg(id ORDER BY id) IS NOT DISTINCT FROM
        (SELECT array_agg(w.id ORDER BY w.id) FROM wanted AS w) AS are_all
    FROM categories WHERE event_id = $1
), put AS (
    UPDATE categories SET place = wanted.place FROM wanted, same
    WHERE same.are_all AND categories.event_id = $1 AND categories.id = wanted.id
)
SELECT are_all FROM same
"""

_DONORS = """
SELECT id, name, is_hidden, contact, email, phone, version FROM donors
WHERE event_id = $1 AND id > $2 ORDER BY id LIMIT $3
"""

_DONORS_OF = """
SELECT id, name, is_hidden, contact, email, phone, version FROM donors
WHERE event_id = $1 AND id = ANY ($2::bigint[])
"""

_ADD_DONOR = """
INSERT INTO donors (event_id, name, is_hidden, contact, email, phone, words)
VALUES ($1, $2, $3, $4, $5, $6, $7::tsvector)
RETURNING id, name, is_hidden, contact, email, phone, version
"""

_PUT_DONOR = """
WITH put AS (
    UPDATE donors SET name = $3, is_hidden = $4, contact = $5, email = $6, phone = $7,
        words = $8::tsvector, version = version + 1
    WHERE event_id = $1 AND id = $2 AND version = $9 RETURNING 1
)
SELECT EXISTS (SELECT FROM put) AS is_put,
    EXISTS (SELECT FROM donors WHERE event_id = $1 AND id = $2) AS is_there
"""

_REMOVE_DONOR = "DELETE FROM donors WHERE event_id = $1 AND id = $2 RETURNING id"

# $1: the event. $2: whether the house asks.
_LOOKED_AT = """
looked_at AS MATERIALIZED (
    SELECT l.lot, l.words || coalesce(c.words, '')
        || CASE WHEN $2 OR NOT d.is_hidden THEN coalesce(d.words, '') ELSE '' END AS words
    FROM lots AS l
    LEFT JOIN categories AS c ON c.event_id = l.event_id AND c.name = l.category
    LEFT JOIN donors AS d ON d.event_id = l.event_id AND d.id = l.donor
    WHERE l.event_id = $1
)
"""

_FIND = f"""
WITH {_LOOKED_AT}
SELECT lot FROM looked_at WHERE words @@ $3::tsquery
ORDER BY ts_rank(words, $3::tsquery) DESC, lot
"""  # noqa: S608 - made of constants

# Words that share so many trigrams with a typed one that they may be like it; which of them are, is
# measured over here. $3: typed words, $4: one trigram of each, $5: how many of them it takes.
_MAYBE_LIKE = f"""
WITH {_LOOKED_AT}, held AS MATERIALIZED (
    SELECT DISTINCT unnest(tsvector_to_array(words)) AS word FROM looked_at
)
SELECT typed.word AS typed, held.word AS held
FROM held JOIN unnest($3::text[], $4::text[], $5::integer[]) AS typed (word, part, least)
    ON position(typed.part IN '  ' || held.word || ' ') > 0
GROUP BY typed.word, held.word HAVING count(*) >= min(typed.least)
"""  # noqa: S608 - made of constants


class PostgresIndex:
    """A `CatalogueIndex` in PostgreSQL."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def categories(self, event: str) -> list[CategoryRow]:
        return await self._pool.read(_categories, event)

    async def add_category(self, event: str, name: str) -> CategoryRow:
        return await self._pool.write(_add_category, event, name)

    async def put_category(self, event: str, row: CategoryRow) -> CategoryRow:
        return await self._pool.write(_put_category, event, row)

    async def remove_category(self, event: str, category: int) -> None:
        await self._pool.write(_remove_category, event, category)

    async def order_categories(self, event: str, categories: Sequence[int]) -> None:
        await self._pool.write(_order_categories, event, categories)

    async def donors(self, event: str, after: int, limit: int) -> list[DonorRow]:
        return await self._pool.read(_donors, event, after, limit)

    async def donors_of(self, event: str, ids: Sequence[int]) -> Mapping[int, DonorRow]:
        return await self._pool.read(_donors_of, event, ids)

    async def add_donor(self, event: str, row: DonorRow) -> DonorRow:
        return await self._pool.write(_add_donor, event, row)

    async def put_donor(self, event: str, row: DonorRow) -> DonorRow:
        return await self._pool.write(_put_donor, event, row)

    async def remove_donor(self, event: str, donor: int) -> None:
        await self._pool.write(_remove_donor, event, donor)

    async def find_lots(self, event: str, words: Sequence[str], *, is_house: bool) -> list[int]:
        return await self._pool.read(_find_lots, event, words, is_house)


async def _categories(connection: Connection, event: str) -> list[CategoryRow]:
    return [CategoryRow(*row) for row in await connection.fetch(_CATEGORIES, event)]


async def _add_category(connection: Connection, event: str, name: str) -> CategoryRow:
    try:
        row: Row | None = await connection.fetchrow(
            _ADD_CATEGORY, event, name, _heading(name), CATEGORIES_MAX
        )
    except asyncpg.UniqueViolationError as error:
        raise Conflict(f"event {event} has the category {name!r}") from error
    except asyncpg.ForeignKeyViolationError as error:
        raise NotFound(f"no event {event}") from error
    if row is None:
        raise Full(f"event {event} has {CATEGORIES_MAX} categories")
    return CategoryRow(*row)


async def _put_category(connection: Connection, event: str, row: CategoryRow) -> CategoryRow:
    heading = _heading(row.name)
    try:
        answer = await connection.fetchrow(
            _PUT_CATEGORY, event, row.id, row.name, heading, row.version
        )
    except asyncpg.UniqueViolationError as error:
        raise Conflict(f"event {event} has the category {row.name!r}") from error
    _require_put(answer, f"category {row.id} of event {event}")
    return attrs.evolve(row, version=row.version + 1)


async def _remove_category(connection: Connection, event: str, category: int) -> None:
    await _remove(connection, _REMOVE_CATEGORY, event, category, "category")


async def _order_categories(connection: Connection, event: str, categories: Sequence[int]) -> None:
    if not await connection.fetchval(_ORDER_CATEGORIES, event, list(categories)):
        raise Conflict(f"event {event} has other categories than those")


async def _donors(connection: Connection, event: str, after: int, limit: int) -> list[DonorRow]:
    return [DonorRow(*row) for row in await connection.fetch(_DONORS, event, after, limit)]


async def _donors_of(
    connection: Connection, event: str, ids: Sequence[int]
) -> Mapping[int, DonorRow]:
    return {row["id"]: DonorRow(*row) for row in await connection.fetch(_DONORS_OF, event, ids)}


async def _add_donor(connection: Connection, event: str, row: DonorRow) -> DonorRow:
    try:
        return DonorRow(*await connection.fetchrow(_ADD_DONOR, event, *donor_values(row)))
    except asyncpg.ForeignKeyViolationError as error:
        raise NotFound(f"no event {event}") from error


async def _put_donor(connection: Connection, event: str, row: DonorRow) -> DonorRow:
    answer = await connection.fetchrow(_PUT_DONOR, event, row.id, *donor_values(row), row.version)
    _require_put(answer, f"donor {row.id} of event {event}")
    return attrs.evolve(row, version=row.version + 1)


async def _remove_donor(connection: Connection, event: str, donor: int) -> None:
    await _remove(connection, _REMOVE_DONOR, event, donor, "donor")


async def _find_lots(
    connection: Connection, event: str, words: Sequence[str], is_house: bool
) -> list[int]:
    if not words:
        return []
    found = await _matching(connection, event, is_house, strict_query(words))
    if found:
        return found
    likes = await _likes(connection, event, is_house, words)
    if not any(likes.values()):
        return []
    return await _matching(connection, event, is_house, loose_query(words, likes))


async def _likes(
    connection: Connection, event: str, is_house: bool, words: Sequence[str]
) -> dict[str, list[str]]:
    """Give for each word those that are most like it."""
    parts = [
        (word, part, math.ceil(LIKENESS_LEAST * len(trigrams(word))))
        for word in words
        for part in trigrams(word)
    ]
    rows = await connection.fetch(
        _MAYBE_LIKE,
        event,
        is_house,
        [word for word, _, _ in parts],
        [part for _, part, _ in parts],
        [least for _, _, least in parts],
    )
    held: dict[str, list[str]] = {word: [] for word in words}
    for row in rows:
        held[row["typed"]].append(row["held"])
    return {word: likest(word, others) for word, others in held.items()}


async def _matching(connection: Connection, event: str, is_house: bool, query: str) -> list[int]:
    return [row["lot"] for row in await connection.fetch(_FIND, event, is_house, query)]


async def _remove(
    connection: Connection, statement: str, event: str, number: int, what: str
) -> None:
    try:
        removed = await connection.fetchval(statement, event, number)
    except asyncpg.ForeignKeyViolationError as error:
        raise Conflict(f"lots name {what} {number}") from error
    if removed is None:
        raise NotFound(f"no {what} {number} in event {event}")


def _require_put(answer: Row, what: str) -> None:
    if answer["is_put"]:
        return
    if not answer["is_there"]:
        raise NotFound(f"no {what}")
    raise Conflict(f"{what} has changed since")


def _heading(name: str) -> str:
    return vector({CATEGORY: name})
