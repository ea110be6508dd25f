"""Folios in PostgreSQL: documents, ledger, payments and refunds.

Owns: the tables folios, billing_numbers, documents, postings, transfers, payments and refunds.
Invariant: a change is one transaction that first takes the folio's row at the version it was
decided on, so that of two that come at once one is refused; numbers are taken in the transaction
that uses them. Must not know: what is decided. Source: billing_ports.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import attrs
import orjson

from saleroom.billing.folio import Changes, Folio
from saleroom.billing.invoice import DocumentKind, Invoice, Line, LineKind
from saleroom.billing.ledger import (
    Account,
    Entry,
    Posting,
    PostingKind,
    Transfer,
    document_posting,
)
from saleroom.billing.payment import Method, Payment, PaymentState, Refund, RefundState
from saleroom.storage.billing_ports import FolioSummary, Place
from saleroom.storage.pg_pool import Connection, PostgresPool, Row
from saleroom.storage.ports import Conflict, NotFound

_TAKE = """
INSERT INTO folios AS f (event_id, paddle, version) VALUES ($1, $2, 1)
ON CONFLICT (event_id, paddle) DO UPDATE SET version = f.version + 1 WHERE f.version = $3
RETURNING version
"""

_NUMBERS = """
INSERT INTO billing_numbers AS n (event_id, series, newest) VALUES ($1, $2, $3)
ON CONFLICT (event_id, series) DO UPDATE SET newest = n.newest + $3
RETURNING newest
"""

_DOCUMENT = "kind, number, paddle, currency, at_ms, lines, by_user, reason, corrects"

_ADD_DOCUMENT = f"""
INSERT INTO documents (event_id, {_DOCUMENT})
VALUES ($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8, $9, $10)
"""  # noqa: S608 - only the names of columns are put in, here and below

_ADD_POSTING = """
INSERT INTO postings (event_id, number, paddle, kind, reference, at_ms, by_user, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""

_ADD_TRANSFER = """
INSERT INTO transfers (event_id, number, place, debit, credit, amount)
VALUES ($1, $2, $3, $4, $5, $6)
"""

_PAYMENT = (
    "id, event_id, paddle, method, amount, fee_cover, key, by_user, at_ms, is_held, state, "
    "reference, url, error, note, asked"
)

_PUT_PAYMENT = f"""
INSERT INTO payments ({_PAYMENT})
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
ON CONFLICT (id) DO UPDATE SET amount = $5, fee_cover = $6, state = $11, reference = $12,
    url = $13, error = $14
"""  # noqa: S608

_REFUND = "id, amount, fee_cover, reason, key, by_user, at_ms, state, reference, error"

_PUT_REFUND = f"""
INSERT INTO refunds (payment_id, {_REFUND})
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (id) DO UPDATE SET state = $9, reference = $10, error = $11
"""  # noqa: S608

_VERSION = "SELECT version FROM folios WHERE event_id = $1 AND paddle = $2"

_DOCUMENTS_OF = f"""
SELECT {_DOCUMENT} FROM documents WHERE event_id = $1 AND paddle = $2 ORDER BY place
"""  # noqa: S608

_PAYMENTS_OF = f"""
SELECT {_PAYMENT} FROM payments WHERE event_id = $1 AND paddle = $2
ORDER BY at_ms, id COLLATE "C"
"""  # noqa: S608

_REFUNDS_OF = f"""
SELECT payment_id, {_REFUND} FROM refunds
WHERE payment_id IN (SELECT id FROM payments WHERE event_id = $1 AND paddle = $2)
ORDER BY place
"""  # noqa: S608

_POSTINGS = """
SELECT p.number, p.paddle, p.kind, p.reference, p.at_ms, p.by_user, p.reason,
    ARRAY(SELECT t.debit FROM transfers AS t
        WHERE (t.event_id, t.number) = (p.event_id, p.number) ORDER BY t.place) AS debits,
    ARRAY(SELECT t.credit FROM transfers AS t
        WHERE (t.event_id, t.number) = (p.event_id, p.number) ORDER BY t.place) AS credits,
    ARRAY(SELECT t.amount FROM transfers AS t
        WHERE (t.event_id, t.number) = (p.event_id, p.number) ORDER BY t.place) AS amounts
FROM postings AS p
"""

_POSTINGS_OF = f"{_POSTINGS} WHERE p.event_id = $1 AND p.paddle = $2 ORDER BY p.number"

_LEDGER = f"{_POSTINGS} WHERE p.event_id = $1 AND p.number > $2 ORDER BY p.number LIMIT $3"

_DOCUMENTS = f"""
SELECT {_DOCUMENT} FROM documents WHERE event_id = $1 AND kind = $2 AND number > $3
ORDER BY number LIMIT $4
"""  # noqa: S608

_SUMMARIES = """
SELECT f.paddle, m.billed, m.balance, p.paid, p.under_way
FROM (
    SELECT paddle FROM folios WHERE event_id = $1 AND paddle > $2::bigint ORDER BY paddle LIMIT $3
) AS f
CROSS JOIN LATERAL (
    SELECT
        coalesce(sum(t.amount) FILTER (WHERE o.kind = 'invoice'), 0)::bigint
            - coalesce(sum(t.amount) FILTER (WHERE o.kind = 'credit_note'), 0)::bigint AS billed,
        coalesce(sum(t.amount) FILTER (WHERE t.debit = 'receivable'), 0)::bigint
            - coalesce(sum(t.amount) FILTER (WHERE t.credit = 'receivable'), 0)::bigint AS balance
    FROM postings AS o
    JOIN transfers AS t ON (t.event_id, t.number) = (o.event_id, o.number)
    WHERE o.event_id = $1 AND o.paddle = f.paddle
) AS m
CROSS JOIN LATERAL (
    SELECT
        coalesce(sum(p.amount + p.fee_cover - coalesce(r.amount, 0))
            FILTER (WHERE p.state = 'captured'), 0)::bigint AS paid,
        coalesce(sum(p.amount)
            FILTER (WHERE p.state IN ('pending', 'action', 'authorized')), 0)::bigint AS under_way
    FROM payments AS p
    LEFT JOIN LATERAL (
        SELECT sum(amount) AS amount FROM refunds
        WHERE payment_id = p.id AND state <> 'failed'
    ) AS r ON true
    WHERE p.event_id = $1 AND p.paddle = f.paddle
) AS p
ORDER BY f.paddle
"""

_PLACE = "SELECT event_id, paddle, id FROM payments"

_UNSETTLED = """
SELECT event_id, paddle, payment, refund FROM (
    SELECT event_id, paddle, id AS payment, NULL AS refund, at_ms FROM payments
    WHERE state IN ('pending', 'action', 'authorized') AND at_ms < $1
    UNION ALL
    SELECT p.event_id, p.paddle, p.id, r.id, r.at_ms FROM refunds AS r
    JOIN payments AS p ON p.id = r.payment_id
    WHERE r.state = 'pending' AND r.at_ms < $1
) AS u
ORDER BY at_ms LIMIT $2
"""


class PostgresFolios:
    """The part of `Billing` that has to do with folios."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def folio(self, event: str, paddle: int) -> Folio:
        return await self._pool.read(_folio, event, paddle)

    async def write(self, folio: Folio, changes: Changes) -> list[Invoice]:
        return await self._pool.write(_write, folio, changes)

    async def summaries(self, event: str, after: int, limit: int) -> list[FolioSummary]:
        return await self._pool.read(_summaries, event, after, limit)

    async def documents(
        self, event: str, kind: DocumentKind, after: int, limit: int
    ) -> list[Invoice]:
        return await self._pool.read(_documents, event, kind, after, limit)

    async def document(self, event: str, kind: DocumentKind, number: int) -> Invoice:
        found = await self.documents(event, kind, number - 1, 1)
        if not found or found[0].number != number:
            raise NotFound(f"no {kind.value} {number} of event {event}")
        return found[0]

    async def ledger(self, event: str, after: int, limit: int) -> list[Entry]:
        return await self._pool.read(_ledger, event, after, limit)

    async def place_of(self, payment: str) -> Place:
        return await self._pool.read(_place, f"{_PLACE} WHERE id = $1", payment)

    async def place_by_reference(self, reference: str) -> Place:
        return await self._pool.read(_place, f"{_PLACE} WHERE reference = $1", reference)

    async def unsettled(self, before_ms: int, limit: int) -> list[Place]:
        return await self._pool.read(_unsettled, before_ms, limit)


async def _folio(connection: Connection, event: str, paddle: int) -> Folio:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        version = await connection.fetchval(_VERSION, event, paddle)
        if version is None:
            return Folio(event, paddle)
        documents = await connection.fetch(_DOCUMENTS_OF, event, paddle)
        payments = await connection.fetch(_PAYMENTS_OF, event, paddle)
        refunds = await connection.fetch(_REFUNDS_OF, event, paddle)
        postings = await connection.fetch(_POSTINGS_OF, event, paddle)
    given_back: dict[str, list[Refund]] = {}
    for row in refunds:
        given_back.setdefault(row["payment_id"], []).append(_refund_of(row))
    return Folio(
        event,
        paddle,
        version,
        tuple(_document_of(event, row) for row in documents),
        tuple(_payment_of(row, given_back.get(row["id"], ())) for row in payments),
        tuple(_posting_of(row) for row in postings),
    )


async def _write(connection: Connection, folio: Folio, changes: Changes) -> list[Invoice]:
    event, paddle = folio.event, folio.paddle
    async with connection.transaction():
        if await connection.fetchval(_TAKE, event, paddle, folio.version) is None:
            raise Conflict(f"the folio of paddle {paddle} of event {event} has changed")
        numbered = [await _numbered(connection, document) for document in changes.documents]
        await connection.executemany(_ADD_DOCUMENT, [_document_row(each) for each in numbered])
        await _post(connection, folio, [*map(document_posting, numbered), *changes.postings])
        await connection.executemany(_PUT_PAYMENT, [_payment_row(p) for p in changes.payments])
        await connection.executemany(
            _PUT_REFUND,
            [_refund_row(p.id, refund) for p in changes.payments for refund in p.refunds],
        )
    return numbered


async def _numbered(connection: Connection, document: Invoice) -> Invoice:
    number = await connection.fetchval(_NUMBERS, document.event, document.kind.value, 1)
    return attrs.evolve(document, number=number)


async def _post(connection: Connection, folio: Folio, postings: Sequence[Posting]) -> None:
    if not postings:
        return
    newest: int = await connection.fetchval(_NUMBERS, folio.event, "posting", len(postings))
    placed = list(enumerate(postings, newest - len(postings) + 1))
    await connection.executemany(
        _ADD_POSTING,
        [
            (
                folio.event,
                number,
                folio.paddle,
                posting.kind.value,
                posting.reference,
                posting.at_ms,
                posting.by,
                posting.reason,
            )
            for number, posting in placed
        ],
    )
    await connection.executemany(
        _ADD_TRANSFER,
        [
            (folio.event, number, place, each.debit.value, each.credit.value, each.amount)
            for number, posting in placed
            for place, each in enumerate(posting.transfers, 1)
        ],
    )


async def _summaries(
    connection: Connection, event: str, after: int, limit: int
) -> list[FolioSummary]:
    rows = await connection.fetch(_SUMMARIES, event, after, limit)
    return [
        FolioSummary(row["paddle"], row["billed"], row["paid"], row["balance"], row["under_way"])
        for row in rows
    ]


async def _documents(
    connection: Connection, event: str, kind: DocumentKind, after: int, limit: int
) -> list[Invoice]:
    rows = await connection.fetch(_DOCUMENTS, event, kind.value, after, limit)
    return [_document_of(event, row) for row in rows]


async def _ledger(connection: Connection, event: str, after: int, limit: int) -> list[Entry]:
    rows = await connection.fetch(_LEDGER, event, after, limit)
    return [Entry(row["number"], row["paddle"], _posting_of(row)) for row in rows]


async def _place(connection: Connection, statement: str, name: str) -> Place:
    row: Row | None = await connection.fetchrow(statement, name)
    if row is None:
        raise NotFound("no such payment")
    return Place(*row)


async def _unsettled(connection: Connection, before_ms: int, limit: int) -> list[Place]:
    return [Place(*row) for row in await connection.fetch(_UNSETTLED, before_ms, limit)]


def _document_row(document: Invoice) -> tuple[Any, ...]:
    lines = [{**attrs.asdict(line), "kind": line.kind.value} for line in document.lines]
    return (
        document.event,
        document.kind.value,
        document.number,
        document.paddle,
        document.currency,
        document.at_ms,
        orjson.dumps(lines).decode(),
        document.by,
        document.reason,
        document.corrects,
    )


def _document_of(event: str, row: Row) -> Invoice:
    lines = tuple(
        Line(**{**line, "kind": LineKind(line["kind"])}) for line in orjson.loads(row["lines"])
    )
    return Invoice(
        event,
        DocumentKind(row["kind"]),
        row["number"],
        row["paddle"],
        row["currency"],
        row["at_ms"],
        lines,
        row["by_user"],
        row["reason"],
        row["corrects"],
    )


def _posting_of(row: Row) -> Posting:
    moves = zip(row["debits"], row["credits"], row["amounts"], strict=True)
    return Posting(
        PostingKind(row["kind"]),
        row["reference"],
        row["at_ms"],
        tuple(Transfer(Account(debit), Account(credit), amount) for debit, credit, amount in moves),
        row["by_user"],
        row["reason"],
    )


def _payment_row(payment: Payment) -> tuple[Any, ...]:
    return (
        payment.id,
        payment.event,
        payment.paddle,
        payment.method.value,
        payment.amount,
        payment.fee_cover,
        payment.key,
        payment.by,
        payment.at_ms,
        payment.is_held,
        payment.state.value,
        payment.reference,
        payment.url,
        payment.error,
        payment.note,
        payment.asked,
    )


def _payment_of(row: Row, refunds: Iterable[Refund]) -> Payment:
    id, event, paddle, method, amount, fee_cover, key, by, at_ms, is_held, state, *rest = row
    reference, url, error, note, asked = rest
    return Payment(
        id,
        event,
        paddle,
        Method(method),
        amount,
        fee_cover,
        key,
        by,
        at_ms,
        is_held,
        PaymentState(state),
        reference,
        url,
        error,
        note,
        tuple(refunds),
        asked,
    )


def _refund_row(payment: str, refund: Refund) -> tuple[Any, ...]:
    return (
        payment,
        refund.id,
        refund.amount,
        refund.fee_cover,
        refund.reason,
        refund.key,
        refund.by,
        refund.at_ms,
        refund.state.value,
        refund.reference,
        refund.error,
    )


def _refund_of(row: Row) -> Refund:
    _, id, amount, fee_cover, reason, key, by, at_ms, state, reference, error = row
    return Refund(
        id, amount, fee_cover, reason, key, by, at_ms, RefundState(state), reference, error
    )
