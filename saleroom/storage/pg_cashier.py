"""What billing needs beside folios, in PostgreSQL: terms, cards on file, links, webhooks.

Owns: the tables billing_terms, billed_events, cards, checkout_links and processor_events.
Invariant: every call is one statement. Must not know: what is decided. Source: billing_ports.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from saleroom.billing.terms import BillingTerms
from saleroom.storage.billing_ports import Card, CheckoutLink, KeptTerms
from saleroom.storage.pg_billing import PostgresFolios
from saleroom.storage.pg_pool import Connection, Row
from saleroom.storage.ports import Conflict, Full, NotFound

_TERMS = """
SELECT premium_ppm, tax_ppm, fee_ppm, fee_fixed, version FROM billing_terms WHERE event_id = $1
"""

_PUT_TERMS = """
WITH billed AS MATERIALIZED (
    SELECT FROM documents WHERE event_id = $1 LIMIT 1
), put AS (
    INSERT INTO billing_terms AS t (event_id, premium_ppm, tax_ppm, fee_ppm, fee_fixed, version)
    SELECT $1, $2, $3, $4, $5, 1 WHERE NOT EXISTS (SELECT FROM billed)
        AND ($6::bigint = 0 OR EXISTS (SELECT FROM billing_terms WHERE event_id = $1))
    ON CONFLICT (event_id) DO UPDATE SET premium_ppm = $2, tax_ppm = $3, fee_ppm = $4,
        fee_fixed = $5, version = t.version + 1 WHERE t.version = $6
    RETURNING version
)
SELECT (SELECT version FROM put) AS version, EXISTS (SELECT FROM billed) AS is_billed
"""

_SET_BILLED = """
INSERT INTO billed_events AS b (event_id, position) VALUES ($1, $2)
ON CONFLICT (event_id) DO UPDATE SET position = greatest(b.position, $2)
"""

_CARD = "event_id, user_id, customer, setup, at_ms, method, brand, last4, exp_month, exp_year"

_PUT_CARD = f"""
INSERT INTO cards ({_CARD}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (event_id, user_id) DO UPDATE SET customer = $3, setup = $4, at_ms = $5, method = $6,
    brand = $7, last4 = $8, exp_month = $9, exp_year = $10
"""  # noqa: S608 - only the names of columns are put in, here and below

_CARD_OF = f"SELECT {_CARD} FROM cards WHERE event_id = $1 AND user_id = $2"  # noqa: S608

_BY_SETUP = f"SELECT {_CARD} FROM cards WHERE setup = $1"  # noqa: S608

_REMOVE_CARDS = f"""
WITH gone AS (
    DELETE FROM cards WHERE user_id = $1 AND ($2::text IS NULL OR event_id = $2) RETURNING {_CARD}
)
SELECT * FROM gone ORDER BY event_id COLLATE "C"
"""  # noqa: S608

_PUT_LINK = """
INSERT INTO checkout_links (event_id, paddle, digest, expires_at_ms) VALUES ($1, $2, $3, $4)
ON CONFLICT (event_id, paddle) DO UPDATE SET digest = $3, expires_at_ms = $4
"""

_LINK = "SELECT event_id, paddle, digest, expires_at_ms FROM checkout_links WHERE digest = $1"

_KNOWS = "SELECT EXISTS (SELECT FROM processor_events WHERE id = $1)"

_NOTE = "INSERT INTO processor_events (id, at_ms) VALUES ($1, $2) ON CONFLICT DO NOTHING"

_FORGET = """
DELETE FROM processor_events WHERE id IN (
    SELECT id FROM processor_events WHERE at_ms < $1 LIMIT $2
)
RETURNING 1
"""


class PostgresBilling(PostgresFolios):
    """`Billing` in PostgreSQL."""

    async def terms(self, event: str) -> KeptTerms:
        return await self._pool.read(_terms, event)

    async def put_terms(self, event: str, kept: KeptTerms) -> KeptTerms:
        return await self._pool.write(_put_terms, event, kept)

    async def billed_position(self, event: str) -> int:
        return await self._pool.read(_billed_position, event)

    async def set_billed(self, event: str, position: int) -> None:
        await self._pool.write(_set_billed, event, position)

    async def put_card(self, card: Card) -> None:
        await self._pool.write(_put_card, card)

    async def card(self, event: str, user: str) -> Card:
        return await self._pool.read(_card, event, user)

    async def card_by_setup(self, setup: str) -> Card:
        return await self._pool.read(_card_by_setup, setup)

    async def remove_cards(self, user: str, event: str | None = None) -> Sequence[Card]:
        return await self._pool.write(_remove_cards, user, event)

    async def put_link(self, link: CheckoutLink) -> None:
        await self._pool.write(_put_link, link)

    async def link(self, digest: bytes) -> CheckoutLink:
        return await self._pool.read(_link, digest)

    async def knows_event(self, id: str) -> bool:
        return await self._pool.read(_knows_event, id)

    async def note_event(self, id: str, at_ms: int) -> None:
        await self._pool.write(_note_event, id, at_ms)

    async def forget_events(self, before_ms: int, most: int) -> int:
        return await self._pool.write(_forget_events, before_ms, most)


async def _terms(connection: Connection, event: str) -> KeptTerms:
    row: Row | None = await connection.fetchrow(_TERMS, event)
    if row is None:
        return KeptTerms(BillingTerms())
    *rates, version = row
    return KeptTerms(BillingTerms(*rates), version)


async def _put_terms(connection: Connection, event: str, kept: KeptTerms) -> KeptTerms:
    rates = attrs.astuple(kept.terms)
    row: Row = await connection.fetchrow(_PUT_TERMS, event, *rates, kept.version)
    if row["is_billed"]:
        raise Full(f"event {event} has been billed")
    if row["version"] is None:
        raise Conflict(f"the terms of event {event} have changed")
    return attrs.evolve(kept, version=row["version"])


async def _billed_position(connection: Connection, event: str) -> int:
    statement = "SELECT position FROM billed_events WHERE event_id = $1"
    return await connection.fetchval(statement, event) or 0


async def _set_billed(connection: Connection, event: str, position: int) -> None:
    await connection.execute(_SET_BILLED, event, position)


async def _put_card(connection: Connection, card: Card) -> None:
    await connection.execute(_PUT_CARD, *attrs.astuple(card))


async def _card(connection: Connection, event: str, user: str) -> Card:
    return _found(await connection.fetchrow(_CARD_OF, event, user))


async def _card_by_setup(connection: Connection, setup: str) -> Card:
    return _found(await connection.fetchrow(_BY_SETUP, setup))


async def _remove_cards(connection: Connection, user: str, event: str | None) -> list[Card]:
    return [Card(*row) for row in await connection.fetch(_REMOVE_CARDS, user, event)]


async def _put_link(connection: Connection, link: CheckoutLink) -> None:
    await connection.execute(_PUT_LINK, *attrs.astuple(link))


async def _link(connection: Connection, digest: bytes) -> CheckoutLink:
    row: Row | None = await connection.fetchrow(_LINK, digest)
    if row is None:
        raise NotFound("no such link")
    return CheckoutLink(*row)


async def _knows_event(connection: Connection, id: str) -> bool:
    known: bool = await connection.fetchval(_KNOWS, id)
    return known


async def _note_event(connection: Connection, id: str, at_ms: int) -> None:
    await connection.execute(_NOTE, id, at_ms)


async def _forget_events(connection: Connection, before_ms: int, most: int) -> int:
    return len(await connection.fetch(_FORGET, before_ms, most))


def _found(row: Row | None) -> Card:
    if row is None:
        raise NotFound("no card on file")
    return Card(*row)
