"""The biller: an event's state becomes invoices.

Owns: the round over an event's paddles. Invariant: going round again bills nothing twice, whoever
else goes round at the same time; a round that was cut short is finished by the next one. Must not
know: who asks. Source: rule 31, decision 0020.
"""

from __future__ import annotations

from typing import Final

from saleroom.auction.state import EventState
from saleroom.billing.charges import charges
from saleroom.billing.folio import Changes, Declined, Folio
from saleroom.billing.invoice import Invoice, Line
from saleroom.billing.invoicing import Act, bill
from saleroom.payments.till import Till

PAGE: Final = 500


async def bill_event(till: Till, state: EventState, act: Act, *, is_again: bool) -> list[Invoice]:
    """Bring every folio of a closed event up to its state, and give the new documents.

    What the state learns meanwhile is for the next round.
    """
    event, currency, position = state.id, state.definition.currency, state.position
    terms = (await till.store.terms(event)).terms
    owed = charges(state, terms)
    made: list[Invoice] = []
    for paddle in sorted({*owed, *await _billed_paddles(till, event)}):
        made += await _bill(till, event, paddle, owed.get(paddle, []), currency, act, is_again)
    await till.store.set_billed(event, position)
    return made


async def _bill(
    till: Till,
    event: str,
    paddle: int,
    lines: list[Line],
    currency: str,
    act: Act,
    is_again: bool,
) -> list[Invoice]:
    def decide(folio: Folio) -> tuple[None, Changes] | Declined:
        return None, bill(folio, lines, currency, act, is_again=is_again)

    _, documents = await till.change(event, paddle, decide)
    return documents


async def _billed_paddles(till: Till, event: str) -> list[int]:
    found: list[int] = []
    while True:
        page = await till.store.summaries(event, found[-1] if found else 0, PAGE)
        found += [summary.paddle for summary in page]
        if len(page) < PAGE:
            return found
