"""How people are reached, in PostgreSQL.

Owns: the tables message_preferences, push_devices, silenced_phones and event_numbers. Invariant:
each call is one statement. Must not know: what is sent. Source: message_ports.py.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import orjson

from saleroom.storage.message_ports import Caller, Preferences, PushDevice, Recipient
from saleroom.storage.pg_pool import Connection, PostgresPool, Row

_OF_PADDLES = """
SELECT r.paddle, r.user_id, r.name,
    coalesce(r.email, CASE WHEN a.verified_at_ms IS NOT NULL THEN a.email END) AS email,
    coalesce(r.phone, a.phone) AS phone,
    p.choices, p.quiet_from, p.quiet_to, p.zone,
    EXISTS (SELECT FROM push_devices AS d WHERE d.user_id = r.user_id) AS has_devices
FROM registrations AS r
LEFT JOIN accounts AS a ON a.id = r.user_id AND NOT a.is_disabled
LEFT JOIN message_preferences AS p ON p.user_id = r.user_id
WHERE r.event_id = $1 AND r.paddle = ANY($2::integer[]) ORDER BY r.paddle
"""

_PREFERENCES = """
SELECT choices, quiet_from, quiet_to, zone FROM message_preferences WHERE user_id = $1
"""

_SET_PREFERENCES = """
INSERT INTO message_preferences (user_id, choices, quiet_from, quiet_to, zone)
VALUES ($1, $2::jsonb, $3, $4, $5)
ON CONFLICT (user_id) DO UPDATE SET (choices, quiet_from, quiet_to, zone) =
    (excluded.choices, excluded.quiet_from, excluded.quiet_to, excluded.zone)
"""

_ADD_DEVICE = """
WITH old AS (
    DELETE FROM push_devices WHERE endpoint IN (
        SELECT endpoint FROM push_devices WHERE user_id = $2 AND endpoint <> $1
        ORDER BY created_at_ms DESC OFFSET $6::integer - 1
    )
)
INSERT INTO push_devices (endpoint, user_id, public_key, auth, created_at_ms)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (endpoint) DO UPDATE SET (user_id, public_key, auth, created_at_ms) =
    (excluded.user_id, excluded.public_key, excluded.auth, excluded.created_at_ms)
"""

_DEVICES = """
SELECT endpoint, public_key, auth FROM push_devices WHERE user_id = $1
ORDER BY created_at_ms, endpoint
"""

_DROP_DEVICE = """
DELETE FROM push_devices WHERE endpoint = $1 AND ($2::text IS NULL OR user_id = $2)
"""

_SILENCE = """
INSERT INTO silenced_phones (phone, at_ms) VALUES ($1, $2) ON CONFLICT DO NOTHING
"""
_UNSILENCE = "DELETE FROM silenced_phones WHERE phone = $1"
_IS_SILENCED = "SELECT EXISTS (SELECT FROM silenced_phones WHERE phone = $1)"

_CALLERS = """
WITH under_way AS MATERIALIZED (
    SELECT id FROM events WHERE status IN ('published', 'open', 'paused')
)
SELECT r.event_id, r.paddle, r.user_id, r.phone
FROM registrations AS r JOIN under_way AS e ON e.id = r.event_id
WHERE r.phone IS NOT NULL AND right(regexp_replace(r.phone, '[^0-9]', '', 'g'), 7) = $1
UNION ALL
SELECT r.event_id, r.paddle, r.user_id, a.phone
FROM accounts AS a
JOIN registrations AS r ON r.user_id = a.id AND r.phone IS NULL
JOIN under_way AS e ON e.id = r.event_id
WHERE a.phone IS NOT NULL AND NOT a.is_disabled
    AND right(regexp_replace(a.phone, '[^0-9]', '', 'g'), 7) = $1
ORDER BY 1, 2
"""

_SET_NUMBER = """
INSERT INTO event_numbers (event_id, number) VALUES ($1, $2)
ON CONFLICT (event_id) DO UPDATE SET number = excluded.number
"""
_DROP_NUMBER = "DELETE FROM event_numbers WHERE event_id = $1"
_NUMBER = "SELECT number FROM event_numbers WHERE event_id = $1"
_EVENTS_OF = """
SELECT event_id FROM event_numbers WHERE number = $1 ORDER BY event_id COLLATE "C"
"""


class PostgresRecipients:
    """`Recipients` in PostgreSQL."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def of_paddles(self, event: str, paddles: Collection[int]) -> list[Recipient]:
        return await self._pool.read(_of_paddles, event, list(paddles))

    async def preferences(self, user: str) -> Preferences:
        return await self._pool.read(_preferences, user)

    async def set_preferences(self, user: str, preferences: Preferences) -> None:
        await self._pool.write(
            _execute,
            _SET_PREFERENCES,
            user,
            orjson.dumps(dict(preferences.choices)).decode(),
            preferences.quiet_from,
            preferences.quiet_to,
            preferences.zone,
        )

    async def add_device(self, user: str, device: PushDevice, now_ms: int, most: int) -> None:
        key, auth = device.public_key, device.auth
        await self._pool.write(
            _execute, _ADD_DEVICE, device.endpoint, user, key, auth, now_ms, most
        )

    async def devices(self, user: str) -> list[PushDevice]:
        return await self._pool.read(_devices, user)

    async def drop_device(self, endpoint: str, user: str | None = None) -> None:
        await self._pool.write(_execute, _DROP_DEVICE, endpoint, user)

    async def silence(self, phone: str, at_ms: int) -> None:
        await self._pool.write(_execute, _SILENCE, phone, at_ms)

    async def unsilence(self, phone: str) -> None:
        await self._pool.write(_execute, _UNSILENCE, phone)

    async def is_silenced(self, phone: str) -> bool:
        found: bool = await self._pool.read(_value, _IS_SILENCED, phone)
        return found

    async def callers(self, tail: str) -> list[Caller]:
        return await self._pool.read(_callers, tail)

    async def set_number(self, event: str, number: str | None) -> None:
        if number is None:
            await self._pool.write(_execute, _DROP_NUMBER, event)
        else:
            await self._pool.write(_execute, _SET_NUMBER, event, number)

    async def number(self, event: str) -> str | None:
        found: str | None = await self._pool.read(_value, _NUMBER, event)
        return found

    async def events_of(self, number: str) -> list[str]:
        return await self._pool.read(_events_of, number)


async def _execute(connection: Connection, statement: str, *args: Any) -> None:
    await connection.execute(statement, *args)


async def _value(connection: Connection, statement: str, *args: Any) -> Any:
    return await connection.fetchval(statement, *args)


async def _of_paddles(connection: Connection, event: str, paddles: list[int]) -> list[Recipient]:
    return [
        Recipient(
            row["paddle"],
            row["user_id"],
            row["name"],
            row["email"],
            row["phone"],
            _told(row),
            row["has_devices"],
        )
        for row in await connection.fetch(_OF_PADDLES, event, paddles)
    ]


async def _preferences(connection: Connection, user: str) -> Preferences:
    row = await connection.fetchrow(_PREFERENCES, user)
    return Preferences() if row is None else _told(row)


async def _devices(connection: Connection, user: str) -> list[PushDevice]:
    return [PushDevice(*row) for row in await connection.fetch(_DEVICES, user)]


async def _callers(connection: Connection, tail: str) -> list[Caller]:
    return [Caller(*row) for row in await connection.fetch(_CALLERS, tail)]


async def _events_of(connection: Connection, number: str) -> list[str]:
    return [row["event_id"] for row in await connection.fetch(_EVENTS_OF, number)]


def _told(row: Row) -> Preferences:
    if row["choices"] is None:
        return Preferences()
    choices = {kind: tuple(kept) for kind, kept in orjson.loads(row["choices"]).items()}
    return Preferences(choices, row["quiet_from"], row["quiet_to"], row["zone"])
