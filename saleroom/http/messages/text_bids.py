"""Bids by text: from a phone to a paddle, and to the event's mailbox.

Owns: whose paddle a phone is, at which sale, and the command made of a text. Invariant: a text that
could be another's bid, or another sale's, bids nothing; the same text twice bids once, for its id
is the command's. Must not know: how texts travel, or are signed. Source: issue 8 point 3, rule 28,
decision 0024.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from saleroom.auction import commands as c
from saleroom.auction.money import AMOUNT_MAX
from saleroom.auction.roles import Role
from saleroom.auction.state import BY_TEXT, OPEN, EventState
from saleroom.http.requests.api_asking import ask_event
from saleroom.http.requests.problems import Problem
from saleroom.http.requests.rates import too_many, user_quota
from saleroom.http.services import Services
from saleroom.intake.amounts import AmountRefused, parse_amount
from saleroom.messages import texts
from saleroom.messages.phones import e164
from saleroom.messages.texts import TextBid, Unclear, Word, read_text
from saleroom.messages.words import short
from saleroom.protocol.codec import digest_of
from saleroom.protocol.messages import Ask
from saleroom.storage.message_ports import TAIL_DIGITS, Caller, digits_of


@attrs.frozen
class Text:
    """A text that came in. id: its own. sender, to: numbers. is_answered: by the network."""

    id: str
    sender: str = attrs.field(repr=False)
    to: str = attrs.field(repr=False)
    body: str = attrs.field(repr=False)
    is_answered: bool = False


@attrs.define(eq=False)
class TextDesk:
    """Answer texts."""

    services: Services

    async def answer(self, text: Text) -> str | None:
        """Do what a text asks, and give the words of the answer; None where none is owed."""
        phone = e164(text.sender, self.services.messages.keys.region)
        meant = read_text(text.body)
        if phone is None:
            return texts.UNKNOWN_PHONE
        if isinstance(meant, Word):
            said = await self._keep_word(meant, phone)
            return None if text.is_answered else said
        if isinstance(meant, Unclear):
            return meant.answer
        caller = await self._caller(phone, text.to)
        if isinstance(caller, str):
            return caller
        return await self._bid(text.id, meant, caller)

    async def _keep_word(self, word: Word, phone: str) -> str:
        recipients = self.services.stores.recipients
        if word is Word.STOP:
            await recipients.silence(phone, self.services.clock.now_ms())
            return texts.STOPPED
        if word is Word.START:
            await recipients.unsilence(phone)
            return texts.STARTED
        return texts.HELP_TEXT

    async def _caller(self, phone: str, to: str) -> Caller | str:
        """Find the one paddle that a phone speaks for at the sale of a number; else say why not."""
        recipients, region = self.services.stores.recipients, self.services.messages.keys.region
        found = await recipients.callers(digits_of(phone)[-TAIL_DIGITS:])
        mine = [caller for caller in found if e164(caller.phone, region) == phone]
        at_number = set(await recipients.events_of(e164(to, region) or ""))
        if at_number:
            mine = [caller for caller in mine if caller.event in at_number]
        else:
            mine = [c for c in mine if await recipients.number(c.event) is None]
        if len({caller.event for caller in mine}) > 1:
            mine = self._of_open_sales(mine)
        if not mine:
            return texts.UNKNOWN_PHONE
        if len({caller.event for caller in mine}) > 1:
            titles = " and ".join(sorted({self._title(caller.event) for caller in mine}))
            return texts.WHICH_SALE.format(titles, texts.ON_THE_PAGE)
        return mine[0] if len(mine) == 1 else texts.SHARED_PHONE.format(texts.ON_THE_PAGE)

    def _of_open_sales(self, callers: Sequence[Caller]) -> list[Caller]:
        """Keep those at sales that are open, where there are any: only there can one bid."""
        open_now = [caller for caller in callers if self._is_open(caller.event)]
        return open_now or list(callers)

    def _is_open(self, event: str) -> bool:
        state = self._state(event)
        return state is not None and state.status == OPEN

    def _title(self, event: str) -> str:
        state = self._state(event)
        return event if state is None else short(state.definition.title)

    def _state(self, event: str) -> EventState | None:
        return self.services.registry.state(event)

    async def _bid(self, text_id: str, bid: TextBid, caller: Caller) -> str:
        site, state = self.services.registry.site(caller.event), self._state(caller.event)
        if site is None or state is None:
            return texts.BUSY
        currency = state.definition.currency
        try:
            written = parse_amount(bid.amount, currency)
        except AmountRefused as error:
            return f"The bid {bid.amount} {error}. {texts.HOW}"
        amount = min(written, AMOUNT_MAX + 1)  # what is above the most is refused in its order
        command = c.PlaceBid(bid.lot, amount, caller.paddle)
        ask = Ask(text_id, command, digest_of(command), BY_TEXT)
        by = caller.user or f"sms:{caller.paddle}"
        try:
            await self._spend(by)
            wait_s = self.services.limits.answer_s
            ack = await ask_event(site, ask, by, Role.DONOR, wait_s)
        except Problem as refusal:
            return texts.refused(refusal.code, refusal.extras, refusal.detail, bid, currency)
        return texts.accepted(ack, bid, amount, currency)

    async def _spend(self, user: str) -> None:
        quota = user_quota(self.services.limits.commands, is_staff=False)
        spent = await self.services.rates.spend(quota, user)
        if spent.taken.wait_s:
            raise too_many(spent)
