"""Charges: what an event's state makes each paddle owe.

Owns: how wins, purchases and pledges become lines. Invariant: the same state and terms give the
same lines; a line's key is the seq of the fact that brought it about, so that it is billed once.
Must not know: what was billed before. Source: rules 11, 20, 21, 22 and 26, decision 0020.
"""

from __future__ import annotations

from saleroom.auction.lot import Lot, Win
from saleroom.auction.state import EventState
from saleroom.billing.invoice import Line, LineKind
from saleroom.billing.terms import BillingTerms


def charges(state: EventState, terms: BillingTerms) -> dict[int, list[Line]]:
    """Give each paddle's lines, in running order, of the lots that have ended.

    A match is promised by whoever matches and billed to nobody; so is a win whose winner still
    chooses units only for the units taken so far.
    """
    owed: dict[int, list[Line]] = {}
    for lot in state.lots.values():
        if not lot.has_ended:
            continue
        for win in lot.wins:
            owed.setdefault(win.paddle, []).append(_sold(lot, win, terms))
        if lot.fund is not None:
            for pledge in lot.fund.pledges.values():
                line = Line(
                    f"pledge:{pledge.seq}",
                    LineKind.PLEDGE,
                    lot.number,
                    lot.definition.title,
                    pledge.count,
                    pledge.level,
                    premium=0,
                    tax=0,
                    fmv=0,
                )
                owed.setdefault(pledge.paddle, []).append(line)
    return owed


def _sold(lot: Lot, win: Win, terms: BillingTerms) -> Line:
    """Bill units sold. A sale lot's price is the price: the premium is an auction's alone."""
    is_purchase = lot.mode == "sale"
    amount = win.amount * win.units
    premium = 0 if is_purchase else terms.premium(amount)
    fmv = lot.definition.fmv
    return Line(
        f"sale:{win.seq}",
        LineKind.PURCHASE if is_purchase else LineKind.WIN,
        lot.number,
        lot.definition.title,
        win.units,
        win.amount,
        premium,
        terms.tax(amount + premium),
        None if fmv is None else fmv * win.units,
    )
