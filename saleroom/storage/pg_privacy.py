"""Privacy in PostgreSQL.

Owns: no table; it empties columns of several. Invariant: a person is forgotten by one statement,
whole or not at all. Must not know: who asks. Source: privacy_ports.py.
"""

from __future__ import annotations

from saleroom.storage.pg_pool import Connection, PostgresPool, Row
from saleroom.storage.privacy_ports import Forgotten

_UNNAMED = """
name = 'Paddle ' || paddle, name_folded = ' paddle ' || paddle, email = NULL, phone = NULL,
notes = NULL
"""

_FORGET = f"""
WITH held AS (
    UPDATE registrations SET {_UNNAMED} WHERE user_id = $1 RETURNING event_id, paddle
), watched AS (
    DELETE FROM watches WHERE user_id = $1 RETURNING lot
), given AS (
    UPDATE wishlist_gifts SET name = NULL, message = NULL WHERE giver = $1 RETURNING id
), wished AS (
    DELETE FROM wishlists WHERE owner = $1 RETURNING id
), told AS (
    DELETE FROM message_preferences WHERE user_id = $1
), pushed AS (
    DELETE FROM push_devices WHERE user_id = $1
)
SELECT ARRAY(SELECT event_id FROM held ORDER BY event_id COLLATE "C", paddle) AS events,
    ARRAY(SELECT paddle FROM held ORDER BY event_id COLLATE "C", paddle) AS paddles,
    (SELECT count(*) FROM wished) AS wish_lists,
    (SELECT count(*) FROM given) AS gifts,
    (SELECT count(*) FROM watched) AS watches
"""  # noqa: S608 - only columns are put in, here and below

# When an event was last at work is what its last fact says; a closed one decides nothing more.
_DROP_CONTACTS = f"""
UPDATE registrations AS r SET {_UNNAMED}
WHERE (r.event_id, r.paddle) IN (
    SELECT p.event_id, p.paddle
    FROM events AS e JOIN registrations AS p ON p.event_id = e.id
    WHERE e.status = 'closed' AND (
        SELECT (convert_from(j.body, 'UTF8')::jsonb ->> 'at')::bigint FROM journal AS j
        WHERE j.event_id = e.id ORDER BY j.position DESC LIMIT 1
    ) < $1 AND (p.name <> 'Paddle ' || p.paddle
        OR p.email IS NOT NULL OR p.phone IS NOT NULL OR p.notes IS NOT NULL)
    LIMIT $2
)
RETURNING 1
"""  # noqa: S608

_DROP_SIGN_INS = """
DELETE FROM sign_ins WHERE id IN (SELECT id FROM sign_ins WHERE expires_at_ms < $1 LIMIT $2)
RETURNING 1
"""

_DROP_AUDIT = """
DELETE FROM audit WHERE number IN (SELECT number FROM audit WHERE at_ms < $1 LIMIT $2) RETURNING 1
"""


class PostgresPrivacy:
    """`Privacy` in PostgreSQL."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def forget(self, user: str) -> Forgotten:
        return await self._pool.write(_forget, user)

    async def drop_contacts(self, closed_before_ms: int, most: int) -> int:
        return await self._pool.write(_drop, _DROP_CONTACTS, closed_before_ms, most)

    async def drop_sign_ins(self, expired_before_ms: int, most: int) -> int:
        return await self._pool.write(_drop, _DROP_SIGN_INS, expired_before_ms, most)

    async def drop_audit(self, before_ms: int, most: int) -> int:
        return await self._pool.write(_drop, _DROP_AUDIT, before_ms, most)


async def _forget(connection: Connection, user: str) -> Forgotten:
    row: Row = await connection.fetchrow(_FORGET, user)
    paddles = list(zip(row["events"], row["paddles"], strict=True))
    return Forgotten(paddles, row["wish_lists"], row["gifts"], row["watches"])


async def _drop(connection: Connection, statement: str, before_ms: int, most: int) -> int:
    return len(await connection.fetch(statement, before_ms, most))
