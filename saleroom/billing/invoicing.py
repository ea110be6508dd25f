"""Invoicing: what is billed, taken back and adjusted.

Owns: which documents bring a folio up to what its event says. Invariant: a line stands on one
invoice at a time; billing the same charges again changes nothing; whoever takes something back says
why. Source: rules 18, 20 and 21, decision 0020.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import attrs

from saleroom.billing.folio import Changes, Declined, Folio
from saleroom.billing.invoice import DocumentKind, Invoice, Line, standing_lines
from saleroom.billing.ledger import Account, Posting, PostingKind, transfers

SALE_CHANGED = "the sale was changed"


@attrs.frozen
class Act:
    """Who acts, and when. by: None for the house itself."""

    at_ms: int
    by: str | None = None


def bill(
    folio: Folio, lines: Sequence[Line], currency: str, act: Act, *, is_again: bool
) -> Changes:
    """Bring a folio's documents up to its charges.

    What was billed and is no longer so, as when a runner-up takes a lot over, is credited; what is
    new is billed. Lines that were taken back by hand are billed again only when asked for by
    `is_again`.
    """
    wanted = {line.key: line for line in lines}
    standing = standing_lines(folio.documents)
    stale = {key: number for key, (number, line) in standing.items() if wanted.get(key) != line}
    taken_back = [] if is_again else [line for doc in folio.documents for line in doc.lines]
    due = [
        line
        for key, line in wanted.items()
        if key in stale or (key not in standing and line not in taken_back)
    ]
    notes = _credit_notes(folio, standing, stale, currency, act, SALE_CHANGED)
    if not due:
        return Changes(documents=notes)
    invoice = Invoice(
        folio.event,
        DocumentKind.INVOICE,
        0,
        folio.paddle,
        currency,
        act.at_ms,
        tuple(due),
        act.by,
    )
    return Changes(documents=(*notes, invoice))


def credit(
    folio: Folio, number: int, keys: Collection[str] | None, reason: str, act: Act
) -> Changes | Declined:
    """Take lines of an invoice back by a credit note; with keys None all that stand of it."""
    invoice = folio.invoice(number)
    if invoice is None:
        return Declined("UNKNOWN_INVOICE")
    standing = standing_lines(folio.documents)
    lines = {key: of for key, (of, _) in standing.items() if of == number}
    wanted = lines if keys is None else {key: of for key, of in lines.items() if key in keys}
    if not wanted or (keys is not None and wanted.keys() != set(keys)):
        return Declined("NOTHING_TO_CREDIT")
    return Changes(documents=_credit_notes(folio, standing, wanted, invoice.currency, act, reason))


def adjust(
    folio: Folio, amount: int, reason: str, key: str, act: Act, *, is_credit: bool
) -> Changes | Declined:
    """Forgive a part of what is owed, or ask for more. The same key twice acts once."""
    debit, credit = Account.ADJUSTMENTS, Account.RECEIVABLE
    if not is_credit:
        debit, credit = credit, debit
    made = Posting(
        PostingKind.ADJUSTMENT,
        f"ADJ-{key}",
        act.at_ms,
        transfers((debit, credit, amount)),
        act.by,
        reason,
    )
    for posting in folio.postings:
        if (posting.kind, posting.reference) == (made.kind, made.reference):
            is_same = (posting.transfers, posting.reason) == (made.transfers, reason)
            return Changes() if is_same else Declined("ID_REUSED")
    if is_credit and amount > folio.due:
        return Declined("MORE_THAN_DUE", {"due": folio.due})
    return Changes(postings=(made,))


def _credit_notes(
    folio: Folio,
    standing: Mapping[str, tuple[int, Line]],
    taken: Mapping[str, int],
    currency: str,
    act: Act,
    reason: str,
) -> tuple[Invoice, ...]:
    """Make one credit note for each invoice of which lines are taken back."""
    return tuple(
        Invoice(
            folio.event,
            DocumentKind.CREDIT_NOTE,
            0,
            folio.paddle,
            currency,
            act.at_ms,
            tuple(line for key, (_, line) in standing.items() if taken.get(key) == number),
            act.by,
            reason,
            corrects=number,
        )
        for number in sorted(set(taken.values()))
    )
