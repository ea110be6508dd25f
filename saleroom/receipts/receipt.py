"""A receipt, and a year's statement: what was paid, by whom, to whom, and what of it is a gift.

Owns: their shapes and sums. Invariant: a receipt speaks of one invoice that is settled, and says of
each line what was paid, never more; plain data that crosses a pipe and comes back the same. Must
not know: languages, paper, stores. Source: issue 8 point 4, rule 26.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

import attrs
import cattrs

from saleroom.billing.invoice import DocumentKind, Invoice, LineKind
from saleroom.billing.payment import Method
from saleroom.receipts.settlement import SettledLine

T = TypeVar("T")


@attrs.frozen
class Seller:
    """Who was paid. address: lines of text. contact: as the event gives it."""

    name: str
    address: str | None = None
    tax_number: str | None = None
    contact: str | None = None


@attrs.frozen
class Sale:
    """The event. locale: a tag such as de-CH; time_zone: a name such as Europe/Zurich."""

    id: str
    title: str
    currency: str
    seller: Seller
    locale: str | None = None
    time_zone: str | None = None


@attrs.frozen
class Buyer:
    """Who paid, as far as their name is still kept."""

    paddle: int
    name: str | None


@attrs.frozen
class ReceiptLine:
    """A line of the invoice. paid: of its total; fmv: None where none was stated."""

    kind: LineKind
    lot: int
    title: str
    units: int
    unit_amount: int
    premium: int
    tax: int
    total: int
    paid: int
    fmv: int | None
    deductible: int


@attrs.frozen
class ReceiptPayment:
    """Money that paid for it. amount: for this invoice, what was given back taken off."""

    method: Method
    at_ms: int
    amount: int


@attrs.frozen
class Receipt:
    """A settled invoice. fee_cover: what was added for the processor's fee."""

    sale: Sale
    buyer: Buyer
    invoice: int
    label: str
    invoiced_at_ms: int
    lines: tuple[ReceiptLine, ...]
    payments: tuple[ReceiptPayment, ...]
    fee_cover: int

    @property
    def paid(self) -> int:
        """All that was paid, the cover of the fee included."""
        return sum(payment.amount for payment in self.payments) + self.fee_cover

    @property
    def deductible(self) -> int:
        return sum(line.deductible for line in self.lines)


@attrs.frozen
class StatementEvent:
    """What one paid at an event in a year."""

    sale: Sale
    paddle: int
    paid: int
    fee_cover: int
    deductible: int


@attrs.frozen
class Statement:
    """A person's year. locale, time_zone: how it speaks."""

    year: int
    name: str | None
    locale: str | None
    time_zone: str | None
    events: tuple[StatementEvent, ...]

    def sums(self) -> dict[str, tuple[int, int]]:
        """Give what was paid and what of it is deductible, of each currency."""
        sums: dict[str, tuple[int, int]] = {}
        for event in self.events:
            paid, given = sums.get(event.sale.currency, (0, 0))
            whole = paid + event.paid + event.fee_cover
            sums[event.sale.currency] = whole, given + event.deductible
        return sums


class NotSettled(Exception):
    """Something of the invoice is still owed, or nothing of it stands."""


def receipt_of(
    sale: Sale, buyer: Buyer, invoice: Invoice, settled: Sequence[SettledLine]
) -> Receipt:
    """Give an invoice's receipt. settled: all lines of the paddle. Raises NotSettled."""
    lines = [each for each in settled if each.invoice == invoice.number]
    is_paid = bool(lines) and all(each.is_settled for each in lines)
    if invoice.kind is not DocumentKind.INVOICE or not is_paid:
        raise NotSettled
    return Receipt(
        sale,
        buyer,
        invoice.number,
        invoice.label,
        invoice.at_ms,
        tuple(_line(each) for each in lines),
        _payments(lines),
        sum(cover for _, cover in _covers(settled, invoice.number)),
    )


def statement_event(
    sale: Sale, paddle: int, settled: Sequence[SettledLine], from_ms: int, to_ms: int
) -> StatementEvent | None:
    """Give what a paddle paid between two moments, None for nothing."""
    paid = sum(
        part.amount
        for each in settled
        for part in each.parts
        if from_ms <= part.money.at_ms < to_ms
    )
    covers = _covers(settled, None)
    covered = sum(cover for at_ms, cover in covers if from_ms <= at_ms < to_ms)
    if not paid:
        return None
    given = sum(each.deductible_between(from_ms, to_ms) for each in settled)
    return StatementEvent(sale, paddle, paid, covered, given)


def plain(value: attrs.AttrsInstance) -> dict[str, Any]:
    """Give the form that crosses a pipe."""
    made: dict[str, Any] = _CONVERTER.unstructure(value)
    return made


def from_plain(raw: Mapping[str, Any], cls: type[T]) -> T:
    """Read back what `plain` gave."""
    return _CONVERTER.structure(raw, cls)


_CONVERTER: Final = cattrs.Converter()


def _line(settled: SettledLine) -> ReceiptLine:
    line = settled.line
    return ReceiptLine(
        kind=line.kind,
        lot=line.lot,
        title=line.title,
        units=line.units,
        unit_amount=line.unit_amount,
        premium=line.premium,
        tax=line.tax,
        total=line.total,
        paid=settled.paid,
        fmv=line.fmv,
        deductible=settled.deductible,
    )


def _payments(lines: Sequence[SettledLine]) -> tuple[ReceiptPayment, ...]:
    """Add up the parts of each payment, in the order in which they came."""
    of_payment: dict[str, ReceiptPayment] = {}
    for part in (part for each in lines for part in each.parts):
        money = part.money
        known = of_payment.get(money.payment, ReceiptPayment(money.method, money.at_ms, 0))
        of_payment[money.payment] = attrs.evolve(known, amount=known.amount + part.amount)
    return tuple(of_payment.values())


def _covers(settled: Sequence[SettledLine], invoice: int | None) -> list[tuple[int, int]]:
    """Give (when, fee cover) of each payment, told with the invoice that it paid first."""
    first: dict[str, tuple[int, int, int]] = {}
    for each in settled:
        for part in each.parts:
            money = part.money
            first.setdefault(money.payment, (each.invoice, money.at_ms, money.fee_cover))
    return [
        (at_ms, cover)
        for number, at_ms, cover in first.values()
        if invoice is None or number == invoice
    ]
