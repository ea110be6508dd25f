"""The sweep: payments and refunds whose end is not known are looked into until it is.

Owns: which of them were looked into, and when they are again. Invariant: a round asks a processor
that does not answer one question, and what cannot be settled rests longer each time, so that
neither holds up the others; what is asked may always be asked again. Must not know: HTTP.
Source: decision 0021.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

import attrs

from saleroom.auction.state import EventState
from saleroom.payments.cards import Cards
from saleroom.payments.ports import NotDone, ProcessorAway
from saleroom.payments.till import Till
from saleroom.storage.billing_ports import Place

logger = logging.getLogger("saleroom.billing")

UNSETTLED_MS: Final = 60_000
"""Longer than any request waits for the processor."""
LOOKS_AT_ONCE: Final = 50
RESTING_MAX: Final = 5_000
"""Payments that are looked after at one time: each is a row that is read in every round."""
FIRST_REST_MS: Final = 5_000
LONGEST_REST_MS: Final = 15 * 60_000


@attrs.frozen
class _Rest:
    """until_ms: when it is looked into again. length_ms: how long it rested."""

    until_ms: int
    length_ms: int


@attrs.define(eq=False)
class Sweep:
    """`go_round` again and again. state_of: of an event that runs here. back_to: for pages.

    found: how often it was learnt how something stands. unanswered: how often it was not.
    """

    till: Till
    cards: Cards
    state_of: Callable[[str], EventState | None]
    back_to: str
    found: int = attrs.field(init=False, default=0)
    unanswered: int = attrs.field(init=False, default=0)
    _rests: dict[Place, _Rest] = attrs.field(init=False, factory=dict)

    async def go_round(self) -> None:
        """Look once into what is due. Raises StoreError."""
        now_ms = self.till.now_ms()
        at_most = min(RESTING_MAX, LOOKS_AT_ONCE + len(self._rests))
        places = await self.till.store.unsettled(now_ms - UNSETTLED_MS, at_most)
        self._rests = {place: self._rests[place] for place in places if place in self._rests}
        due = [place for place in places if self._is_due(place, now_ms)]
        for place in due[:LOOKS_AT_ONCE]:
            self._let_rest(place, now_ms)
            if not await self._has_answer(place):
                return

    def _is_due(self, place: Place, now_ms: int) -> bool:
        rest = self._rests.get(place)
        return rest is None or rest.until_ms <= now_ms

    def _let_rest(self, place: Place, now_ms: int) -> None:
        rest = self._rests.get(place)
        length_ms = FIRST_REST_MS if rest is None else min(LONGEST_REST_MS, 2 * rest.length_ms)
        self._rests[place] = _Rest(now_ms + length_ms, length_ms)

    async def _has_answer(self, place: Place) -> bool:
        """Look into a payment or a refund; whether the processor could be asked."""
        state = self.state_of(place.event)
        if state is None:
            return True
        holder = state.paddles.get(place.paddle)
        card = await self.cards.stored(place.event, None if holder is None else holder.user)
        try:
            await self.till.resume(place, state.definition.currency, card, self.back_to)
        except ProcessorAway as away:
            self.unanswered += 1
            logger.warning("payment %s: %s", place.payment, away)
            return False
        except NotDone as refused:
            logger.warning("payment %s: %s", place.payment, refused)
        else:
            self.found += 1
        return True
