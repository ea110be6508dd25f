"""The keeper of billing: what nobody has to ask for.

Owns: the rounds by which closed events are billed, lots are noted as paid in their event's journal,
and what was lost on the way from the processor is found. Invariant: whatever a round does is safe
to do again, so that a crash, or a store that is away, costs a round and nothing else; no bill waits
for the processor. Must not know: HTTP. Source: rules 18 and 31, decisions 0020 and 0021.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import attrs
import trio

from saleroom.actors.mailbox import MailboxFull
from saleroom.actors.registry import Registry
from saleroom.actors.site import Site
from saleroom.auction import commands as c
from saleroom.auction.roles import Role
from saleroom.auction.state import CLOSED, EventState
from saleroom.billing.charges import charges
from saleroom.billing.invoice import Line, standing_lines
from saleroom.billing.invoicing import Act
from saleroom.config import Settings
from saleroom.payments.biller import bill_event
from saleroom.payments.cards import Cards
from saleroom.payments.ports import Processor
from saleroom.payments.sandbox import SandboxProcessor
from saleroom.payments.sweep import Sweep
from saleroom.payments.till import Till
from saleroom.protocol.messages import Ask
from saleroom.storage.billing_ports import Billing
from saleroom.storage.ports import StoreError
from saleroom.supervisor import Child, Rounds

logger = logging.getLogger("saleroom.billing")

ROUND_S: Final = 5.0
CLOSE_S: Final = 5.0
HOUSE: Final = "house"
"""Who records a payment in an event's journal."""
WEBHOOKS_KEPT_MS: Final = 35 * 24 * 3_600_000
"""Long after a processor has stopped sending a webhook again."""
WEBHOOKS_AT_ONCE: Final = 1_000
FOLIOS_AT_ONCE: Final = 500


@asynccontextmanager
async def open_processor(settings: Settings) -> AsyncIterator[Processor]:
    """Hold Stripe for the length of the block, or without its key the sandbox."""
    if settings.stripe_secret_key is None:
        yield SandboxProcessor()
        return
    # The SDK takes about a second to import, which a server without a key is spared.
    from saleroom.payments.stripe_adapter import StripeKeys, StripeProcessor

    keys = StripeKeys(settings.stripe_secret_key, settings.stripe_webhook_secret)
    processor = StripeProcessor(keys, settings.stripe_api_base)
    try:
        yield processor
    finally:
        with trio.move_on_after(CLOSE_S, shield=True):
            await processor.close()


@attrs.frozen
class BillingStatistics:
    """Counted since the start."""

    rounds: int
    documents: int
    payments_found: int
    lots_paid: int
    failures: int


@attrs.define(eq=False)
class BillingKeeper:
    """`run` as a child of the tree."""

    registry: Registry
    store: Billing
    processor: Processor
    settings: Settings
    till: Till = attrs.field(init=False)
    cards: Cards = attrs.field(init=False)
    sweep: Sweep = attrs.field(init=False)
    _sweeping: Rounds = attrs.field(init=False)
    _billed: dict[str, int] = attrs.field(init=False, factory=dict)
    _owed: dict[str, dict[int, list[Line]]] = attrs.field(init=False, factory=dict)
    _changed: set[tuple[str, int]] = attrs.field(init=False, factory=set)
    _due: trio.Event = attrs.field(init=False, factory=trio.Event)
    _rounds: int = attrs.field(init=False, default=0)
    _documents: int = attrs.field(init=False, default=0)
    _paid: int = attrs.field(init=False, default=0)
    _failures: int = attrs.field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        key = self.settings.stripe_publishable_key
        self.till = Till(self.store, self.processor, self._now_ms, self.note)
        self.cards = Cards(self.store, self.processor, self._now_ms, key)
        settings = self.settings
        # A page that is opened anew cannot send its payer back by the link, which is not kept.
        back_to = settings.public_url or f"http://{settings.host}:{settings.port}"
        self.sweep = Sweep(self.till, self.cards, self.registry.state, back_to)
        self._sweeping = Rounds(
            "payments", self.sweep.go_round, logger, (StoreError,), ROUND_S, ROUND_S
        )

    def note(self, event: str, paddle: int) -> None:
        """Hear that a folio has changed; whether its lots are paid now is looked at soon."""
        self._changed.add((event, paddle))
        self._due.set()

    async def run(self, child: Child) -> None:
        """Go round until asked to stop."""
        child.started()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._go_round_forever)
            nursery.start_soon(self._sweeping.run, child)
            await child.stopping.wait()
            nursery.cancel_scope.cancel()

    async def go_round(self) -> None:
        """Bill and record once. Raises StoreError."""
        for site in self.registry.sites():
            await self._bill(site)
        for event, paddle in sorted(self._changed):
            if await self._record(event, paddle):
                self._changed.discard((event, paddle))
        before_ms = self._now_ms() - WEBHOOKS_KEPT_MS
        await self.store.forget_events(before_ms, WEBHOOKS_AT_ONCE)
        self._rounds += 1

    def statistics(self) -> BillingStatistics:
        """Count what was done."""
        return BillingStatistics(
            self._rounds,
            self._documents,
            self.sweep.found,
            self._paid,
            self._failures + self._sweeping.failures + self.sweep.unanswered,
        )

    async def _go_round_forever(self) -> None:
        while True:
            with trio.move_on_after(ROUND_S):
                await self._due.wait()
            self._due = trio.Event()
            try:
                await self.go_round()
            except StoreError as error:
                self._failures += 1
                logger.warning("a round of billing was cut short: %s", error)
                await trio.sleep(ROUND_S)

    async def _bill(self, site: Site) -> None:
        """Bill a closed event for what its journal has brought since it was billed last."""
        state = _closed_state(site)
        if state is None or state.position == self._billed.get(site.event):
            return
        position = state.position
        if site.event not in self._billed:
            await self._note_all(site.event)
        if position > await self.store.billed_position(site.event):
            await self._bill_anew(state)
        self._billed[site.event] = position

    async def _bill_anew(self, state: EventState) -> None:
        """Bill an event, unless what it charges is as it was: each payment moves its journal on."""
        owed = charges(state, (await self.store.terms(state.id)).terms)
        if owed == self._owed.get(state.id):
            return
        made = await bill_event(self.till, state, Act(self._now_ms()), is_again=False)
        self._documents += len(made)
        self._owed[state.id] = owed

    async def _note_all(self, event: str) -> None:
        """Look at every folio once: a crash may have come between a payment and its record."""
        after = 0
        while page := await self.store.summaries(event, after, FOLIOS_AT_ONCE):
            self._changed.update((event, summary.paddle) for summary in page)
            after = page[-1].paddle

    async def _record(self, event: str, paddle: int) -> bool:
        """Tell an event's journal of a paddle's lots, once it owes nothing; say if that is done."""
        site = self.registry.site(event)
        state = None if site is None else _closed_state(site)
        if site is None or state is None:
            return True
        folio = await self.store.folio(event, paddle)
        if folio.balance > 0:
            return True
        billed = {line.lot for _, line in standing_lines(folio.documents).values()}
        for number in sorted(billed):
            lot = state.lots.get(number)
            wins = [] if lot is None else [win for win in lot.wins if win.paddle == paddle]
            if any(not win.is_paid for win in wins):
                key = f"paid-{number}-{paddle}-{wins[-1].seq}"
                ask = Ask(key, c.RecordPayment(number, paddle), f"{number}:{paddle}")
                try:
                    site.tell(ask, HOUSE, Role.ADMIN, _no_answer)
                except MailboxFull:
                    return False
                self._paid += 1
        return True

    def _now_ms(self) -> int:
        return self.registry.clock.now_ms()


def _closed_state(site: Site) -> EventState | None:
    """Give what is published of an event that has closed."""
    state = None if site.published is None else site.published.state
    return state if state is not None and state.status == CLOSED else None


def _no_answer(answer: bytes) -> None:
    """A refusal says that it is recorded already, or that nothing was sold: both end it."""
